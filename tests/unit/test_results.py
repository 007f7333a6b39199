"""Results of stages: what goes into a stage file comes out of it the same, and is shown as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dnt_cli.effects.fitting import Options
from dnt_cli.effects.result import Estimates
from dnt_cli.effects.run import endpoint_effects
from dnt_cli.errors import DataError
from dnt_cli.figures.forest import KINDS
from dnt_cli.imputed.data import Completed, impute_wide, settings_of
from dnt_cli.imputed.result import Imputations
from dnt_cli.robustness.result import RobustnessResult
from dnt_cli.stagefile.container import Provenance, Stage, read_stage, write_stage
from dnt_cli.study import Study, parse_study
from dnt_cli.wide import derive
from dnt_cli.wording import Wording
from tests.support.robustness_study import STUDY, make_wide


@pytest.fixture(scope="module")
def made() -> tuple[Study, Imputations]:
    study = parse_study(STUDY)
    wide = make_wide()
    settings = settings_of(study, m=2, iterations=2)
    imputation, frames = impute_wide(wide, study, settings)
    data = Completed(study, derive(wide, study), tuple(frames))
    said = {"m": 2, "iterations": 2, "seed": settings.seed, "method": settings.method}
    return study, Imputations(data, imputation.models, imputation.trace, imputation.events, said)


def through_a_file(result: Any, kind: str, command: str, settings: dict[str, Any], path: Path) -> Stage:
    write_stage(str(path), kind, result.study, result.content(), Provenance(command, settings))
    return read_stage(path.read_bytes(), path.name, [kind], "dnt show")


def test_imputations_come_back(made: tuple[Study, Imputations], tmp_path: Path) -> None:
    study, result = made
    again = Imputations.from_stage(
        through_a_file(result, "imputations", "impute", dict(result.settings), tmp_path / "imputed.parquet")
    )
    for one, other in zip(result.data.sets, again.data.sets, strict=True):
        pd.testing.assert_frame_equal(one, other, check_dtype=False, check_categorical=False)
    pd.testing.assert_frame_equal(result.rows(), again.rows(), check_like=True)
    for language in ("nl", "en"):
        assert result.tables(Wording(study, language)) == again.tables(Wording(study, language))


def test_imputations_of_another_program_have_no_tables(made: tuple[Study, Imputations], tmp_path: Path) -> None:
    study, result = made
    stage = through_a_file(result, "imputations", "convert", {}, tmp_path / "imputed.parquet")
    with pytest.raises(DataError, match=r"imputed.parquet was imputed by another program"):
        Imputations.from_stage(stage).tables(Wording(study, "en"))


def test_estimates_come_back(made: tuple[Study, Imputations], tmp_path: Path) -> None:
    study, imputations = made
    result = Estimates.of(study, endpoint_effects(imputations.data, Options()), 0.95)
    again = Estimates.from_stage(
        through_a_file(result, "estimates", "fit-t3", {"standardise": "both"}, tmp_path / "t3.parquet")
    )
    pd.testing.assert_frame_equal(result.rows(), again.rows(), check_like=True)
    assert result.tables(Wording(study, "nl")) == again.tables(Wording(study, "nl"))
    assert result.tables(Wording(study, "en"), green="positive") == again.tables(Wording(study, "en"), green="positive")


def test_estimates_of_an_older_version_are_read(made: tuple[Study, Imputations], tmp_path: Path) -> None:
    """Before, the observed answers, what was left out and the standardisation were not told, messages were English."""
    study, imputations = made
    result = Estimates.of(study, endpoint_effects(imputations.data, Options()), 0.95)
    later = ["n_observed_intervention", "n_observed_comparison", "left_out", "baseline", "standardise"]
    older = Estimates(study, result.estimates.drop(columns=later).assign(message="Something."), result.fits)
    stage = through_a_file(older, "estimates", "fit-t3", {"standardise": "outcome"}, tmp_path / "t3.parquet")
    again = Estimates.from_stage(stage)
    rows = again.rows()
    assert set(rows.loc[rows["kind"] == "linear", "standardise"]) == {"outcome"}
    assert (rows["message"] == "Something.").all()
    shown = again.tables(Wording(study, "nl"))
    assert any("Something." in note for table in shown for note in table.notes)
    assert not any(note.startswith("N beantw.") for table in shown for note in table.notes)


def test_files_may_hold_effects_of_every_kind_that_tables_show() -> None:
    """Trends in the probability of a register outcome among them."""
    study = parse_study(STUDY)
    for kind in KINDS:
        for form in (Estimates.form, RobustnessResult.form):
            assert form.values["kind"](kind, study)
