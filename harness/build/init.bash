# Read by the bash that runs an init.sh, before it. Records what fails in it:
# a line for each, kind, line, exit status and text, separated by tabs.
unset BASH_ENV
sebs_record() {
  printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "${4//[$'\n\t']/ }" >>"$sebs_record"
}
sebs_record="$SEBS_RECORD"
unset SEBS_RECORD

# Commands whose failure the script does not handle; fetches are below.
sebs_failed() {
  case "$3" in
  'return $sebs_status') # of a function below
    if [ -n "$sebs_copied" ]; then sebs_record command "$1" "$2" "$sebs_copied"; fi
    ;;
  wget* | curl* | aria2c* | git\ * | sebs_*) ;;
  *) sebs_record command "$1" "$2" "$3" ;;
  esac
}
sebs_copied=
set -o errtrace
trap 'sebs_failed "$LINENO" "$?" "$BASH_COMMAND"' ERR

# Fetches, handled or not: a script that does without what it was to fetch is
# told as well. What is recorded is the address without what may be secret.
sebs_address() {
  local argument address=
  for argument in "$@"; do
    case "$argument" in *://*) address="${argument#*://}" ;; esac
  done
  address="${address%%[?#]*}"
  printf '%s' "${address##*@}"
}
sebs_fetch() {
  local line="$1" sebs_status=0
  sebs_copied=
  shift
  command "$@" || sebs_status=$?
  sebs_record fetch "$line" "$sebs_status" "$1 $(sebs_address "$@")"
  return $sebs_status
}
if type -P wget >/dev/null; then wget() { sebs_fetch "${BASH_LINENO[0]}" wget "$@"; }; fi
if type -P aria2c >/dev/null; then aria2c() { sebs_fetch "${BASH_LINENO[0]}" aria2c "$@"; }; fi
if type -P curl >/dev/null; then
  curl() { sebs_fetch "${BASH_LINENO[0]}" curl --fail "$@"; } # an error page is not what was to be fetched
fi
if type -P git >/dev/null; then
  git() {
    case "$1" in
    clone | fetch | pull | submodule) sebs_fetch "${BASH_LINENO[0]}" git "$@" ;;
    *) command git "$@" ;;
    esac
  }
fi
# The files of the script's language are in the package already: a copy of one
# to its own place is no failure.
cp() {
  local said sebs_status=0
  sebs_copied="cp $*"
  { said="$(LC_ALL=C command cp "$@" 2>&1 1>&3)" || sebs_status=$?; } 3>&1
  if [ -n "$said" ] && [ -z "$(printf '%s\n' "$said" | grep -vE 'are (the same file|identical)' || true)" ]; then return 0; fi
  if [ -n "$said" ]; then printf '%s\n' "$said" >&2; fi
  return $sebs_status
}
command_not_found_handle() {
  case "$1" in wget | curl | aria2c | git) sebs_record fetch "${BASH_LINENO[0]}" 127 "$1 $(sebs_address "$@")" ;; esac
  printf '%s: command not found\n' "$1" >&2
  return 127
}
