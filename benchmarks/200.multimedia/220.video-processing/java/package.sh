#!/bin/bash
# Unpacks ffmpeg, so that it need not be written to the sandbox's temporary
# folder at every start. The function's folder is the argument.
set -euo pipefail
cd "$1"

jar="${JAVA_HOME:+$JAVA_HOME/bin/}jar"
file="$(echo "$PWD"/lib/ws.schild.jave-nativebin-*.jar)"
mkdir unpacked
(cd unpacked && "$jar" xf "$file")
mv unpacked/ws/schild/jave/nativebin/ffmpeg-* classes/ffmpeg
chmod 755 classes/ffmpeg
rm -r unpacked "$file"
rmdir lib
