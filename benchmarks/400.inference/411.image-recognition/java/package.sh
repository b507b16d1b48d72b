#!/bin/bash
# Unpacks onnxruntime, so that its library need not be written to the sandbox's
# temporary folder at every start, and leaves out what is for other systems and
# processors. It prints what it left out. The function's folder is the argument.
set -euo pipefail
cd "$1"

case "$(uname -s)" in
  Darwin) own=osx ;;
  *) own=linux ;;
esac
case "${TARGET_ARCHITECTURE:-$(uname -m)}-$own" in
  arm64-linux | aarch64-linux) own=linux-aarch64 ;;
  arm64-osx | aarch64-osx) own=osx-aarch64 ;;
  *) own="$own-x64" ;;
esac

jar="${JAVA_HOME:+$JAVA_HOME/bin/}jar"
file="$(echo "$PWD"/lib/com.microsoft.onnxruntime.onnxruntime-*.jar)"
echo "package.sh: $(du -sk . | cut -f 1) kB of packages"
"$jar" tvf "$file" | while read -r size _ _ _ _ _ _ name; do
  case "$name" in
    */) ;;
    ai/onnxruntime/native/"$own"/*.so | ai/onnxruntime/native/"$own"/*.dylib | ai/onnxruntime/*.class) echo "$name" >> kept ;;
    *) echo "package.sh: removed $name ($((size / 1024)) kB)" ;;
  esac
done
(cd classes && "$jar" xf "$file" @../kept)
mv "classes/ai/onnxruntime/native/$own" classes/native
rmdir classes/ai/onnxruntime/native
rm "$file" kept
echo "package.sh: $(du -sk . | cut -f 1) kB left"
