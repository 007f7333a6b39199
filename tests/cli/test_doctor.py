"""`dnt doctor` says what is there."""

from __future__ import annotations

import sys
from pathlib import Path

from process import dnt


def test_every_part_has_a_line_and_python_is_named(tmp_path: Path) -> None:
    text = dnt("doctor", cwd=tmp_path).check().text
    assert sys.executable in text
    for part in ("statsmodels", "glmm", "miceforest", "duckdb", "pyreadstat", "lme4"):
        assert f"\n  {part}" in text
    assert "does not load" not in text
