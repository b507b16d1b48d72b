# Starts $1 processes at once, with nothing to read, and waits for their end.
n=$1
shift
while [ "$n" -gt 0 ]; do
  "$@" 3</dev/null &
  n=$((n - 1))
done
wait
