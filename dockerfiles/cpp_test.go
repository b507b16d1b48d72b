package dockerfiles_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/dockerfiles"
	"github.com/sebs-go/sebs/harness/driver"
)

func TestCPPDependencies(t *testing.T) {
	all, err := dockerfiles.CPPDependencies()
	require.NoError(t, err)
	for name, d := range all {
		require.Equal(t, len(d.Link) == 0, len(d.Find) == 0, "%s: what is linked must be found", name)
		require.Equal(t, d.Wheel == "", d.Include == "", "%s: a wheel has a folder of headers", name)
		if d.Wheel != "" {
			require.Regexp(t, `^[a-z0-9-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}$`, d.Wheel, "%s: exactly one file", name)
		}
		require.Equal(t, len(d.Link) == 0, len(d.Packages) == 0, "%s: what is linked is in a package", name)
		for _, p := range d.Packages {
			require.Regexp(t, regexp.MustCompile(`^[a-z0-9][a-z0-9.+-]+$`), p)
		}
	}
	// Every package that shims ask for is one.
	data, err := dockerfiles.Data()
	require.NoError(t, err)
	for platform, languages := range data {
		_, err := dockerfiles.CMake(languages["cpp"].For([]driver.Module{driver.Storage, driver.NoSQL}).Packages, nil, nil)
		require.NoError(t, err, platform)
	}
}

func TestCMake(t *testing.T) {
	plain, err := dockerfiles.CMake([]string{"nlohmann-json"}, nil, nil)
	require.NoError(t, err)
	require.Contains(t, string(plain), "\n# headers from PyPI: nlohmann-json==")
	require.Contains(t, string(plain), "(handler SYSTEM PRIVATE ${CMAKE_SOURCE_DIR}/.sebs/headers/nlohmann_json/include)\n")
	require.Contains(t, string(plain), "target_link_libraries(handler PRIVATE ${CMAKE_SOURCE_DIR}/.sebs/libsebs.a Threads::Threads)\n")
	require.Empty(t, dockerfiles.CMakePackages(plain), "a plain function needs no package of the system")
	require.Contains(t, string(plain), "-static-libstdc++", "nothing else has a C++ library of its own")

	vision, err := dockerfiles.CMake([]string{"nlohmann-json", "curl"}, []string{"opencv", "curl", "sdk"}, []string{"impl/a.cpp"})
	require.NoError(t, err)
	require.Contains(t, string(vision), "list(REMOVE_ITEM sources \"impl/a.cpp\")\n")
	require.Equal(t, 1, strings.Count(string(vision), "find_package(CURL REQUIRED)\n"), "a library is found once")
	require.Contains(t, string(vision), " CURL::libcurl opencv_core opencv_dnn opencv_imgproc opencv_imgcodecs)\n")
	require.NotContains(t, string(vision), "-static-libstdc++", "two C++ libraries in a process do not share exceptions")

	_, err = dockerfiles.CMake(nil, []string{"cobol"}, nil)
	require.ErrorIs(t, err, driver.ErrUnsupported)
	require.ErrorContains(t, err, "cobol")
	require.ErrorContains(t, err, "boost, ctemplate")

	// The library of the shims is the same whatever the function depends on, so
	// that it is compiled once for all.
	shims, err := dockerfiles.CMakeShims([]string{"nlohmann-json", "curl"})
	require.NoError(t, err)
	require.Contains(t, string(shims), "(sebs SYSTEM PRIVATE ${MADE}/headers/nlohmann_json/include)\n")
	require.Contains(t, string(shims), "target_link_libraries(sebs PRIVATE Threads::Threads CURL::libcurl)\n")
	require.Equal(t, []string{"libcurl4-openssl-dev"}, dockerfiles.CMakePackages(shims))
}
