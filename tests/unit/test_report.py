"""The report of a small study: every section from the results, every number as its table shows it, in every format."""

from __future__ import annotations

import io
import itertools
import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import openpyxl
import pytest
from typer.testing import CliRunner

from dnt_cli.cli.app import app, load_commands
from dnt_cli.conclusions import change_sentences
from dnt_cli.effects.columns import effect_rows
from dnt_cli.errors import UsageError
from dnt_cli.imputed.result import Imputations
from dnt_cli.report import NAMES, build
from dnt_cli.report.explanations import _under_headings
from dnt_cli.report.material import Material
from dnt_cli.report.model import Heading, Paragraph, Report, pieces, reference
from dnt_cli.report.own_text import parse
from dnt_cli.report.writers import FORMATS, images, written
from dnt_cli.stagefile.container import Stage, read_stage
from dnt_cli.stagefile.kinds import KINDS, result_of
from dnt_cli.study import Language
from dnt_cli.study.disclosure import Disclosure
from dnt_cli.tables import Cell, Table
from dnt_cli.wording import Wording
from tests.support.small import STUDY, survey

FILES = ("t3", "longitudinal", "robustness", "description", "imputed")


def ran(*arguments: Any) -> str:
    """What a command says, when it ends well."""
    load_commands()
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small study through every stage, marked as made up."""
    place = tmp_path_factory.mktemp("report")
    (place / "study.toml").write_text(STUDY.replace('title = "Small"', 'title = "Small"\nsynthetic = true'), "utf-8")
    survey().to_csv(place / "survey.csv", index=False)
    ran("convert", place / "survey.csv", "--study", place / "study.toml", "-o", place / "survey.parquet")
    ran("describe", place / "survey.parquet", "-o", place / "description.parquet", "-q")
    ran("impute", place / "survey.parquet", "-o", place / "imputed.parquet", "--jobs", "1", "-q")
    for command, name in (("fit-t3", "t3"), ("fit-longitudinal", "longitudinal"), ("robustness", "robustness")):
        ran(command, place / "imputed.parquet", "-o", place / f"{name}.parquet", "--jobs", "1", "-q")
    return place


def stage(folder: Path, name: str) -> Stage:
    return read_stage((folder / f"{name}.parquet").read_bytes(), f"{name}.parquet", list(KINDS), "test")


def material(folder: Path, *names: str, language: Language = "nl") -> Material:
    stages = [stage(folder, name) for name in names or FILES]
    return Material(stages, [result_of(own) for own in stages], Wording(stages[0].study, language), "better")


@pytest.fixture(scope="module")
def report(folder: Path) -> Report:
    return build(material(folder))


@pytest.fixture(scope="module")
def word(report: Report) -> bytes:
    return written(report, "docx", images(report, "docx"))


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return written(report, "html", images(report, "html")).decode()


def texts(report: Report, section: str) -> Iterator[str]:
    """The paragraphs and headings of a section, references in numbers."""
    numbers = report.numbers()
    (own,) = (s for s in report.sections if s.name == section)
    for block in own.blocks:
        if isinstance(block, Paragraph | Heading):
            yield "".join(numbers[part] if refers else part for part, refers in pieces(block.text))


def test_it_has_every_section_in_order(report: Report) -> None:
    assert tuple(section.name for section in report.sections) == NAMES
    assert report.title == "Small. Resultaten"
    assert "SYNTHETISCHE GEGEVENS" in report.stamp


def test_the_titles_of_effects_say_what_stands_left_and_right(report: Report, folder: Path) -> None:
    titles = {own.key: own.table.title for own in report.tables}
    assert titles["effects_1"].startswith("Effecten van deelname, ")
    assert titles["effects_1"].endswith("; T2 (links) en verandering van het effect per meting (rechts)")
    alone = {own.key: own.table.title for own in build(material(folder, "t3")).tables}
    assert alone["effects_1"].startswith("Effecten van deelname. ")
    assert "links" not in alone["effects_1"]


def test_long_notes_stand_once_in_the_appendix_and_the_tables_refer_to_them(report: Report, folder: Path) -> None:
    plain = {own.key: own.table for own in build(material(folder), ["effects", "robustness"]).tables}
    short = {own.key: own.table for own in report.tables}
    numbers = report.numbers()
    explained = short["explanations"]
    told = [cell.text for row in explained.rows for cell in row]
    detailed = {key: table for key, table in plain.items() if table.details}
    assert {"effects_1", "robustness_1"} <= set(detailed)
    for key, table in detailed.items():
        assert not table.details & set(short[key].notes)
        assert f"Verdere toelichting: {numbers['explanations']}." in short[key].notes
        for note in table.notes:
            if note in table.details:
                assert told.count(note.strip()) == 1 or note.startswith(" ")
                assert any(
                    numbers[key] in section.heading.split(", ") and (Cell(note),) in section.rows
                    for section in explained.sections
                )
            elif not note.endswith(":"):
                assert note in short[key].notes


def test_signs_beside_an_effect_are_explained_where_the_table_stands(report: Report) -> None:
    for own in report.tables:
        cells = [cell.text for row in own.table.rows for cell in row]
        if own.key.startswith("effects") and any("!s" in text for text in cells):
            assert any(note.startswith("!s") for note in own.table.notes)


def test_every_page_says_that_numbers_may_not_leave_as_they_are(folder: Path) -> None:
    """Of a study with rules for that; made-up data may."""
    found = material(folder, "t3")
    study = found.wording.study
    for changed, said in (
        (replace(study, synthetic=False, disclosure=Disclosure(preset="cbs")), "dnt release"),
        (replace(study, synthetic=True, disclosure=Disclosure(preset="cbs")), "SYNTHETISCHE"),
        (replace(study, synthetic=False), ""),
    ):
        stamp = build(replace(found, wording=Wording(changed, "nl")), ["method"]).stamp
        assert said in stamp
        assert bool(stamp) == bool(said)


def test_a_section_without_its_results_is_left_out(folder: Path) -> None:
    only = build(material(folder, "description"))
    assert [section.name for section in only.sections] == ["population", "outcomes", "appendix"]
    effects = build(material(folder, "t3"))
    assert [section.name for section in effects.sections] == ["summary", "population", "method", "effects", "appendix"]
    assert [s.name for s in build(material(folder), ["robustness", "method"]).sections] == ["method", "robustness"]


@pytest.mark.parametrize("names", [NAMES, *([name] for name in NAMES)])
def test_every_reference_leads_to_a_table_or_figure(folder: Path, names: list[str]) -> None:
    """Also where a section stands alone."""
    made = build(material(folder), names)
    numbers = made.numbers()
    assert len(numbers) == len(made.tables) + len(made.figures)
    texts = [block.text for block in made.blocks() if isinstance(block, Paragraph)]
    assert {part for text in texts for part, refers in pieces(text) if refers} <= set(numbers)


def test_the_method_follows_the_settings(report: Report, folder: Path) -> None:
    told = "\n".join(texts(report, "method"))
    assert "3 keer geïmputeerd met een multivariaat normaal model van alle metingen samen" in told
    assert "voor het overige met predictive mean matching (5 donoren)" in told
    assert "in 2 rondes (seed 1)" in told
    assert "Effect op T2. Gecontroleerd voor age en de uitkomst op T0." in told
    assert "Trend. Gecontroleerd voor age." in told
    assert "(1) age; (2) geen" in told
    for label in material(folder).robustness.labels.values():  # type: ignore[union-attr]
        assert Wording(stage(folder, "t3").study, "nl").messages(label) in told
    other = "\n".join(texts(build(material(folder, "longitudinal", language="en")), "method"))
    assert "Trend: models with a random intercept" in other
    assert "Effect at" not in other


def test_the_method_tells_of_blocks_only_where_they_were_used(folder: Path) -> None:
    """The models of the imputations say which they were."""
    made = material(folder, "t3", "imputed", language="en")
    imputed = next(own for own in made.results if isinstance(own, Imputations))
    assert set(imputed.models["method"]) == {"block"}
    for stage_ in made.stages:
        for step in stage_.steps:
            if step["command"] == "impute":
                step["settings"]["blocks"] = "off"
    told = "\n".join(texts(build(made), "method"))
    assert "times by predictive mean matching (5 donors) of scores and logistic regression" in told


def test_a_heading_of_indented_notes_ends_with_them(report: Report) -> None:
    """Nothing stands below a heading that is not of it, and no heading without what it is of."""
    for table in report.tables:
        for heading, after in itertools.pairwise((*table.table.notes, ":")):
            assert not heading.endswith(":") or not after.endswith(":")
    table = Table("", (), (), ("main:", "    of the main analysis", "marks"), frozenset({"    of the main analysis"}))
    assert list(_under_headings(table)) == [("main:", "    of the main analysis"), ("", "marks")]


def test_in_word_the_words_above_a_figure_stay_on_its_page(word: bytes, report: Report) -> None:
    paragraphs = docx.Document(io.BytesIO(word)).paragraphs
    places = [i for i, own in enumerate(paragraphs) if own._p.xpath(".//pic:pic")]
    assert len(places) == len(report.figures)
    kept = {text.replace("-", "−") for text in texts(report, "outcomes")}
    for place in places:
        before, picture, caption = paragraphs[place - 1 : place + 2]
        assert picture.paragraph_format.keep_with_next
        assert caption.style is not None
        assert caption.style.name == "Caption"
        assert caption.paragraph_format.keep_with_next is False
        assert before.text.replace("-", "−") not in kept or before.paragraph_format.keep_with_next


def test_the_summary_has_a_verdict_per_hypothesis_and_the_outcomes_their_sentence(report: Report, folder: Path) -> None:
    said = material(folder)
    assert said.conclusions is not None
    summary, effects, outcomes = (list(texts(report, name)) for name in ("summary", "effects", "outcomes"))
    for own in said.conclusions.hypotheses:
        assert own.verdict is None or any(text.startswith(said.wording.hypothesis(own.key)) for text in summary)
    assert sum("Waargenomen" in text for text in effects) == len(said.verdicts)
    assert said.description is not None
    for told in change_sentences(said.description, said.wording).values():
        assert told in outcomes


def test_a_figure_says_its_numbers_in_words(report: Report, folder: Path) -> None:
    figures = {figure.key: figure for figure in report.figures}
    described = stage(folder, "description").frame
    row = described[
        (described["table"] == "trend") & (described["variable"] == "work") & (described["statistic"] == "pct")
        & (described["group"] == "treated") & (described["wave"] == "T1")
    ].iloc[0]  # fmt: skip
    shown = f"T1 {row['value']:.1f}%".replace(".", ",") + f" (N = {row['denominator']:.0f})"
    assert shown in figures["figure_work"].drawing.about
    effects = effect_rows(stage(folder, "t3").frame).set_index("outcome")
    odds_ratio = f"OR {effects.loc['work', 'odds_ratio']:.2f}".replace(".", ",")
    assert f"Works, op T2: {odds_ratio} (" in figures["forest"].drawing.about


def test_word_has_headings_captions_pictures_and_the_stamp_on_every_page(word: bytes, report: Report) -> None:
    made = docx.Document(io.BytesIO(word))
    headings = [p.text for p in made.paragraphs if p.style is not None and p.style.name == "Heading 1"]
    assert headings == [f"{i}  {section.title}" for i, section in enumerate(report.sections, start=1)]
    assert len(made.tables) == len(report.tables)
    captions = [p for p in made.paragraphs if p.style is not None and p.style.name == "Caption"]
    assert len(captions) == len(report.tables) + len(report.figures)
    xml = zipfile.ZipFile(io.BytesIO(word)).read("word/document.xml").decode()
    assert xml.count(" SEQ Tabel ") == len(report.tables)
    assert xml.count(" SEQ Figuur ") == len(report.figures)
    assert len(re.findall(r'w:instr=" PAGEREF \w+ \\h " w:dirty="true"', xml)) == len(report.sections)
    for target in re.findall(r" (?:REF|PAGEREF) (\w+) ", xml):
        assert f'w:name="{target}"' in xml
    alternatives = re.findall(r'<wp:docPr [^>]*descr="([^"]*)"', xml)
    assert len(alternatives) == len(report.figures)
    assert all(alternatives)
    assert all("SYNTHETISCHE" in section.header.paragraphs[0].text for section in made.sections)


def test_word_and_excel_show_what_the_tables_say(word: bytes, report: Report) -> None:
    made = docx.Document(io.BytesIO(word))
    cells = {cell.text for row in made.tables[2].rows for cell in row.cells}
    labels = {cell.text for row in report.tables[2].table.rows for cell in row[:1]}
    assert {label.strip() for label in labels} <= cells
    book = openpyxl.load_workbook(io.BytesIO(written(report, "xlsx", {})))
    assert book.sheetnames == ["Inhoud", *(f"Tabel {i}" for i in range(1, len(report.tables) + 1))]


def test_the_page_is_whole_and_reads_aloud(page: str, report: Report) -> None:
    assert page.startswith('<!DOCTYPE html>\n<html lang="nl">')
    assert not re.search(r'(?:src|href)="(?!#)', page)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert {target for target in re.findall(r'(?:href="|url\()#([^")]+)', page)} <= set(ids)
    for labels in re.findall(r'aria-labelledby="([^"]+)"', page):
        assert set(labels.split()) <= set(ids)
    pictures = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(pictures) == len(report.figures)
    for picture, figure in zip(pictures, report.figures, strict=True):
        drawn = ElementTree.fromstring(picture)
        (about,) = (own.text for own in drawn.iter("{http://www.w3.org/2000/svg}desc"))
        assert about == figure.drawing.about
        assert not list(drawn.iter("{http://www.w3.org/2000/svg}style"))
        assert "T0" in "".join(drawn.itertext()).replace(about, "") or figure.key == "forest"
    assert page.count("<ul>") == page.count("</ul>")


@pytest.mark.parametrize("form", ["md", "tex"])
def test_markdown_and_latex_name_pictures_that_are_drawn(report: Report, form: str) -> None:
    text = written(report, form, {}, "r_figures").decode()
    named = set(re.findall(rf"r_figures/(\w+)\.{FORMATS[form].picture}", text))
    assert named == {figure.key for figure in report.figures}
    assert "\ue000" not in text


def test_the_same_results_are_the_same_bytes(folder: Path) -> None:
    first, again = (build(material(folder), ["effects"]) for _ in range(2))
    for form in ("docx", "html", "xlsx"):
        assert written(again, form, images(again, form)) == written(first, form, images(first, form))


def test_own_text_stands_before_what_dnt_writes(folder: Path) -> None:
    titles = {"method": "Methode", "effects": "Effecten"}
    own = parse(
        "# Methode\n\nWij *kozen* dit,\nen dat.\n\n- een\n- twee\n\n## Kop\n\n# effects\nDit.\n", titles, "own.md"
    )
    assert own["method"] == [
        Paragraph("Wij kozen dit, en dat."), Paragraph("een", "item"), Paragraph("twee", "item"), Heading("Kop"),
    ]  # fmt: skip
    made = build(material(folder), ["method"], own)
    assert made.sections[0].blocks[0] == Paragraph("Wij kozen dit, en dat.")
    for text, said in (("# Other\n", "own.md, line 1: no section of that name"), ("x\n", "text before the first")):
        with pytest.raises(UsageError, match=said):
            parse(text, titles, "own.md")


def test_blocks_refer_to_each_other_by_key() -> None:
    text = f"Zie {reference('a')} en {reference('b')}."
    assert list(pieces(text)) == [("Zie ", False), ("a", True), (" en ", False), ("b", True), (".", False)]


def test_the_command_writes_and_refuses(folder: Path, tmp_path: Path) -> None:
    for name in FILES[:2]:
        shutil.copy(folder / f"{name}.parquet", tmp_path)
    files = [tmp_path / f"{name}.parquet" for name in FILES[:2]]
    target = tmp_path / "r.md"
    call = ("report", *files, "--include", "effects", "-o", target, "--jobs", "1", "--lang", "en")
    told = ran(*call)
    assert "Drew 1 files in" in told
    assert f"Wrote {target}." in told
    assert (tmp_path / "r_figures" / "forest.svg").read_bytes().startswith(b"<?xml")
    load_commands()
    for words, said in (
        (call, "exists; choose another name"),
        ((*call[:-6], "-o", "x.pdf"), "dnt report writes .docx, .html, .xlsx, .md, .tex."),
        (("report", *files, "--include", "outcomes", "-o", tmp_path / "x.md"), "hold nothing for the sections"),
        (("report", *files, "--include", "zzz", "-o", tmp_path / "x.md"), "--include zzz: unknown"),
    ):
        result = CliRunner().invoke(app, [*map(str, words)])
        assert result.exit_code in (2, 11)
        assert said in " ".join(result.stderr.split())
