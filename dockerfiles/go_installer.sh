#!/bin/bash
# Builds a Go function in its folder: one program, handler, which depends on
# nothing and on no place.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# GO                    the go command (default: go)
# TARGET_ARCHITECTURE   x64 or arm64 (default: this machine's)
# VERSION, PLATFORM     for package.sh
#
# go.mod and go.sum name the dependencies; package.sh, where there is one, trims
# what was built, and is removed, and so are the sources.
set -euo pipefail
cd "${FUNCTION_DIR:-/mnt/function}"
go="${GO:-go}"
if ! command -v "$go" >/dev/null; then
  echo "no $go: install Go, or set GO to its path" >&2
  exit 1
fi

# What the user's settings say about proxies and checksums holds. How to build
# is said here.
export GOFLAGS=-mod=readonly GOWORK=off GO111MODULE=on GOTOOLCHAIN=local CGO_ENABLED=0
unset GOOS GOARCH GOAMD64 GOARM64 GOEXPERIMENT GODEBUG
case "${TARGET_ARCHITECTURE:-}" in
  x64) export GOARCH=amd64 ;;
  arm64) export GOARCH=arm64 ;;
esac
"$go" build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o handler \
  github.com/sebs-go/sebs/main || {
  echo "an error in .sebs/ is one of the handler: want func Handler(event E) (R, error), with types of your own for E and R" >&2
  exit 1
}

rm -rf .sebs go.mod go.sum go.mod.txt go.sum.txt
find . -name '*.go' -type f -delete
find . -mindepth 1 -type d -empty -delete

if [ -f package.sh ]; then
  /bin/bash package.sh .
  rm -f package.sh
fi
