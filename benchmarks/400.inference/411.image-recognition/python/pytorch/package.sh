#!/bin/bash
# Removes from the installed packages what inference does not import: tests,
# tools, headers, static libraries, fonts and formats that photos do not have,
# types and metadata. It strips the libraries that are left of what only
# debuggers and linkers read, if there is a strip (or the one that STRIP names). It
# prints what it removed. The folder of packages is the argument.
set -euo pipefail
shopt -s nullglob dotglob
cd "$1"

size() { du -sck "$@" | tail -n 1 | cut -f 1; }

remove() {
  for path in "$@"; do
    if [ -e "$path" ]; then
      echo "package.sh: removed $path ($(size "$path") kB)"
      rm -rf "$path"
    fi
  done
}

# remove_files does so for many small files, told as what they are.
remove_files() {
  local what=$1
  shift
  if [ $# -gt 0 ]; then
    echo "package.sh: removed $# $what ($(size "$@") kB)"
    rm -f "$@"
  fi
}

echo "package.sh: $(size .) kB of packages"
remove caffe2 functorch share torchgen
remove torch/{include,share,test} torch/testing/_internal torch/distributed/{elastic,fsdp,launcher,pipeline}
remove torch/utils/{benchmark,bottleneck,hipify,model_dump,tensorboard}
remove torch/lib/*.a torch/lib/libcaffe2_* torch/lib/lib*_test.so torch/lib/libbackend_with_compiler.so
for path in torch/bin/*; do # of which torch looks for one when it is imported
  [ "$path" = torch/bin/torch_shm_manager ] || remove "$path"
done
remove PIL/_{imagingcms,imagingft,imagingtk,webp}.*.so
remove pillow.libs/lib{brotli,freetype,harfbuzz,lcms2,png16,sharpyuv,webp}*
find . -type d -name tests -prune -print0 | sort -z | while IFS= read -r -d '' path; do
  remove "$path"
done

types=() metadata=() libraries=()
while IFS= read -r -d '' path; do
  case "$path" in
    *.pyi) types+=("$path") ;;
    *.dist-info/METADATA) ;; # says which packages these are
    *.dist-info/*) metadata+=("$path") ;;
    ./torch/*.so | ./torch/*.so.*) libraries+=("$path") ;;
  esac
done < <(find . -type f -print0)
remove_files "files of types" "${types[@]}"
remove_files "files of metadata" "${metadata[@]}"

strip=${STRIP:-strip}
if ! command -v "$strip" >/dev/null; then
  echo "package.sh: there is no $strip, so that symbols are left in libraries: install binutils"
elif [ ${#libraries[@]} -gt 0 ]; then
  before=$(size "${libraries[@]}") smaller=0
  for path in "${libraries[@]}"; do
    # What strip cannot read, or makes larger, is left as it is.
    if "$strip" --strip-unneeded -o "$path.stripped" "$path" 2>/dev/null && [ "$(wc -c <"$path.stripped")" -lt "$(wc -c <"$path")" ]; then
      chmod --reference="$path" "$path.stripped" 2>/dev/null || chmod 644 "$path.stripped"
      mv "$path.stripped" "$path"
      smaller=$((smaller + 1))
    fi
    rm -f "$path.stripped"
  done
  echo "package.sh: stripped $smaller of ${#libraries[@]} libraries ($((before - $(size "${libraries[@]}"))) kB)"
fi
echo "package.sh: $(size .) kB left"
