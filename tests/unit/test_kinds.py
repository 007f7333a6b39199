"""The registry of kinds of stage file: each entry names a result, and a kind of a test is handled like any other."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from dnt_cli.cli.app import app, load_commands
from dnt_cli.cli.results import save_result
from dnt_cli.cli.terminal import terminal
from dnt_cli.stagefile.container import Provenance, Stage
from dnt_cli.stagefile.form import Form
from dnt_cli.stagefile.kinds import KINDS, StageKind, kind_of, result_class
from dnt_cli.stagefile.result import Compared, Content, Green
from dnt_cli.study import Study, Text, parse_study
from dnt_cli.tables import Cell, Column, Section, Table
from dnt_cli.wording import Wording, catalogue
from tests.support.studies import BASE


@dataclass(frozen=True, slots=True)
class Visits:
    """A kind that dnt does not have: how often each person was visited per wave."""

    compared: ClassVar[Compared] = "records"
    form: ClassVar[Form] = Form(numbers=frozenset({"visits"}))

    study: Study
    visits: pd.DataFrame = field(repr=False)

    @classmethod
    def from_stage(cls, stage: Stage) -> Self:
        """The result again."""
        return cls(stage.study, stage.frame)

    def content(self) -> Content:
        """The visits, and how many there were in all."""
        table = pa.Table.from_pandas(self.visits, preserve_index=False).replace_schema_metadata(None)
        return Content([table], {"totals": {"visits": [int(self.visits["visits"].sum())]}})

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per wave."""
        return self.visits.groupby("round", as_index=False)["visits"].sum()

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """The visits per wave."""
        rows = tuple((Cell(str(row["round"])), Cell(str(row["visits"]))) for _, row in self.rows().iterrows())
        return [Table("Visits", (Column("", "left"), Column("visits")), (Section("", rows),), ())]


@pytest.fixture
def visits(monkeypatch: pytest.MonkeyPatch) -> StageKind:
    """The kind, entered in the table and among the words for one test."""
    kind = StageKind("`dnt visit`", f"{__name__}:Visits")
    assert sys.modules[__name__].__dict__["Visits"] is Visits
    monkeypatch.setitem(KINDS, "visits", kind)
    monkeypatch.setitem(catalogue("errors"), "kind_visits", Text("bezoeken", "visits"))
    return kind


def written(path: Path, counts: list[int]) -> str:
    """A stage file of visits of two persons at two waves."""
    frame = pd.DataFrame({"person": ["1", "1", "2", "2"], "round": ["T0", "T1"] * 2, "visits": counts})
    save_result(str(path), Visits(parse_study(BASE), frame), Provenance("visit", {"seed": 1}))
    return str(path)


def said(*arguments: Any) -> str:
    """What a command prints, when it ends well."""
    load_commands()
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_names_a_class_with_the_face_of_a_result(kind: str) -> None:
    found = result_class(kind)
    assert found.compared in ("effects", "records", "figures")
    for name in ("study", "from_stage", "content", "rows", "tables"):
        assert hasattr(found, name) or name in found.__dataclass_fields__
    assert hasattr(found, "joined") == KINDS[kind].joined


@pytest.mark.usefixtures("visits")
def test_a_kind_with_one_class_and_one_entry_is_written_shown_and_compared(tmp_path: Path) -> None:
    first = written(tmp_path / "a.parquet", [1, 2, 3, 4])
    second = written(tmp_path / "b.parquet", [1, 2, 3, 5])
    assert kind_of(Visits(parse_study(BASE), pd.DataFrame())) == "visits"
    assert said("show", first, "--format", "csv", "--raw").splitlines() == ["round,visits", "T0,4", "T1,6"]
    assert said("show", first, "--format", "csv", "--lang", "nl").splitlines() == [";visits", "T0;4", "T1;6"]
    assert "Visits" in said("show", first)
    told = said("info", first)
    assert "a.parquet: visits" in told
    assert "second table totals: 1 rows" in told
    assert said("info", first, "--table", "totals").splitlines() == ["visits", "10"]
    changed = said("diff", first, second, "--lang", "en")
    assert "2 persons in both" in changed
    assert "1 of 1 columns differ (1 cells)" in changed
    said("convert", first, "-o", tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[1] == "1,T0,1"


@pytest.mark.usefixtures("visits")
def test_a_file_is_told_of_in_the_language_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "language", "nl")
    lines = said("info", written(tmp_path / "a.parquet", [1, 2, 3, 4])).splitlines()
    assert lines[0] == "a.parquet: bezoeken"
    for words in (
        "  onderzoek ",
        "  omvang       4 rijen, ",
        "  tweede tabel totals: 1 rijen",
        "  gemaakt met  dnt visit ",
    ):
        assert any(line.startswith(words) for line in lines), words


def refused(*arguments: Any) -> str:
    """What a command says that ends with another exit code than 0."""
    load_commands()
    result = CliRunner().invoke(app, [*map(str, arguments)])
    assert result.exit_code in (2, 11), result.output
    return result.stderr


@pytest.mark.usefixtures("visits")
@pytest.mark.parametrize("ending", ["docx", "xlsx", "html", "md", "tex", "csv", "json", "txt"])
def test_the_tables_are_written_in_the_format_that_the_file_ends_in(tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"visits.{ending}"
    call = ("show", written(tmp_path / "a.parquet", [1, 2, 3, 4]), "-o", target)
    assert said(*call) == f"Wrote {target}.\n"
    content = target.read_bytes()
    assert content[:2] == b"PK" if ending in ("docx", "xlsx") else b"T0" in content
    assert f"{target} exists; choose another name, or --force" in refused(*call)
    said(*call, "--force")
    assert target.read_bytes() == content


@pytest.mark.usefixtures("visits")
def test_one_table_alone_is_chosen_by_its_name(tmp_path: Path) -> None:
    source = written(tmp_path / "a.parquet", [1, 2, 3, 4])
    assert said("show", source, "--tables") == "visits  Visits\n"
    for name in ("visits", "vis", "1"):
        assert "T0" in said("show", source, "--table", name)
    for name in ("2", "0", "", "other"):
        assert f"--table {name}: expected one of: visits." in refused("show", source, "--table", name)


@pytest.mark.usefixtures("visits")
def test_what_does_not_go_together_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    for words, told in (
        (("--format", "docx"), "A .docx file would garble the terminal; add -o FILE.docx."),
        (("-o", "x.pdf"), "x.pdf: dnt show writes .docx, .xlsx, .html, .tex, .md, .csv, .json, .txt."),
        (("--format", "csv", "-o", "x.docx"), "--format csv and -o x.docx do not go together."),
        (("--raw",), "--raw gives rows as CSV, Excel or JSON; add --format csv"),
        (("-o", tmp_path / "nowhere" / "x.md"), "there is no folder"),
    ):
        assert told in " ".join(refused("show", tmp_path / "missing.parquet", *words).split())
