#!/bin/bash
# Removes from the installed packages what inference does not load: builds of
# onnxruntime for other systems and processors, second copies of its library,
# and what only its installation needs. It prints what it removed. The folder
# of packages is the argument.
set -euo pipefail
shopt -s nullglob
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
own="$("${NODE:-node}" -p 'process.platform + "/" + process.arch')"
for build in onnxruntime-node/bin/napi-v3/*/*; do
  if [ "$build" != "onnxruntime-node/bin/napi-v3/$own" ]; then
    remove "$build"
  fi
done
for library in onnxruntime-node/bin/napi-v3/linux/*/libonnxruntime.so.1; do
  remove "$library".* # the same file under its full version
done
remove onnxruntime-node/script onnxruntime-node/lib onnxruntime-common/lib
remove tar @isaacs chownr minipass minizlib mkdirp yallist
echo "package.sh: $(du -sk . | cut -f 1) kB left"
