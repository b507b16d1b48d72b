#!/bin/bash
# Builds a C++ function in its folder: one program, handler, which does not
# depend on where the folder is.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# CXX                   the compiler (default: g++)
# CMAKE                 CMake (default: cmake)
# PLATFORM              on any other than PROCESS, shared libraries that the
#                       program needs go to the folder lib: where it runs there
#                       is none but the C library's
# VERSION, TARGET_ARCHITECTURE    for package.sh
#
# CMakeLists.txt names the dependencies; package.sh, where there is one, trims
# what was built, and is removed, and so are the sources.
set -euo pipefail
cd "${FUNCTION_DIR:-/mnt/function}"
cxx="${CXX:-g++}"
cmake="${CMAKE:-cmake}"
for tool in "$cxx" "$cmake"; do
  if ! command -v "$tool" >/dev/null; then
    echo "no $tool: install g++ and CMake, or set CXX and CMAKE to their paths" >&2
    exit 1
  fi
done
unset CXXFLAGS CPPFLAGS LDFLAGS

CXX="$cxx" "$cmake" -S . -B build -DCMAKE_BUILD_TYPE=Release || {
  echo "CMake does not find a library: install the development package of your system for it; dockerfiles/cpp_dependencies.json names Debian's" >&2
  exit 1
}
"$cmake" --build build --parallel 2 || {
  echo "an undefined function(nlohmann::json const&) is the handler: want nlohmann::json function(const nlohmann::json &event), with #include <sebs/function.hpp>" >&2
  exit 1
}
mv build/handler handler
rm -rf build sebs CMakeLists.txt
find . -type f \( -name '*.cpp' -o -name '*.cc' -o -name '*.hpp' -o -name '*.h' \) -delete
find . -mindepth 1 -type d -empty -delete

if [ "${PLATFORM:-}" != PROCESS ]; then
  # The C library is everywhere, and must be that of the system.
  ldd handler | awk '$2 == "=>" && $3 ~ /^\// {print $3}' |
    { grep -Ev '/(libc|libm|libdl|librt|libpthread|libresolv|ld-linux[^/]*)\.so[^/]*$' || true; } |
    while read -r library; do
      mkdir -p lib
      cp -L "$library" lib/
    done
fi

if [ -f package.sh ]; then
  /bin/bash package.sh .
  rm -f package.sh
fi
