package environment

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sebs-go/sebs/harness/driver"
)

var update = flag.Bool("update", false, "write golden files")

// planted are variables of a user's shell: those that some child is meant to
// get, and the kinds that change results or are secrets.
var planted = []string{
	// who the user is, and where
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "PWD", "SHELL", "TERM", "TZ", "DISPLAY", "EDITOR",
	"LANG", "LANGUAGE", "LC_ALL", "LC_NUMERIC", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR",
	// which version runs
	"PYENV_ROOT", "PYENV_VERSION", "NODENV_VERSION", "NVM_DIR", "VOLTA_HOME", "ASDF_DATA_DIR", "JENV_VERSION", "SDKMAN_DIR", "JAVA_HOME",
	// how registries are reached
	"HTTP_PROXY", "https_proxy", "NO_PROXY", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "GIT_SSL_CAINFO",
	"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "PIP_CONSTRAINT", "NETRC",
	"npm_config_registry", "NPM_CONFIG_REGISTRY", "npm_config_//registry.example/:_authToken", "npm_config_@team:registry", "npm_config_cafile", "NPM_TOKEN",
	"GOPROXY", "GONOSUMDB", "GOAUTH", "GOENV", "GOMODCACHE", "MAVEN_OPTS", "SSH_AUTH_SOCK", "CMAKE_PREFIX_PATH", "PKG_CONFIG_PATH",
	// what changes how programs run
	"PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PYTHONSTARTUP", "PYTHONWARNINGS", "PYTHONHASHSEED", "PYTHONMALLOC", "PYTHONUSERBASE", "PYTHONDEVMODE", "PYTHONPYCACHEPREFIX", "PYTHONUNBUFFERED",
	"NODE_OPTIONS", "NODE_PATH", "NODE_ENV", "UV_THREADPOOL_SIZE",
	"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "JDK_JAVAC_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH",
	"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "GLIBC_TUNABLES", "MALLOC_ARENA_MAX", "OMP_NUM_THREADS",
	"GOFLAGS", "GOROOT", "GOTOOLCHAIN", "GODEBUG", "GOEXPERIMENT", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOOS", "CGO_ENABLED",
	"CC", "CXX", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS", "CPATH", "LIBRARY_PATH", "CMAKE_TOOLCHAIN_FILE", "MAKEFLAGS",
	"BASH_ENV", "ENV", "CDPATH", "GLOBIGNORE", "IFS", "SHELLOPTS", "BASH_FUNC_cd%%", "PERL5OPT", "RUBYOPT",
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_EXTERNAL_DIFF",
	// what changes what package managers do
	"PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_NO_DEPS", "PIP_DRY_RUN", "PIP_PRE", "PIP_REPORT", "PIP_LOG", "PIP_REQUIRE_HASHES", "PIP_UPGRADE", "PIP_NO_BINARY", "PIP_DISABLE_PIP_VERSION_CHECK",
	"npm_config_prefix", "npm_config_global", "npm_config_omit", "npm_config_dry_run", "npm_config_ignore_scripts", "NPM_CONFIG_INCLUDE", "npm_config_loglevel", "INIT_CWD",
	// secrets of clouds, and of this suite's own
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONFIG_FILE",
	"AZURE_CLIENT_SECRET", "AZURE_STORAGE_CONNECTION_STRING", "ARM_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN",
	"GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN", "GIT_ASKPASS", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "KUBECONFIG",
	"OPENAI_API_KEY", "DATABASE_URL", "PGPASSWORD", "TWINE_PASSWORD", "SEBS_CACHE", "SEBS_REGISTRY", "SEBS_RESULTS",
}

