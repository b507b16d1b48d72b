#!/bin/bash
# Installs the dependencies of a Python function into its folder and compiles
# it. The result does not depend on where the folder is.
#
# FUNCTION_DIR          the folder (default: /mnt/function)
# PYTHON                the interpreter (default: python3)
# VERSION, PLATFORM, TARGET_ARCHITECTURE    for package.sh
#
# requirements.txt names the dependencies, and the comment with which it begins
# is shown when they cannot be installed; package.sh, where there is one, trims
# what was installed, and is removed.
set -euo pipefail
cd "${FUNCTION_DIR:-/mnt/function}"
python="${PYTHON:-python3}"
unavailable() { # what, and what to do: see build.Install
  echo "not available: $1" >&2
  exit 69
}
command -v "$python" >/dev/null || unavailable "no $python: apt-get install python3 python3-pip, or set PYTHON to its path"
unset PYTHONPATH PYTHONHOME
packages=.python_packages/lib/site-packages

# What the user's settings say about how indexes are reached holds, wherever
# they are: in variables or in files. No other of them does, since they may name
# another place to install to, or other things to install.
settings='
import ast, os, subprocess, sys
reach = """index-url extra-index-url find-links no-index trusted-host proxy cert client-cert timeout default-timeout
    retries cache-dir no-cache-dir prefer-binary constraint keyring-provider""".split()
found = {}
if os.environ.get("PIP_CONFIG_FILE") != os.devnull:
    plain = dict(os.environ, PIP_QUIET="0", PIP_USER="0", PIP_GLOBAL="0", PIP_SITE="0")  # of all files
    listed = subprocess.run([sys.executable, "-I", "-m", "pip", "config", "list"],
                            env=plain, stdout=subprocess.PIPE, universal_newlines=True)
    if listed.returncode:
        sys.exit(listed.returncode)
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section in ("global", "install") and key in reach:
            found.setdefault(key, {})[section] = ast.literal_eval(value)
for key, of in found.items():
    name = "PIP_" + key.upper().replace("-", "_")
    os.environ[name] = os.environ.get(name) or of.get("install") or of.get("global")
for name in list(os.environ):
    if name.startswith("PIP_") and name[4:].lower().replace("_", "-") not in reach:
        del os.environ[name]
os.environ.update(PIP_CONFIG_FILE=os.devnull, PIP_ROOT_USER_ACTION="ignore")
os.execv(sys.executable, [sys.executable, "-I", "-m", "pip"] + sys.argv[1:])
'

# Isolated mode keeps modules of the function from taking the place of pip's own.
if [ -f requirements.txt ] && grep -Eq '^[[:space:]]*[^#[:space:]]' requirements.txt; then
  "$python" -I -c "$settings" install --disable-pip-version-check --no-input \
    --no-warn-script-location --progress-bar off --no-compile \
    --target "$packages" -r requirements.txt || {
    sed -n '/^#/!q;p' requirements.txt >&2
    said="$("$python" -I -m pip --version 2>&1)" || unavailable "$python has no pip that works: ${said##*$'\n'}: apt-get install python3-pip, or $python -m ensurepip"
    exit 1
  }
  # Commands for a terminal, bound to the path of the interpreter that is used
  # here. Functions import modules and never start them.
  if [ -d "$packages/bin" ]; then
    for command in "$packages"/bin/*; do
      if [ -f "$command" ] && [ "$(head -c 3 "$command" | tr -d '\0')" = '#!/' ]; then
        rm -f "$command"
      fi
    done
    rmdir "$packages/bin" 2>/dev/null || true
  fi
fi

if [ -f package.sh ]; then
  mkdir -p "$packages"
  /bin/bash package.sh "$packages"
  rm -f package.sh
  rmdir -p "$packages" 2>/dev/null || true
fi

# The function's own folder is a package, which whatever it starts can import.
if [ ! -e __init__.py ]; then : > __init__.py; fi

# Compiled files are valid without a look at their sources, which saves time at
# each start and needs no dates; they name sources by their path in the folder.
# What cannot be compiled (templates, code for other versions) fails when
# it is imported, if ever.
compile='
import compileall, os, py_compile, sys
folder, packages = sys.argv[1:]
options = {"quiet": 1, "invalidation_mode": py_compile.PycInvalidationMode.UNCHECKED_HASH}
if sys.version_info >= (3, 9):
    options["stripdir"] = folder
if os.path.isdir(os.path.join(folder, packages)):
    options["workers"] = 0
compileall.compile_dir(folder, **options)
'
find . -name __pycache__ -type d -prune -exec rm -rf {} +
folder="$PWD"
cd / # modules of the function must not take the place of the standard library's
PYTHONHASHSEED=0 "$python" -s -c "$compile" "$folder" "$packages"
