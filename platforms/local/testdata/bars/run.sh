# Runs a function's container as a user would, and waits until its port answers
# a call: network, image, docker options and command are the arguments.
set -eu
network=$1 image=$2 options=$3
shift 3
# shellcheck disable=SC2086 # options are words
id=$(docker run -d --network "$network" $options "$image" "$@")
ip=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$id")
until curl -sf --noproxy '*' --connect-timeout 0.05 -o /dev/null -d '{}' "http://$ip:8080/"; do :; done
echo "$id"
