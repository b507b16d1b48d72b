package dockerfiles

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sebs-go/sebs/harness/driver"
)

// CPPDependency is a library of C++ functions, as config.json names it among
// cpp_dependencies.
type CPPDependency struct {
	Find     []string `json:"find,omitempty"` // commands of CMake that find it
	Link     []string `json:"link,omitempty"` // what to link then
	Packages []string `json:"packages"`       // Debian's, which a builder needs for it

	// Wheel is the requirement of pip for a package of PyPI with the library's
	// headers, with its hash, and Include the folder of the headers in it.
	Wheel   string `json:"wheel,omitempty"`
	Include string `json:"include,omitempty"`
}

//go:embed cpp_dependencies.json
var cppDependencies []byte

// CPPDependencies returns the known libraries by name. The names sdk and runtime
// (of AWS's) are known so that folders written for SeBS build, and have nothing
// in them: their store is reached through the module, and calls come through our
// wrapper. The result is shared and must not be changed. Safe
// for concurrent use.
var CPPDependencies = sync.OnceValues(func() (map[string]CPPDependency, error) {
	d := json.NewDecoder(bytes.NewReader(cppDependencies))
	d.DisallowUnknownFields()
	var all map[string]CPPDependency
	if err := d.Decode(&all); err != nil {
		return nil, fmt.Errorf("dockerfiles/cpp_dependencies.json: %w", err)
	}
	return all, nil
})

// packagesMark begins the line of a CMakeLists.txt with the packages that a
// builder needs.
const packagesMark = "# Debian packages: "

// wheelMark begins the lines of a CMakeLists.txt with packages of PyPI. The
// installer unpacks them to the folder headers of madeFolder, and puts the
// library of the shims beside it.
const (
	wheelMark  = "# headers from PyPI: "
	madeFolder = "${CMAKE_SOURCE_DIR}/.sebs"
)

// CMakePackages returns Debian's packages that a builder needs for a
// CMakeLists.txt of CMake's.
func CMakePackages(text []byte) []string {
	line, _, _ := strings.Cut(string(text), "\n")
	names, _ := strings.CutPrefix(line, packagesMark)
	if names == line {
		return nil
	}
	return strings.Fields(names)
}

// libraries are what a target of CMake's depends on.
type libraries struct {
	find, link, packages, wheels, includes []string
}

// lookUp returns the libraries called names, each once.
func lookUp(names []string) (libraries, error) {
	known, err := CPPDependencies()
	if err != nil {
		return libraries{}, err
	}
	var all libraries
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		d, ok := known[name]
		if !ok {
			return libraries{}, fmt.Errorf("dependency %s of C++: %w: the known ones are %s", name, driver.ErrUnsupported,
				strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		all.find = append(all.find, d.Find...)
		all.link = append(all.link, d.Link...)
		all.packages = append(all.packages, d.Packages...)
		if d.Wheel != "" {
			all.wheels = append(all.wheels, d.Wheel)
			all.includes = append(all.includes, d.Include)
		}
	}
	all.packages = slices.Compact(slices.Sorted(slices.Values(all.packages)))
	return all, nil
}

// begin writes the beginning of a CMakeLists.txt, up to where libraries are
// known.
func (l libraries) begin(b *strings.Builder, project string) {
	fmt.Fprintf(b, "%s%s\n", packagesMark, strings.Join(l.packages, " "))
	for _, wheel := range l.wheels {
		fmt.Fprintf(b, "%s%s\n", wheelMark, wheel)
	}
	fmt.Fprintf(b, `cmake_minimum_required(VERSION 3.18)
project(%s LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
find_package(PkgConfig)
find_package(Threads REQUIRED)
`, project)
	for _, command := range l.find {
		fmt.Fprintln(b, command)
	}
}

// headers adds the packages of PyPI to a target; made is madeFolder as the
// target's CMakeLists.txt has it.
func (l libraries) headers(b *strings.Builder, target, made string) {
	for _, folder := range l.includes {
		fmt.Fprintf(b, "target_include_directories(%s SYSTEM PRIVATE %s/headers/%s)\n", target, made, folder)
	}
}

// CMake returns the CMakeLists.txt of a C++ function: the program handler, of all
// sources in the folder and the library of the shims. What shims link is in the
// data of the language, as packages; dependencies are the function's own. One
// that is not known matches driver.ErrUnsupported. Sources that others include,
// by their paths in the folder, are not compiled by themselves.
func CMake(shims, dependencies, included []string) ([]byte, error) {
	all, err := lookUp(slices.Concat(shims, dependencies))
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	all.begin(&b, "function")
	b.WriteString(`set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/lib")
file(GLOB_RECURSE sources RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS *.cpp *.cc)
list(FILTER sources EXCLUDE REGEX "^(build|sebs|[.]sebs)/")
`)
	for _, name := range included {
		fmt.Fprintf(&b, "list(REMOVE_ITEM sources %q)\n", name)
	}
	// Of the two kinds of search paths for libraries, the older one holds also
	// for what libraries need.
	b.WriteString(`add_executable(handler ${sources})
target_include_directories(handler PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/sebs/include)
target_compile_options(handler PRIVATE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(handler PRIVATE -s -Wl,--build-id=none -Wl,--as-needed -Wl,--disable-new-dtags)
`)
	all.headers(&b, "handler", madeFolder)
	if len(dependencies) == 0 {
		// A third of the time to start is that of loading the C++ library.
		b.WriteString("target_link_options(handler PRIVATE -static-libstdc++ -static-libgcc)\n")
	}
	link := append([]string{madeFolder + "/libsebs.a", "Threads::Threads"}, all.link...)
	fmt.Fprintf(&b, "target_link_libraries(handler PRIVATE %s)\n", strings.Join(link, " "))
	return []byte(b.String()), nil
}

// CMakeShims returns the CMakeLists.txt of the folder sebs of a C++ function:
// the library of the shims, which is the same for all functions that have the
// same shims. It depends on nothing of the function, so the installer keeps it.
// The variable MADE is the folder with the headers.
func CMakeShims(shims []string) ([]byte, error) {
	all, err := lookUp(shims)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	all.begin(&b, "sebs")
	b.WriteString(`file(GLOB sources *.cpp)
add_library(sebs STATIC ${sources})
target_include_directories(sebs PRIVATE ${CMAKE_SOURCE_DIR}/.. ${CMAKE_SOURCE_DIR}/include)
target_compile_options(sebs PRIVATE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=sebs -ffile-prefix-map=${MADE}=.sebs)
`)
	all.headers(&b, "sebs", "${MADE}")
	fmt.Fprintf(&b, "target_link_libraries(sebs PRIVATE %s)\n", strings.Join(append([]string{"Threads::Threads"}, all.link...), " "))
	return []byte(b.String()), nil
}
