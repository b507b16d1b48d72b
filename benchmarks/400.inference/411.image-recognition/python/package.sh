#!/bin/bash
# Removes from the installed packages what inference does not import: tools,
# tests, headers, and the packages that only these need. It prints what it
# removed. The folder of packages is the argument.
set -euo pipefail
shopt -s nullglob dotglob
cd "$1"

remove() {
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
    onnxruntime | onnxruntime-* | numpy | numpy.libs | numpy-* | PIL | pillow.libs | pillow-*) ;;
    *) remove "$path" ;;
  esac
done
remove onnxruntime/{backend,datasets,quantization,tools,transformers} onnxruntime/ThirdPartyNotices.txt
remove numpy/f2py numpy/_core/include numpy/_core/lib/*.a numpy/random/lib/*.a
find . -type d -name tests -print0 | sort -z | while IFS= read -r -d '' tests; do
  remove "$tests"
done
echo "package.sh: $(du -sk . | cut -f 1) kB left"
