"""`dnt doctor` says what is there."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

from tests.support.process import dnt


def test_every_part_has_a_line_and_python_is_named(tmp_path: Path) -> None:
    text = dnt("doctor", cwd=tmp_path).check().text
    assert sys.executable in text
    for part in ("statsmodels", "miceforest", "duckdb", "pyreadstat", "pymer4", "distributed"):
        assert re.search(rf"^  {part} +(\d|not installed)", text, re.MULTILINE)
    assert re.search(r"^  lme4 +(works: R \d|not available: )", text, re.MULTILINE)
    assert "does not load" not in text


def test_every_library_of_the_project_is_named(tmp_path: Path) -> None:
    """Who pastes it into a report leaves none out."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    libraries = {re.match(r"[\w-]+", entry)[0] for entry in project["dependencies"]}  # type: ignore[index]
    packages = json.loads(dnt("doctor", "--json", cwd=tmp_path).check().text)["packages"]
    assert libraries <= set(packages)
