"""Five typed commands from somebody's wide SPSS file to effects."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.process import dnt

CASE = Path(__file__).parents[1] / "cases" / "60-wide-clients"


def test_five_commands_from_a_wide_file_to_effects(tmp_path: Path) -> None:
    shutil.copy(CASE / "clienten.sav", tmp_path)
    made = dnt("study", "init", "clienten.sav", "-o", "study.toml", cwd=tmp_path).check()
    assert "questions" in made.stderr
    checked = dnt("study", "check", "study.toml", "clienten.sav", cwd=tmp_path).check()
    assert "Persons seen (1 + 2): T0 90 (" in checked.stdout.decode()
    quick = ["-m", "2", "--set", "imputation.iterations=1"]
    dnt("impute", "clienten.sav", "--study", "study.toml", *quick, "-o", "imputed.parquet", cwd=tmp_path).check()
    effects = dnt("fit-t3", "imputed.parquet", cwd=tmp_path).check().stdout.decode()
    assert "Stress (1-7) begin" in effects
    assert "schuld" in effects
    trends = dnt("fit-longitudinal", "imputed.parquet", cwd=tmp_path).check().stdout.decode()
    assert "N = 90 persons" in trends
