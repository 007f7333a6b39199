"""Make requirements/cbs.txt, the list to mail to CBS, and the record of its Windows wheels; part of `make lock`.

The list holds one version of every package that runs on each Python named below, taken from requirements/runtime.txt,
without R's bridge and without anything that would have to be built. Needs uv, packaging and the network.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

PYTHONS = ("3.11", "3.12", "3.13")
WINDOWS = "x86_64-pc-windows-msvc"
FOLDER = Path("requirements")


def resolve(python: str, constraints: Path, folder: Path) -> list[dict[str, str]]:
    """The packages for one Python on Windows with the wheel of each; uv fails if one has no wheel."""
    lock = folder / "pylock.cbs.toml"
    lock.unlink(missing_ok=True)  # uv would keep what stands in it
    command = ["uv", "pip", "compile", "pyproject.toml", "-c", str(constraints), "--python-platform", WINDOWS]
    command += ["--python-version", python, "--no-build", "--no-header", "-q", "-o", str(lock)]
    subprocess.run(command, check=True)
    packages = tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]
    lock.unlink()
    rows = []
    for package in packages:
        file, digest = fitting(package["wheels"], python)
        row = {"python": python, "name": package["name"], "version": package["version"], "wheel": file}
        rows.append(row | {"sha256": digest})
    return rows


def fitting(wheels: list[dict[str, Any]], python: str) -> tuple[str, str]:
    """File name and sha256 of the first wheel that runs on Windows with this Python."""
    version = tuple(map(int, python.split(".")))
    interpreter = "cp" + python.replace(".", "")
    fits = {*cpython_tags(version, platforms=["win_amd64"]), *compatible_tags(version, interpreter, ["win_amd64"])}
    for wheel in wheels:
        file = wheel.get("name") or wheel["url"].rsplit("/", 1)[1]
        if parse_wheel_filename(file)[3] & fits:
            return file, wheel["hashes"]["sha256"]
    sys.exit(f"No wheel among {len(wheels)} runs on Windows with Python {python}.")


def main() -> None:
    """Resolve for the oldest Python, and with the same versions for the others."""
    listed = FOLDER / "cbs.txt"
    rows = resolve(PYTHONS[0], FOLDER / "runtime.txt", FOLDER)
    pins = [f"{row['name']}=={row['version']}" for row in rows]
    listed.write_text("\n".join(pins) + "\n", encoding="utf-8", newline="\n")
    for python in PYTHONS[1:]:
        own = resolve(python, listed, FOLDER)
        if [(r["name"], r["version"]) for r in own] != [(r["name"], r["version"]) for r in rows[: len(own)]]:
            sys.exit(f"Python {python} needs other packages than those in {listed}.")
        rows += own
    with (FOLDER / "cbs-wheels.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, ["python", "name", "version", "wheel", "sha256"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
