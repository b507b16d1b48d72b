"""Where a function's interpreter looks for modules.

In this order: this folder, where the package function is; the folder function,
for modules of the function's own that it imports by their plain names; the
standard library; installed packages. Python imports a module of this name as it
starts, so that the interpreters that a function starts look there, too: this
folder is in their PYTHONPATH.
"""
import os
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))


def extend():
    """Puts the function's places into sys.path, each once."""
    folder = os.path.join(ROOT, "function")
    packages = os.path.join(ROOT, ".python_packages", "lib", "site-packages")
    rest = [p for p in sys.path if p not in ("", ROOT, folder, packages)]
    sys.path[:] = [ROOT, folder] + rest
    if os.path.isdir(packages):
        sys.path.append(packages)
        if any(name.endswith(".pth") for name in os.listdir(packages)):
            import site
            site.addsitedir(packages)


if __name__ == "sitecustomize" and "site" in sys.modules:
    extend()
