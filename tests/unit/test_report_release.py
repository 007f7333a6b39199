"""The report that leaves with a release: it tells nothing that the tables beside it do not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from dnt_cli.disclosure.release import HIDDEN, Release, released
from dnt_cli.disclosure.report import REPORT, protected
from dnt_cli.figures.style import Drawing
from dnt_cli.report.model import Block, Chapter, FigureBlock, Heading, Paragraph, Report, TableBlock, reference
from dnt_cli.study import load_study
from dnt_cli.study.disclosure import CBS
from dnt_cli.tables import Cell, Column, Counts, Section, Table, mean_of, resting, share_of, without_charts
from dnt_cli.tables.counts import Pair
from dnt_cli.wording import Wording
from tests.support.oracles.disclosure_attack import random_report

ENGLISH = Wording(load_study("dnt"), "en")
YES, BOTH = ("work", ("1",)), ("work", ("0", "1"))
DRAWING = Drawing(lambda: pytest.fail("nothing is drawn here"), "f", "F", "4 of 40")


def worked(group: str, n: int, of: int = 40) -> Counts:
    who: list[Pair] = [("group", (group,))]
    return share_of([*who, YES], n, [*who, BOTH], of)


FEW, MANY = worked("a", 4), worked("b", 20)


def table(*numbers: tuple[str, Counts | None], title: str = "T", notes: tuple[str, ...] = ()) -> Table:
    rows = tuple((Cell("worked"), Cell(text, counts=counts)) for text, counts in numbers)
    return Table(title, (Column("", "left"), Column("N")), (Section("", rows),), notes)


def release(*tables: Table) -> Release:
    own = tables or (table(("4 (10.0%)", FEW), ("20 (50.0%)", MANY)),)
    return released({"f": own}, CBS, ENGLISH)


def leaving(
    *blocks: Block, figures: dict[str, Drawing | None] | None = None, beside: Release | None = None
) -> tuple[Report, Release]:
    chapters = (Chapter("effects", "Effects", blocks), Chapter("summary", "Summary", (Paragraph("Here."),)))
    whole = Report("Report", ("Made.",), "ONLY INSIDE", "Contents", ("Table", "Figure"), chapters, "en")
    return protected(whole, beside or release(), figures or {}, CBS, ENGLISH)


def named(report: Report) -> list[str]:
    """What is said to be left out as a whole."""
    tables = [block.table for block in report.tables if block.key == "left_out"]
    return [row[0].text for own in tables for section in own.sections for row in section.rows]


def told(report: Report) -> list[str]:
    return [block.text for block in report.blocks() if isinstance(block, Paragraph | Heading)]


def test_a_number_is_shown_where_the_tables_beside_it_tell_it() -> None:
    made, whole = leaving(TableBlock("t", table(("4 (10.0%)", FEW), ("20 (50.0%)", MANY))))
    assert [row[1].text for row in made.tables[0].table.sections[0].rows] == [HIDDEN, "20 (50%)"]
    assert whole.shown[REPORT, "T"] == 1
    assert [own.rule for own in whole.left if own.source == REPORT] == ["persons"]


def test_a_number_that_no_table_beside_it_tells_is_left_out() -> None:
    other = share_of([("school", ("low",))], 20, [("school", ("low", "high"))], 40)
    another_size = worked("b", 30, 60)
    shown = [("20 (50%)", MANY), ("20", other), ("30", another_size), ("17", None)]
    made, _ = leaving(TableBlock("t", table(*shown)))
    assert [row[1].text for row in made.tables[0].table.sections[0].rows] == ["20 (50%)", HIDDEN, HIDDEN, HIDDEN]


def test_a_mean_of_known_persons_is_left_out_where_its_sum_is_another() -> None:
    who = [("group", ("b",))]
    beside = release(table(("2.44", mean_of(who, 40, "score", 2.44))))
    numbers = [("2.44", mean_of(who, 40, "score", 2.44)), ("2.91", mean_of(who, 40, "score", 2.91))]
    made, _ = leaving(TableBlock("t", table(*numbers)), beside=beside)
    assert [row[1].text for row in made.tables[0].table.sections[0].rows] == ["2.4", HIDDEN]


def test_of_two_groups_of_one_name_and_size_the_hidden_one_decides() -> None:
    """Another file gives the rest of the study another size, so that its groups are of other data."""
    first = [table(("20 (50.0%)", worked("a", 20)), ("136", resting([], 136)))]
    second = [table(("20 (80.0%)", worked("a", 20, 25)), ("118", resting([], 118)))]  # five others: hidden
    beside = released({"f": first, "g": second}, CBS, ENGLISH)
    assert beside.tables["f"][0].sections[0].rows[0][1].text == "20 (50%)"
    assert beside.tables["g"][0].sections[0].rows[0][1].text == HIDDEN
    made, _ = leaving(TableBlock("t", table(("20 (50.0%)", worked("a", 20)), ("136", resting([], 136)))), beside=beside)
    assert [row[1].text for row in made.tables[0].table.sections[0].rows] == [HIDDEN, "136"]


@pytest.mark.parametrize(
    ("text", "counts", "stays"),
    [
        ("Of 40 women 4 worked.", FEW, False),
        ("Of 40 women 20 worked.", MANY, True),
        ("Of 40 women 20 worked.", None, False),  # nobody knows of whom
        ("More of them worked.", None, True),
        ("Estimates of 4 women.", Counts(), False),  # said to be of no persons, but a number that is hidden
        ("Imputed with 2.5 for comfort.", Counts(), True),
    ],
)
def test_a_paragraph_stays_if_every_number_in_it_may_be_shown(text: str, counts: Counts | None, stays: bool) -> None:
    made, whole = leaving(Paragraph(text, counts=counts))
    assert (text in told(made)) == stays
    assert any(own.source == REPORT for own in whole.left) != stays
    assert ("Effects: 1" in named(made)) != stays


def test_a_table_without_a_number_that_is_shown_goes_with_what_refers_to_it() -> None:
    small, large = TableBlock("small", table(("4", FEW), title="Few")), TableBlock("large", table(("20", MANY)))
    lead = Paragraph(f"{reference('large')} shows many. {reference('small')} shows few. That is all.")
    made, whole = leaving(lead, Heading("Small ones"), small, Heading("Large ones"), large)
    assert told(made)[:3] == [f"{reference('large')} shows many. That is all.", "Large ones", "Here."]
    assert [own.key for own in made.tables] == ["large", "left_out"]
    assert "Few" in named(made)
    assert ("Few", "block") in {(own.table, own.rule) for own in whole.left}


def test_a_chapter_of_which_nothing_is_left_goes_and_is_named() -> None:
    made, _ = leaving(Heading("Small ones"), Heading("Even smaller", 3), TableBlock("small", table(("4", FEW))))
    assert [chapter.name for chapter in made.sections] == ["summary"]
    assert {"Effects", "T"} <= set(named(made))
    assert any(HIDDEN in line for line in made.lines)  # what the mark means


def test_a_figure_is_there_as_far_as_it_may_leave() -> None:
    part = replace(DRAWING, about="[x] of 40")
    blocks = [FigureBlock(key, f"Caption of {key}", DRAWING) for key in ("whole", "part", "hidden")]
    made, _ = leaving(*blocks, figures={"whole": None, "part": part})
    assert [(own.key, own.drawing.about) for own in made.figures] == [("whole", "4 of 40"), ("part", "[x] of 40")]
    assert made.figures[1].drawing is part
    assert "Caption of hidden" in named(made)


@dataclass(frozen=True)
class Map:
    """A block of a kind that does not exist yet."""

    text: str = "4 women live here"


def test_a_block_of_an_unknown_kind_is_left_out_and_told() -> None:
    made, whole = leaving(Map())  # type: ignore[arg-type]
    assert [type(block) for block in made.blocks()] == [Paragraph, Heading, TableBlock]
    assert "Effects: Map" in named(made)
    assert [own.rule for own in whole.left if own.source == REPORT] == ["unknown"]


def test_it_does_not_say_that_it_may_not_leave() -> None:
    made, _ = leaving()
    assert made.stamp == ""
    synthetic = Wording(load_study("dnt", ["synthetic=true"]), "en")
    whole = Report("R", (), "SYNTHETIC", "C", ("Table", "Figure"), (), "en")
    assert protected(whole, release(), {}, CBS, synthetic)[0].stamp == "SYNTHETIC"


@pytest.fixture(scope="module", params=[0, 7])
def described(request: pytest.FixtureRequest) -> tuple[Report, Release]:
    """The report of a random small study, and the release with it."""
    return random_report(request.param)


def cells(tables: list[Table]) -> dict[tuple[str, int, int], str]:
    found = {}
    for own in tables:
        for i, row in enumerate(own.rows):
            found |= {(own.title, i, j): cell.text for j, cell in enumerate(row)}
    return found


def test_each_table_shows_what_the_released_table_shows_and_no_more(described: tuple[Report, Release]) -> None:
    made, beside = described
    shown = [own.table for own in made.tables if own.key not in ("files", "steps", "versions", "left_out")]
    beside_it = cells([without_charts(own) for own in beside.tables["d"]])
    assert len(shown) > 2
    assert cells(shown).items() <= beside_it.items()


def test_what_is_shown_and_left_out_of_it_is_counted(described: tuple[Report, Release]) -> None:
    made, beside = described
    titles = {own.title for own in beside.tables[REPORT]}
    assert {own.table.title for own in made.tables if own.key != "left_out"} < titles
    assert {title for source, title in beside.shown if source == REPORT} >= titles
    assert any(own.source == REPORT for own in beside.left)


def test_of_a_paragraph_the_sentences_stay_of_which_every_number_may_be_shown() -> None:
    said = [("20 of b.", MANY), ("4 of a.", FEW), ("4 of a again.", FEW), ("It rose.", None), ("4 of c.", FEW)]
    cells = tuple(Cell(text, counts=counts) for text, counts in said)
    made, _ = leaving(Paragraph(" ".join(own.text for own in cells), sentences=cells))
    assert told(made)[0] == f"20 of b. {HIDDEN} It rose. {HIDDEN}"
