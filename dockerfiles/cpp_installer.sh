#!/bin/bash
# Builds a C++ function in its folder: one program, handler, which does not
# depend on where the folder is.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# CXX                   the compiler (default: g++)
# CMAKE                 CMake (default: cmake)
# PYTHON                a Python with pip, for headers from PyPI (default: python3)
# SHIMS_CACHE           a folder that keeps the compiled shims for other
#                       functions (default: none)
# PLATFORM              on any other than PROCESS, shared libraries that the
#                       program needs go to the folder lib: where it runs there
#                       is none but the C library's
# VERSION, TARGET_ARCHITECTURE    for package.sh
#
# CMakeLists.txt names the dependencies, sebs/CMakeLists.txt those of the shims;
# package.sh, where there is one, trims what was built, and is removed, and so
# are the sources.
set -euo pipefail
cd "${FUNCTION_DIR:-/mnt/function}"
cxx="${CXX:-g++}"
cmake="${CMAKE:-cmake}"
python="${PYTHON:-python3}"
cache="${SHIMS_CACHE:-}"
most_kept=32 # entries of the cache, of about 2 MB
unavailable() { # what, and what to do: see build.Install
  echo "not available: $1" >&2
  exit 69
}
for tool in "$cxx" "$cmake"; do
  command -v "$tool" >/dev/null || unavailable "no $tool: apt-get install g++ cmake make, or set CXX and CMAKE to their paths"
done
unset CXXFLAGS CPPFLAGS LDFLAGS

# configure has CMake prepare the build of folder $1 in folder $2. CMake tries
# the compiler and looks for the libraries before it reads a source.
configure() {
  local from="$1" to="$2" said packages
  shift 2
  if ! CXX="$cxx" "$cmake" -S "$from" -B "$to" -DCMAKE_BUILD_TYPE=Release "$@" 2>&1 | tee configured; then
    said="$(awk '/^CMake Error: / {sub(/^CMake Error: /, ""); print; exit} /^CMake Error at/ {inside = 1; next}
      inside && /^Call Stack|It fails with/ {exit} inside && NF {printf "%s ", $0}' configured | tr -s ' ' | sed 's/^ //')"
    packages="$(sed -n '1s/^# Debian packages: *//p' "$from/CMakeLists.txt")"
    [ -n "$said" ] || said="$(tail -n 1 configured)"
    unavailable "CMake cannot build here: ${said%% }: apt-get install g++ cmake make${packages:+ $packages}"
  fi
}

# make_shims makes folder $1: headers from PyPI, which are the same everywhere,
# and the library of the shims. All other libraries are those of the system.
make_shims() {
  local made="$1" said
  mkdir -p "$made/headers"
  if [ -n "$wheels" ]; then
    echo "$wheels" >"$made/requirements.txt"
    PIP_REQUIRE_VIRTUALENV=0 "$python" -I -m pip download --quiet --disable-pip-version-check --no-input --progress-bar off \
      --no-deps --only-binary :all: --require-hashes --dest "$made" --requirement "$made/requirements.txt" || {
      said="$("$python" -I -m pip --version 2>&1)" || unavailable "$python has no pip that works: ${said##*$'\n'}: apt-get install python3-pip, or $python -m ensurepip"
      exit 1
    }
    for wheel in "$made"/*.whl; do "$python" -I -m zipfile -e "$wheel" "$made/headers"; done
  fi
  configure sebs build-sebs -DMADE="$(cd "$made" && pwd -P)"
  "$cmake" --build build-sebs --parallel 2
  mv build-sebs/libsebs.a "$made/libsebs.a"
  rm -rf build-sebs "$made"/*.whl "$made/requirements.txt"
}

# identity prints all that what make_shims makes depends on.
identity() {
  echo "1 $cxx"
  "$cxx" -v 2>&1
  "$cxx" -x c++ -E -dM -include curl/curlver.h /dev/null 2>/dev/null | grep LIBCURL_VERSION_NUM || true
  cat /etc/os-release 2>/dev/null || true
  echo "$wheels"
  find sebs -type f | LC_ALL=C sort | while read -r file; do
    echo "$file $(wc -c <"$file")"
    cat "$file"
  done
}

# kept makes folder .sebs out of the cache, or in it first. Who has the lock is
# alone there: the kernel gives it up when a build is killed.
kept() {
  local entry
  entry="$cache/$(identity | sha256sum | cut -d ' ' -f 1)"
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  if ! (cd "$entry" && sha256sum --check --quiet --status sums) 2>/dev/null; then
    rm -rf "$entry" "$cache/making"
    make_shims "$cache/making" 9>&-
    (cd "$cache/making" && find . -type f ! -name sums -exec sha256sum {} + >sums)
    mv "$cache/making" "$entry"
  fi
  touch "$entry"
  cp -R "$entry" .sebs
  # shellcheck disable=SC2012 # the names are digests
  ls -1td "$cache"/*/ | tail -n +$((most_kept + 1)) | while read -r old; do rm -rf "$old"; done
  exec 9>&-
}

wheels="$(cat CMakeLists.txt sebs/CMakeLists.txt | sed -n 's/^# headers from PyPI: //p' | LC_ALL=C sort -u)"
if [ -n "$cache" ] && command -v flock >/dev/null && mkdir -p "$cache" && [ -w "$cache" ]; then
  kept
else
  make_shims .sebs
fi
configure . build
"$cmake" --build build --parallel 2 || {
  echo "an undefined function(nlohmann::json const&) is the handler: want nlohmann::json function(const nlohmann::json &event), with #include <sebs/function.hpp>" >&2
  exit 1
}
mv build/handler handler
rm -rf build configured .sebs sebs CMakeLists.txt
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
