"""What corresponds to the tables and figures of an earlier report: a number and a chapter, or why there is none."""

from __future__ import annotations

from typing import Any

import pytest

from dnt_cli.errors import StudyError
from dnt_cli.report.model import Chapter, FigureBlock, Report, TableBlock
from dnt_cli.report.published import KEY, with_published
from dnt_cli.study import Language, Study, load_study, parse_study
from dnt_cli.tables import Column, Table
from dnt_cli.wording import Wording
from tests.support.studies import study_text


def block(key: str, name: str = "") -> TableBlock:
    return TableBlock(key, Table(key, (Column("x"),), (), name=name))


def report(wording: Wording) -> Report:
    say = wording.text
    effects = [block(f"effects_{i}", name) for i, name in enumerate(("binary", "linear", "register"), start=1)]
    debt = FigureBlock("figure_debt", "Debts", None)  # type: ignore[arg-type]
    chapters = (
        Chapter("population", "Population", (block("sample"), block("block_courses"))),
        Chapter("effects", "Effects", tuple(effects)),
        Chapter("outcomes", "Outcomes", (debt,)),
        Chapter("appendix", "Appendix", (block("codebook"),)),
    )
    return Report("", (), "", "", (say("report.table"), say("report.figure")), chapters, wording.language)


def told(study: Study, language: Language = "nl") -> dict[str, tuple[str, str]]:
    wording = Wording(study, language)
    *_, last = with_published(report(wording), wording).sections
    (table,) = (own.table for own in last.blocks if isinstance(own, TableBlock) and own.key == KEY)
    rows = [[cell.text for cell in row] for row in table.rows]
    return {label.split(":")[0]: (here, chapter) for label, here, chapter in rows}


def test_every_published_table_and_figure_of_the_report_has_its_place_or_a_reason() -> None:
    found = told(load_study("dnt"))
    assert found["Tabel 3.3"] == ("Tabel 2", "1 Population")
    assert found["Tabel 3.5"] == ("Tabel 1", "1 Population")
    assert [found[f"Tabel 4.{i}"][0] for i in (1, 2, 3)] == ["Tabel 3", "Tabel 4", "Tabel 5"]
    assert found["Tabel 2.2"] == ("Tabel 6", "4 Appendix")
    assert found["Figuur 7"] == ("Figuur 1", "3 Outcomes")
    assert found["Tabel 3.6"][0].startswith("hoort bij de procesevaluatie")
    assert found["Figuur 24"] == ("niet in de bestanden achter dit rapport", "")
    figures = [int(name.removeprefix("Figuur ")) for name in found if name.startswith("Figuur")]
    assert figures == list(range(1, 25))
    tables = [name.removeprefix("Tabel ") for name in found if name.startswith("Tabel")]
    assert tables == ["2.1", "2.2", *(f"3.{i}" for i in range(1, 10)), "4.1", "4.2", "4.3"]


def test_a_study_without_an_earlier_report_has_no_such_table() -> None:
    study = parse_study(study_text({"score": {"kind": "linear"}}))
    own = report(Wording(study, "en"))
    assert with_published(own, Wording(study, "en")) == own


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"label": "Table 1"}, "give one of the two: here, or why_not"),
        ({"label": "Table 1", "here": "sample", "why_not": "No data."}, "give one of the two"),
        ({"label": "Table 1", "here": "smaple"}, "expected one of: sample, patterns"),
    ],
)
def test_an_entry_says_where_or_why_not(entry: dict[str, Any], problem: str) -> None:
    with pytest.raises(StudyError, match=problem):
        parse_study(study_text({"score": {"kind": "linear"}}, published={"one": entry}))
