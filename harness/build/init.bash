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
  wget* | curl* | aria2c* | git\ * | sebs_* | 'return $status') ;;
  *) sebs_record command "$1" "$2" "$3" ;;
  esac
}
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
  local line="$1" status=0
  shift
  command "$@" || status=$?
  sebs_record fetch "$line" "$status" "$1 $(sebs_address "$@")"
  return $status
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
command_not_found_handle() {
  case "$1" in wget | curl | aria2c | git) sebs_record fetch "${BASH_LINENO[0]}" 127 "$1 $(sebs_address "$@")" ;; esac
  printf '%s: command not found\n' "$1" >&2
  return 127
}