// TestPasses pins, for each kind of child, exactly what passes and what it has
// on every machine.
func TestPasses(t *testing.T) {
	var environ []string
	for _, name := range planted {
		environ = append(environ, name+"=planted")
	}
	var table strings.Builder
	for _, c := range Children() {
		fmt.Fprintf(&table, "%s\n", c.Name)
		for _, entry := range c.variables(environ, nil) {
			name, value, _ := strings.Cut(entry, "=")
			if value == "planted" {
				fmt.Fprintf(&table, "\tpasses %s\n", name)
			} else {
				fmt.Fprintf(&table, "\tset    %s\n", entry)
			}
		}
	}
	golden := filepath.Join("testdata", "children.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(table.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), table.String())
}

// TestNothingElsePasses checks the kinds of variables that no child may have,
// whatever the lists say.
func TestNothingElsePasses(t *testing.T) {
	for _, c := range Children() {
		for _, name := range []string{
			"PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "NODE_OPTIONS", "JAVA_TOOL_OPTIONS", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES",
			"GOFLAGS", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "npm_config_prefix", "NPM_CONFIG_PREFIX", "BASH_ENV", "GIT_DIR",
			"AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "GOOGLE_APPLICATION_CREDENTIALS", "GITHUB_TOKEN", "SEBS_CACHE",
			"A_VARIABLE_THAT_NOBODY_KNOWS",
		} {
			require.NotContains(t, c.variables([]string{name + "=planted"}, nil), name+"=planted", c.Name)
		}
	}
}

func TestVariables(t *testing.T) {
	c := Child{passes: []string{"PATH", "npm_config_@*"}, sets: []string{"LANG=C.UTF-8"}}
	tests := []struct {
		name         string
		environ, own []string
		want         []string
	}{
		{"nothing", nil, nil, []string{"LANG=C.UTF-8"}},
		{"what passes", []string{"PATH=/bin", "PATHS=/x", "npm_config_@a:registry=r", "npm_config_a=b"}, nil, []string{"PATH=/bin", "npm_config_@a:registry=r", "LANG=C.UTF-8"}},
		{"an own value is the last", []string{"PATH=/bin"}, []string{"PATH=/opt", "LANG=C"}, []string{"PATH=/opt", "LANG=C"}},
		{"a value with a sign", []string{"PATH=a=b"}, nil, []string{"PATH=a=b", "LANG=C.UTF-8"}},
		{"a set value cannot be passed over", []string{"LANG=de_DE"}, nil, []string{"LANG=C.UTF-8"}},
		{"no variable", []string{"PATH", "=x"}, nil, []string{"LANG=C.UTF-8"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, c.variables(tt.environ, tt.own)) })
	}
	t.Setenv("PATH", "/a/b")
	require.Contains(t, Query.Variables(), "PATH=/a/b")
}

func TestWithheld(t *testing.T) {
	tests := []struct {
		environ []string
		want    []string
	}{
		{[]string{"PATH=/bin", "HOME=/root", "EDITOR=vi", "AWS_SECRET_ACCESS_KEY=x"}, nil},
		{[]string{"PIP_INDEX_URL=https://a", "PIP_CERT=/c", "npm_config_registry=r", "PYTHONUNBUFFERED=1"}, nil},
		{[]string{"PYTHONOPTIMIZE=1", "LD_PRELOAD=/x.so", "NODE_OPTIONS=-r x", "PIP_TARGET=/x"}, []string{"LD_PRELOAD", "NODE_OPTIONS", "PIP_TARGET", "PYTHONOPTIMIZE"}},
		{[]string{"PYTHONOPTIMIZE=", "GOFLAGS=-mod=mod", "GOFLAGS=-race"}, []string{"GOFLAGS"}},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, withheld(tt.environ))
	}
}

// TestListsAreTidy keeps the lists from naming a variable twice for a kind.
func TestListsAreTidy(t *testing.T) {
	for _, c := range Children() {
		sorted := slices.Sorted(slices.Values(c.passes))
		require.Equal(t, sorted, slices.Compact(slices.Clone(sorted)), c.Name)
	}
}

func TestSecrets(t *testing.T) {
	settings := []driver.Setting{{Name: "SEBS_FAR_KEY", Secret: true}, {Name: "SEBS_FAR_ADDRESS"}}
	tests := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"none", []string{"PATH=/bin", "HTTPS_PROXY=http://proxy.example:3128", "PIP_INDEX_URL=https://index.example/simple/@team"}, nil},
		{"of a proxy", []string{"HTTPS_PROXY=http://me:hunter22@proxy.example:3128"}, []string{"bWU6aHVudGVyMjI=", "hunter22"}},
		{"encoded", []string{"PIP_INDEX_URL=https://me:p%40ssword@index.example"}, []string{"bWU6cEBzc3dvcmQ=", "p%40ssword", "p@ssword"}},
		{"a token alone", []string{"PIP_EXTRA_INDEX_URL=https://a.example https://ghp_abcdef@b.example"}, []string{"Z2hwX2FiY2RlZjo=", "ghp_abcdef"}},
		{"tokens", []string{"NPM_TOKEN=npm_abcdef", "npm_config_//r.example/:_authToken=npm_xyz123"}, []string{"npm_xyz123", "npm_abcdef"}},
		{"what reaches no child", []string{"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI", "DATABASE_URL=pg://a:longpassword@b"}, nil},
		{"a secret setting", []string{"SEBS_FAR_KEY=abcdefgh", "SEBS_FAR_ADDRESS=https://me:hunter22@far.example"}, []string{"abcdefgh", "bWU6aHVudGVyMjI=", "hunter22"}},
		{"short", []string{"HTTP_PROXY=http://a:b@c"}, []string{"YTpi"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := slices.DeleteFunc(tt.want, func(s string) bool { return len(s) < leastSecret })
			require.ElementsMatch(t, want, secrets(tt.environ, settings))
		})
	}
}
