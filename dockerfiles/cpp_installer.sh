#!/bin/bash
# Builds a C++ function in its folder: one program, handler, which does not
# depend on where the folder is.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# CXX                   the compiler (default: g++)
# CMAKE                 CMake (default: cmake)
# PYTHON                a Python with pip, for headers from PyPI (default: python3)
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
python="${PYTHON:-python3}"
unavailable() { # what, and what to do: see build.Install
  echo "not available: $1" >&2
  exit 69
}
for tool in "$cxx" "$cmake"; do
  command -v "$tool" >/dev/null || unavailable "no $tool: apt-get install g++ cmake make, or set CXX and CMAKE to their paths"
done
unset CXXFLAGS CPPFLAGS LDFLAGS

# Headers that PyPI has are the same everywhere; all other libraries are those
# of the system.
wheels="$(sed -n 's/^# headers from PyPI: //p' CMakeLists.txt)"
if [ -n "$wheels" ]; then
  mkdir .headers
  echo "$wheels" >.headers/requirements.txt
  PIP_REQUIRE_VIRTUALENV=0 "$python" -I -m pip download --quiet --disable-pip-version-check --no-input --progress-bar off \
    --no-deps --only-binary :all: --require-hashes --dest .headers --requirement .headers/requirements.txt || {
    said="$("$python" -I -m pip --version 2>&1)" || unavailable "$python has no pip that works: ${said##*$'\n'}: apt-get install python3-pip, or $python -m ensurepip"
    exit 1
  }
  for wheel in .headers/*.whl; do "$python" -I -m zipfile -e "$wheel" .headers; done
fi

# CMake tries the compiler and looks for the libraries before it reads a source.
if ! CXX="$cxx" "$cmake" -S . -B build -DCMAKE_BUILD_TYPE=Release 2>&1 | tee configured; then
  said="$(awk '/^CMake Error: / {sub(/^CMake Error: /, ""); print; exit} /^CMake Error at/ {inside = 1; next}
    inside && /^Call Stack|It fails with/ {exit} inside && NF {printf "%s ", $0}' configured | tr -s ' ' | sed 's/^ //')"
  packages="$(sed -n '1s/^# Debian packages: *//p' CMakeLists.txt)"
  [ -n "$said" ] || said="$(tail -n 1 configured)"
  unavailable "CMake cannot build here: ${said%% }: apt-get install g++ cmake make${packages:+ $packages}"
fi
"$cmake" --build build --parallel 2 || {
  echo "an undefined function(nlohmann::json const&) is the handler: want nlohmann::json function(const nlohmann::json &event), with #include <sebs/function.hpp>" >&2
  exit 1
}
mv build/handler handler
rm -rf build configured .headers sebs CMakeLists.txt
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
