#!/bin/bash
# Removes from the installed packages what the transformation does not import:
# squiggle's command and its drawing, tests and headers. It prints what it
# removed. The folder of packages is the argument.
set -euo pipefail
shopt -s nullglob dotglob
cd "$1"

removed() {
  for path in "$@"; do
    if [ -e "$path" ]; then
      echo "package.sh: removed $path ($(du -sk "$path" | cut -f 1) kB)"
      rm -rf "$path"
    fi
  done
}

echo "package.sh: $(du -sk . | cut -f 1) kB of packages"
for path in *; do
  case "$path" in
    squiggle | squiggle-* | numpy | numpy.libs | numpy-* | tqdm | tqdm-*) ;;
    *) removed "$path" ;;
  esac
done
removed squiggle/cli.py numpy/f2py numpy/_core/include numpy/_core/lib/*.a numpy/random/lib/*.a
find . -type d -name tests -print0 | sort -z | while IFS= read -r -d '' tests; do
  removed "$tests"
done
echo "package.sh: $(du -sk . | cut -f 1) kB left"
