#!/bin/sh
# Make .venv if it is missing and install the locked packages of a requirements file, then dnt itself.
# usage: sh scripts/install.sh requirements/runtime.txt      (from the project's folder)
set -eu
lock=$1
python=${PYTHON:-python3}

as_root() { # run an apt command if that is possible without asking anyone
    command -v apt-get >/dev/null 2>&1 || return 1
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo -n "$@"; else return 1; fi
}
system_package() { # name
    as_root apt-get -qq update >/dev/null 2>&1 || true
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$1" >/dev/null 2>&1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "dnt needs Python 3.11 or newer; '$python' is older or missing. Try: make PYTHON=python3.12 $*" >&2
    exit 1
}
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    rm -rf .venv
    "$python" -m venv .venv >/dev/null 2>&1 || {
        rm -rf .venv
        system_package python3-venv && "$python" -m venv .venv
    } || {
        echo "Python cannot make a virtual environment. Type: sudo apt-get install python3-venv" >&2
        exit 1
    }
fi
# rpy2 then needs neither R nor a compiler to install, and finds R when it is used.
export RPY2_CFFI_MODE=ABI
echo "Installing the locked packages of $lock into .venv ..."
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
# LightGBM, the engine of miceforest, needs the GNU OpenMP library, which a bare Debian lacks.
.venv/bin/python -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || system_package libgomp1 ||
    echo "Note: without libgomp1 the imputation method forest does not work. Type: sudo apt-get install libgomp1" >&2
