"""Stage files of every kind in which another program changed a column or a note: refused, or shown, never a mistake.

Each part of a file is taken out, doubled and retyped in turn; the file is sealed again, so that only its form gives it
away. Then it is opened, and all that commands do with such a file is done.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dnt_cli.cli.app import app, load_commands
from dnt_cli.cli.results import rows_as_csv
from dnt_cli.cli.show import _facts, _lines
from dnt_cli.description.result import are_figures
from dnt_cli.diff import compare
from dnt_cli.diff.tables import difference_frame, difference_tables
from dnt_cli.errors import DataError, UserError
from dnt_cli.imputed.data import recorded_settings
from dnt_cli.reading import Dictionary, Prepared, RawTable, examined, prepare
from dnt_cli.scoring import score
from dnt_cli.stagefile import container
from dnt_cli.stagefile.container import Stage, read_stage, require_whole
from dnt_cli.stagefile.kinds import KINDS, form_of, result_of
from dnt_cli.synthetic import example_study
from dnt_cli.wording import Wording
from tests.support.answers import STUDY as SCORED
from tests.support.answers import items, write_sav
from tests.support.registers import write_register

Part = tuple[str, pa.Table, dict[str, Any]]  # what was changed, and the table and metadata that came of it
MADE = {
    "answers": "convert answers.sav --study scored.toml",
    "survey": "score answers.sav --study scored.toml",
    "register": "polis records --link link.csv --study study.toml",
    "imputations": "impute survey.csv --study study.toml --register register.parquet --jobs 1 -m 2",
    "estimates": "fit-t3 imputations.parquet --jobs 1",
    "robustness": "robustness imputations.parquet --checks b,i --jobs 1",
    "description": "describe survey.csv --study study.toml",
    "power": "power study study.toml --outcome score --n 20,20 --effects 0.5 --simulations 10 -m 2 --jobs 1",
}
OTHERS: list[Any] = [None, 5, -1.5, "x", True, [], [1], {}, {"x": 5}, {"x": [1, "p"]}, {"x": [[1], [2]]}, {"x": "p"}]
TYPES: list[Any] = [
    [1], {"a": 1}, None, b"x", True, datetime.datetime(2020, 1, 1), datetime.date(2020, 1, 1), datetime.time(1),
    datetime.timedelta(1), Decimal("1.5"), "zzz", '[{"key": "x.y", "values": {}}]', '[{"key"', 7, -7.5, 2**40,
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("forged")
    write_register(folder, "study.toml")
    (folder / "scored.toml").write_text(SCORED, encoding="utf-8")
    write_sav(folder / "answers.sav", items())
    load_commands()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for kind, command in MADE.items():
            done = CliRunner().invoke(app, [*command.split(), "-o", f"{kind}.parquet"])
            assert done.exit_code == 0, (kind, done.output, done.stderr)
    return folder


def content_of(path: Path) -> tuple[pa.Table, dict[str, Any]]:
    parquet = pq.ParquetFile(path)
    return parquet.read().replace_schema_metadata(None), json.loads(parquet.metadata.metadata[b"dnt"])


def opened(table: pa.Table, metadata: dict[str, Any]) -> Stage:
    """The file, sealed as dnt seals it."""
    target = BytesIO()
    with pq.ParquetWriter(target, table.schema) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({b"dnt": json.dumps(metadata | {"seal": "0" * 64}, sort_keys=True).encode()})
    container._seal(target)
    return require_whole(read_stage(target.getvalue(), "x.parquet", KINDS, "dnt show"))


def tell(stage: Stage, before: Stage) -> None:
    """What `dnt info` does with a file, also with the fits, of which tables make nothing."""
    _lines(stage, stage.second_tables, "en")
    json.dumps(_facts(stage, stage.second_tables))
    rows_as_csv(stage.extra_frame("fits"))


def use(stage: Stage, before: Stage) -> None:
    """All that commands do with a file of any kind, and with one of its own."""
    tell(stage, before)
    found = compare(before, stage, ("a", "b"))
    difference_tables(found, "nl", everything=True)
    difference_frame(found, everything=True)
    result = result_of(stage)
    result.tables(Wording(stage.study, "en"))
    result.rows(everything=True)
    if stage.kind == "survey":
        examined(Prepared(stage.frame, ()), stage.study).checked()
    if stage.kind == "answers":
        raw = RawTable(stage.frame, Dictionary.from_json(stage.extra.get("dictionary", {})))
        score(prepare(raw, stage.study).checked(stage.name), stage.study)
    if stage.kind == "imputations":
        recorded_settings(stage, stage.study)


def other_columns(table: pa.Table, metadata: dict[str, Any]) -> Iterator[Part]:
    """Each column gone, there twice, and of some of the other types; together the columns have every type."""
    rows = table.num_rows
    yield "no rows", table.slice(0, 0), metadata
    for i, name in enumerate(table.column_names):
        yield f"{name} gone", table.remove_column(i), metadata
        yield f"{name} twice", table.append_column(name, table.column(name)), metadata
        # A column of text that holds other text, or of numbers that holds others, has no other type.
        alike = str if pa.types.is_string(table.schema.field(i).type) else (int, float)
        for value in (own for own in islice(TYPES, i % 6, None, 6) if name == "message" or not isinstance(own, alike)):
            yield f"{name} of {value!r}", table.set_column(i, name, pa.array([value] * rows)), metadata
        if i % 4 == 0:
            codes = pa.array(["zzz"] * rows).dictionary_encode()
            yield f"{name} of codes", table.set_column(i, name, codes), metadata


def other_notes(table: pa.Table, metadata: dict[str, Any]) -> Iterator[Part]:
    """Each note, each column of a second table and each setting gone, and anything else in its place."""
    extra, step = metadata["extra"], metadata["steps"][-1]
    yield "no notes", table, metadata | {"extra": {}}
    for name, value in extra.items():
        for change, new in others(extra, name):
            yield change, table, metadata | {"extra": new}
        for i, key in enumerate(value if isinstance(value, dict) else ()):
            for change, new in islice(others(value, key), i % 6, None, 6):
                yield f"{name}: {change}", table, metadata | {"extra": extra | {name: new}}
            if isinstance(value[key], list) and value[key]:
                for cell in islice((None, 5 if isinstance(value[key][0], str) else "zzz", [], {}), i % 2, None, 2):
                    new = value | {key: [cell] * len(value[key])}
                    yield f"{name}: {key} of {cell!r}", table, metadata | {"extra": extra | {name: new}}
    for i, name in enumerate(step["settings"]):
        change, new = list(others(step["settings"], name))[i % (len(OTHERS) + 1)]
        if i % 3 and name != "standardise":  # few of them are looked at again
            continue
        yield f"setting {change}", table, metadata | {"steps": [*metadata["steps"][:-1], step | {"settings": new}]}


def others(content: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield f"{name} gone", {key: value for key, value in content.items() if key != name}
    for value in OTHERS:
        yield f"{name} is {value!r}", content | {name: value}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changed", [other_columns, other_notes])
def test_no_change_of_a_file_reaches_past_its_opening(made: Path, kind: str, changed: Any) -> None:
    table, metadata = content_of(made / f"{kind}.parquet")
    before = opened(table, metadata)
    refused = tried = 0
    wrong = []
    for change, new_table, new_metadata in changed(table, metadata):
        tried += 1
        try:
            (tell if change.startswith("fits: ") else use)(opened(new_table, new_metadata), before)
        except UserError:
            refused += 1
        except Exception as error:  # noqa: BLE001  # whatever it is, it would be told as a mistake in dnt
            wrong.append(f"{change}: {type(error).__name__}: {error}")
    assert not wrong
    assert refused < tried


EFFECT = {
    "outcome": ["zzz"], "kind": ["zzz"], "wave": ["T9"], "status": ["zzz"], "m": [-1.0], "n_persons": [-3.0],
    "n_observed_comparison": [-1.0], "p_value": [3.0, -0.1], "p_holm": [1.5], "std_error": [-0.5], "df": [-4.0],
    "odds_ratio": [-1.0], "estimate": [math.inf], "standardise": ["zzz"], "controls": ["zzz"],
    "message": ['[{"key": "effects.separated", "values": {}}]', '[{"key": "engines.separated_by", "values": {}}]'],
}  # fmt: skip
IMPOSSIBLE: dict[str, dict[str, list[Any]]] = {  # of the right type
    "estimates": EFFECT,
    "robustness": EFFECT | {"verdict": ["zzz"], "shift": [math.inf]},
    "description": {
        "variable": ["zzz"], "wave": ["T9", "T0-T9"], "n": [-1], "denominator": [-1],
        "value": [math.inf],
    },
    "power": {"p_value": [3.0], "std_error": [-1.0], "estimate": [math.inf], "replicate": [-1]},
    "register": {"wave": ["T9"], "month": ["zzz", "2020"], "work": [0.5], "hours": [-1.0], "jobs": [-1.0]},
    "imputations": {".imp": [-1]},
}  # fmt: skip


@pytest.mark.parametrize("kind", IMPOSSIBLE)
def test_a_value_of_the_right_type_that_cannot_be_is_refused(made: Path, kind: str) -> None:
    """In one row; that in which the column has most to say."""
    table, metadata = content_of(made / f"{kind}.parquet")
    for name, values in IMPOSSIBLE[kind].items():
        for value in values:
            kinds = table["kind"].to_pylist() if "kind" in table.column_names else []
            row = table.num_rows - 1 if kind == "description" else kinds.index("binary") if kinds else 0
            column = table[name].to_pylist()
            changed = pa.array([*column[:row], value, *column[row + 1 :]], table.schema.field(name).type)
            with pytest.raises(DataError, match="changed by another program"):
                opened(table.set_column(table.column_names.index(name), name, changed), metadata)


@pytest.mark.parametrize(("kind", "name", "value"), [
    ("robustness", "labels", '[{"key": "robustness.subset_known", "values": {}}]'),
    ("robustness", "notes", '[{"key": "common.verbatim", "values": {"text": {"label": "zzz", "kind": "name"}}}]'),
])  # fmt: skip
def test_a_message_that_lacks_a_value_is_refused(made: Path, kind: str, name: str, value: str) -> None:
    table, metadata = content_of(made / f"{kind}.parquet")
    extra = metadata["extra"] | {name: {"b": value}}
    with pytest.raises(DataError, match="changed by another program"):
        opened(table, metadata | {"extra": extra})


def test_a_class_of_an_outcome_in_a_description_is_a_number() -> None:
    study = example_study()
    key = next(key for key, outcome in study.outcomes.items() if outcome.range is not None)
    row = {"table": "baseline", "variable": key, "wave": study.design.baseline, "statistic": "n", "value": 1.0}
    assert are_figures([row | {"level": ""}, row | {"level": "1"}], study)
    assert not are_figures([row | {"level": "zzz"}], study)
    assert are_figures([row | {"level": "", "statistic": "smd", "value": -math.inf}], study)
    assert not are_figures([row | {"level": "", "value": math.inf}], study)


def test_a_logarithm_whose_ratio_no_number_holds_is_refused_and_its_interval_is_endless(made: Path) -> None:
    table, metadata = content_of(made / "estimates.parquet")
    row = table["kind"].to_pylist().index("binary")

    def with_value(name: str, value: float) -> Stage:
        column = table[name].to_pylist()
        changed = pa.array([*column[:row], value, *column[row + 1 :]], table.schema.field(name).type)
        return opened(table.set_column(table.column_names.index(name), name, changed), metadata)

    with pytest.raises(DataError, match="changed by another program"):
        with_value("estimate", 701.0)
    wide = with_value("conf_high", 800.0)
    result_of(wide).tables(Wording(wide.study, "nl"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_as_it_was_made_is_used(made: Path, kind: str) -> None:
    """Or else the tests above would pass if everything were refused."""
    stage = opened(*content_of(made / f"{kind}.parquet"))
    use(stage, stage)
    assert form_of(kind) is not None


@pytest.mark.parametrize("kind", ["register", "estimates", "robustness", "description"])
def test_what_a_result_cannot_be_shown_without_is_required(made: Path, kind: str) -> None:
    table, metadata = content_of(made / f"{kind}.parquet")
    form = form_of(kind)
    assert form is not None
    assert form.columns
    for name in form.columns | form.notes:
        extra = {key: value for key, value in metadata["extra"].items() if key != name}
        without = table.drop_columns([name]) if name in table.column_names else table
        with pytest.raises(DataError, match="changed by another program"):
            opened(without, metadata | {"extra": extra})
