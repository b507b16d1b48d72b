#!/bin/bash
# Installs the dependencies of a Node.js function into its folder. The result
# does not depend on where the folder is.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# NODE, NPM             the interpreter and npm (default: node, npm)
# VERSION, PLATFORM, TARGET_ARCHITECTURE    for package.sh
#
# package.json and package-lock.json name the dependencies; package.sh, where
# there is one, trims what was installed, and is removed. So is .npmrc, which may
# say how registries are reached.
set -euo pipefail
cd "${FUNCTION_DIR:-/mnt/function}"
unavailable() { # what, and what to do: see build.Install
  echo "not available: $1" >&2
  exit 69
}
tool() {
  command -v "$1" || unavailable "no $1: apt-get install nodejs npm, or set NODE and NPM to their paths"
}
node="$(tool "${NODE:-node}")"
said="$("$node" -e 0 2>&1)" || unavailable "$node does not work: ${said##*$'\n'}: apt-get install nodejs, or set NODE to the path of one that does"
PATH="$(dirname "$node"):$PATH" # npm and what it starts use the same interpreter

# npm is only needed for what is installed.
npm() {
  local said npm="${NPM:-npm}"
  type -P "$npm" >/dev/null || unavailable "no $npm: apt-get install nodejs npm, or set NODE and NPM to their paths"
  command "$npm" "$@" || {
    said="$(command "$npm" --version 2>&1)" || unavailable "$npm does not work: ${said##*$'\n'}: apt-get install npm, or set NPM to the path of one that does"
    exit 1
  }
}

has_dependencies='
  const p = require(process.cwd() + "/package.json");
  process.exit(Object.keys({...p.dependencies, ...p.optionalDependencies, ...p.peerDependencies}).length ? 0 : 1);'

# Whether every dependency is in the lock file: those that a platform adds are
# not, and are then resolved beside the locked ones.
all_locked='
  const p = require(process.cwd() + "/package.json");
  const root = (require(process.cwd() + "/package-lock.json").packages || {})[""] || p;
  const locked = {...root.dependencies, ...root.optionalDependencies, ...root.peerDependencies};
  process.exit(Object.keys({...p.dependencies, ...p.optionalDependencies, ...p.peerDependencies}).every(d => d in locked) ? 0 : 1);'

# Packages that compile or fetch a native part when they are installed.
native='
  const fs = require("fs");
  const lock = JSON.parse(fs.readFileSync("node_modules/.package-lock.json"));
  for (const [dir, p] of Object.entries(lock.packages)) {
    if (!p.hasInstallScript || !fs.existsSync(dir + "/package.json")) continue;
    const scripts = JSON.parse(fs.readFileSync(dir + "/package.json")).scripts || {};
    if (scripts.install || fs.existsSync(dir + "/binding.gyp")) console.log(dir.split("node_modules/").pop());
  }'

# The function's own scripts, those that npm runs when it installs a folder:
# what their names begin with is run around each by npm.
own='
  const scripts = require(process.cwd() + "/package.json").scripts || {};
  const after = ["install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"];
  for (const name of process.argv[1] === "before" ? ["preinstall"] : after) if (scripts[name]) console.log(name);'
run_own() {
  local name
  for name in $("$node" -e "$own" "$1"); do
    npm run --ignore-scripts --no-update-notifier "$name"
  done
}

# Scripts of packages are not run, except those that make a native part.
if [ -f package.json ]; then run_own before; fi
if [ -f package.json ] && "$node" -e "$has_dependencies"; then
  # What a user's .npmrc says about how registries are reached holds. Where to
  # install to, and what, is said here.
  place=(--prefix "$PWD" --no-global --location=project)
  options=("${place[@]}" --no-dry-run --package-lock --include=prod --omit=dev
    --no-audit --no-fund --ignore-scripts --install-links --no-update-notifier)
  if [ -f package-lock.json ] && "$node" -e "$all_locked"; then
    command=(ci)
  else
    command=(install --no-save)
  fi
  npm "${command[@]}" "${options[@]}"
  if [ -f node_modules/.package-lock.json ]; then
    names="$("$node" -e "$native" | sort -u)"
    if [ -n "$names" ]; then
      # shellcheck disable=SC2086 # names of packages have no spaces
      npm rebuild "${place[@]}" --no-ignore-scripts --foreground-scripts --no-audit --no-fund $names
    fi
    rm -f node_modules/.package-lock.json # it names the registry that was used
  fi
fi

if [ -f package.json ]; then run_own after; fi
rm -f .npmrc # it may hold credentials

if [ -f package.sh ]; then
  mkdir -p node_modules
  /bin/bash package.sh node_modules
  rm -f package.sh
  rmdir node_modules 2>/dev/null || true
fi
