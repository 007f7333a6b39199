"""Which engines and libraries are installed, and how to install those that are not."""

from __future__ import annotations

import os
import re
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version

PACKAGES = {"docx": "python-docx"}  # module -> the package that brings it, where their names differ


@cache
def package_version(name: str) -> str | None:
    """Version of an installed package; looked up once, since every fit carries it."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def install_command(*packages: str) -> str:
    """What to type to install packages in the versions that dnt needs, as its own metadata list them.

    It works for a clone and for an installed wheel alike: only packages of the public index are named. A module is
    taken for the package that brings it.
    """
    try:
        listed = [line.partition(";")[0].strip() for line in requires("dnt-cli") or ()]
    except PackageNotFoundError:
        listed = []
    known = {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower(): line for line in reversed(listed)}  # extras come last
    own = [PACKAGES.get(package, package) for package in packages]
    names = " ".join(f'"{known.get(package.lower(), package)}"' for package in own)
    # rpy2 then needs neither R nor a compiler to install.
    mode = "RPY2_CFFI_MODE=ABI " if "rpy2" in packages and os.name == "posix" else ""
    return f"{mode}{sys.executable} -m pip install {names}"
