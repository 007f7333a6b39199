"""The list of packages for the CBS secure environment: complete, locked, and nothing to build on Windows."""

from __future__ import annotations

import ast
import csv
import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name, parse_wheel_filename

from dnt_cli.packages import install_command

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements/cbs.txt").read_text(encoding="utf-8").splitlines()
    matches = [re.fullmatch(r"([a-z0-9-]+)==([0-9][\w.]*)", line) for line in lines]
    assert all(matches), "only name==version, one a line"
    return {match[1]: match[2] for match in matches if match}


def wheels(python: str) -> list[dict[str, str]]:
    with (ROOT / "requirements/cbs-wheels.csv").open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["python"] == python]


def windows_tags(python: str) -> set[Tag]:
    version = tuple(map(int, python.split(".")))
    platforms = ["win_amd64"]
    interpreter = f"cp{version[0]}{version[1]}"
    return {*cpython_tags(version, platforms=platforms), *compatible_tags(version, interpreter, platforms)}


def locked_hashes() -> dict[tuple[str, str], set[str]]:
    """(package, version) -> the hashes of requirements/runtime.txt."""
    text = (ROOT / "requirements/runtime.txt").read_text(encoding="utf-8")
    found: dict[tuple[str, str], set[str]] = {}
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if match := re.match(r"([\w.-]+)==([^\s;\\]+)", block):
            key = (canonicalize_name(match[1]), match[2])
            found.setdefault(key, set()).update(re.findall(r"sha256:([0-9a-f]{64})", block))
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_every_package_has_a_windows_wheel(python: str) -> None:
    fits = windows_tags(python)
    rows = wheels(python)
    assert {row["name"]: row["version"] for row in rows} == pins()
    assert len(rows) > 30
    for row in rows:
        name, version, _, tags = parse_wheel_filename(row["wheel"])
        assert (name, str(version)) == (row["name"], row["version"])
        assert tags & fits, f"{row['wheel']} does not run on Windows with Python {python}"


@pytest.mark.parametrize("python", PYTHONS)
def test_every_wheel_is_in_the_lock(python: str) -> None:
    locked = locked_hashes()
    for row in wheels(python):
        assert row["sha256"] in locked[row["name"], row["version"]], f"{row['wheel']} is not in runtime.txt: make lock"


def test_what_we_need_is_listed_and_what_needs_r_is_not() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = pins()
    for text in project["dependencies"]:
        requirement = Requirement(text)
        assert requirement.specifier.contains(listed[canonicalize_name(requirement.name)]), text
    assert not {"rpy2", "rpy2-rinterface", "pymer4", "cffi", "pip", "dnt-cli"} & set(listed)


def test_the_check_would_notice_a_wheel_for_another_system() -> None:
    linux = parse_wheel_filename("numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl")[3]
    older = parse_wheel_filename("numpy-2.4.6-cp311-cp311-win_amd64.whl")[3]
    assert not linux & windows_tags("3.11")
    assert not older & windows_tags("3.12")
    assert older & windows_tags("3.11")


def test_the_package_to_install_is_the_one_that_brings_the_module() -> None:
    """`docx` itself is another package of the public index."""
    assert re.search(r'"python-docx[^"]*"$', install_command("docx"))
    assert re.search(r'"openpyxl[^"]*"$', install_command("openpyxl"))


def test_what_runs_on_demand_only_asks_for_names_that_there_are() -> None:
    """No test runs the simulations and the benchmarks; a name that is gone would be found hours later."""
    gone = []
    folders = (ROOT / name for name in ("validation", "benchmarks", "scripts", "examples"))
    for path in (own for folder in folders for own in sorted(folder.rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "dnt_cli":
                module = import_module(str(node.module))
                names = {own.name for own in node.names if not hasattr(module, own.name)}
                gone += [(path.name, name) for name in names if find_spec(f"{node.module}.{name}") is None]
    assert not gone
