"""Figures that leave whole, in part or not at all, and the tables behind them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dnt_cli.description.run import describe
from dnt_cli.description.tables import outcome_tables
from dnt_cli.disclosure.figures import TracedFigure, traced_figures
from dnt_cli.disclosure.release import HIDDEN, released
from dnt_cli.effects.columns import COLUMNS
from dnt_cli.effects.result import Estimates
from dnt_cli.figures.outcomes import outcome_drawings
from dnt_cli.models import GROUP, TREND
from dnt_cli.study import parse_study
from dnt_cli.study.disclosure import CBS
from dnt_cli.survey import cast_survey
from dnt_cli.synthetic import example_study, generate
from dnt_cli.tables import Cell, Table
from dnt_cli.wording import Wording
from tests.support.disclosure import ENGLISH, table, yes
from tests.support.oracles.disclosure_attack import STUDY, random_survey


def test_of_the_tables_behind_figures_those_of_figures_that_leave_are_kept() -> None:
    one, other = (replace(table([("a", "20", yes("a", 20, 40)), ("b", "4", yes("b", 4, 40))]), title=t) for t in "AB")
    found = released({"figures": [one, other], "more": [other]}, CBS, ENGLISH)
    kept = found.keeping("figures", ["A"])
    assert [own.title for own in kept.tables["figures"]] == ["A"]
    assert [own.title for own in kept.tables["more"]] == ["B"]
    assert {(own.source, own.table) for own in kept.left} == {("figures", "A"), ("more", "B")}
    assert "figures" not in found.keeping("figures", []).tables


def marked(own: Table, *rows: int) -> Table:
    """The table with the mark for what is left out in these rows of each section."""
    return replace(own, sections=tuple(
        replace(section, rows=tuple(
            (row[0], *(Cell(HIDDEN) for _ in row[1:])) if i in rows else row for i, row in enumerate(section.rows)
        ))
        for section in own.sections
    ))  # fmt: skip


@pytest.fixture(scope="module")
def small() -> list[TracedFigure]:
    study = parse_study(STUDY)
    description = describe(cast_survey(random_survey(3), study)[0], study)
    return traced_figures(description, None, Wording(study, "en"))


def test_a_flow_has_a_mark_for_each_number_that_is_left_out(small: list[TracedFigure]) -> None:
    flow = small[0]
    assert all(cell.counts is not None for s in flow.table.sections for row in s.rows for cell in row[1:])
    whole = flow.draw(flow.table)
    assert whole is not None
    assert HIDDEN not in whole.about
    drawing = flow.draw(marked(flow.table, 1, 2, 3))  # what is left out of each wave
    assert drawing is not None
    assert f"T1: 44 seen, {HIDDEN} missed ({HIDDEN}%), of whom {HIDDEN}" in drawing.about
    assert flow.draw(marked(flow.table, 0, 1, 2, 3)) is None


def test_the_figure_of_an_outcome_leaves_whole_or_not_at_all(small: list[TracedFigure]) -> None:
    figures = {own.table.title: own for own in small[1:]}
    assert list(figures) == ["Work", "Ladder", "High"]
    for own in figures.values():
        assert own.draw(own.table) is not None
        assert own.draw(marked(own.table, 0)) is None


def test_a_forest_leaves_out_an_outcome_with_a_number_that_is_left_out() -> None:
    rows = [
        dict.fromkeys(COLUMNS, np.nan)
        | {"outcome": outcome, "analysis": analysis, "kind": "binary", "term": term, "status": "ok", "message": ""}
        | {"estimate": 0.1, "odds_ratio": 1.1, "conf_low": -0.5, "conf_high": 0.7, "p_value": 0.5, "left_out": ""}
        | {"n_persons": 136.0, "n_observed_intervention": n, "n_observed_comparison": 45.0, "controls": ""}
        for outcome, analysis, term, n in (
            ("work_any", "t3", GROUP, 50.0), ("work_any", "longitudinal", TREND, 8.0), ("debt", "t3", GROUP, 50.0)
        )
    ]  # fmt: skip
    (forest,) = traced_figures(None, Estimates(ENGLISH.study, pd.DataFrame(rows), pd.DataFrame(), 0.95), ENGLISH)
    shown = released({"figures": [forest.table]}, CBS, ENGLISH).tables["figures"][0]
    assert [HIDDEN in row[1].text for row in shown.sections[0].rows] == [False, True, False]
    drawing = forest.draw(shown)
    assert drawing is not None
    assert "Has debts" in drawing.about
    assert "paid job" not in drawing.about


def test_the_table_behind_a_figure_holds_what_the_figure_shows() -> None:
    study = example_study()
    description = describe(cast_survey(generate(), study)[0], study)
    wording = Wording(study, "en")
    behind = outcome_tables(description, wording)
    drawings = outcome_drawings(description, wording)
    assert list(behind) == list(drawings)
    assert [own.title for own in behind.values()] == [own.title for own in drawings.values()]
    shown = [c.text for s in behind["debt"].sections for row in s.rows for c in row[1:]]
    trend = description[(description["table"] == "trend") & (description["variable"] == "debt")]
    figures = trend[(trend["statistic"] == "pct") & (trend["group"] != "all")]
    for value, n in zip(figures["value"], figures["denominator"], strict=True):
        assert {f"{value:.1f}", str(int(n))} <= set(shown)
