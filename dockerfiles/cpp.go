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

// wheelMark begins the lines of a CMakeLists.txt with packages of PyPI that the
// installer fetches to wheelFolder.
const (
	wheelMark   = "# headers from PyPI: "
	wheelFolder = ".headers"
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

// CMake returns the CMakeLists.txt of a C++ function: the program handler, of all
// sources in the folder. What shims link is in the data of the language, as
// packages; dependencies are the function's own. One that is not known matches
// driver.ErrUnsupported. Sources that others include, by their paths in the
// folder, are not compiled by themselves.
func CMake(shims, dependencies, included []string) ([]byte, error) {
	known, err := CPPDependencies()
	if err != nil {
		return nil, err
	}
	var find, link, packages, wheels, includes []string
	for _, name := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(shims, dependencies)))) {
		d, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("dependency %s of C++: %w: the known ones are %s", name, driver.ErrUnsupported,
				strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
		find = append(find, d.Find...)
		link = append(link, d.Link...)
		packages = append(packages, d.Packages...)
		if d.Wheel != "" {
			wheels = append(wheels, d.Wheel)
			includes = append(includes, "${CMAKE_SOURCE_DIR}/"+wheelFolder+"/"+d.Include)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n", packagesMark, strings.Join(slices.Compact(slices.Sorted(slices.Values(packages))), " "))
	for _, wheel := range wheels {
		fmt.Fprintf(&b, "%s%s\n", wheelMark, wheel)
	}
	b.WriteString(`cmake_minimum_required(VERSION 3.18)
project(function LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_BUILD_WITH_INSTALL_RPATH ON)
set(CMAKE_INSTALL_RPATH "$ORIGIN/lib")
file(GLOB_RECURSE sources RELATIVE ${CMAKE_SOURCE_DIR} CONFIGURE_DEPENDS *.cpp *.cc)
list(FILTER sources EXCLUDE REGEX "^(build|[.]headers)/")
`)
	for _, name := range included {
		fmt.Fprintf(&b, "list(REMOVE_ITEM sources %q)\n", name)
	}
	b.WriteString(`find_package(PkgConfig)
find_package(Threads REQUIRED)
`)
	for _, command := range find {
		fmt.Fprintln(&b, command)
	}
	// Of the two kinds of search paths for libraries, the older one holds also
	// for what libraries need.
	b.WriteString(`add_executable(handler ${sources})
target_include_directories(handler PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/sebs/include)
target_compile_options(handler PRIVATE -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
target_link_options(handler PRIVATE -s -Wl,--build-id=none -Wl,--as-needed -Wl,--disable-new-dtags)
`)
	if len(includes) > 0 {
		fmt.Fprintf(&b, "target_include_directories(handler SYSTEM PRIVATE %s)\n", strings.Join(includes, " "))
	}
	if len(dependencies) == 0 {
		// A third of the time to start is that of loading the C++ library.
		b.WriteString("target_link_options(handler PRIVATE -static-libstdc++ -static-libgcc)\n")
	}
	fmt.Fprintf(&b, "target_link_libraries(handler PRIVATE Threads::Threads%s)\n", strings.Join(append([]string{""}, link...), " "))
	return []byte(b.String()), nil
}
