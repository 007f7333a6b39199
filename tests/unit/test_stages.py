"""Stage files: what goes in comes out, whole or not at all, and never changed."""

from __future__ import annotations

import io
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dnt_cli.errors import DataError
from dnt_cli.stagefile.atomic import read_bytes, replacing
from dnt_cli.stagefile.container import (
    Provenance,
    as_columns,
    is_parquet,
    open_stage,
    read_stage,
    refuse_foreign,
    write_stage,
)
from dnt_cli.stagefile.kinds import KINDS
from dnt_cli.stagefile.result import Content
from dnt_cli.study import Study, parse_study
from tests.support.studies import BASE

STEP = Provenance("fit-t3", {"m": 3})


@pytest.fixture
def study() -> Study:
    return parse_study(BASE, overrides=["imputation.m=3"])


def table(value: float = 1.5) -> pa.Table:
    return pa.table({"x": [value, 2.5], "name": ["a", None]})


def written(study: Study, kind: str = "estimates", provenance: Provenance = STEP, tables: int = 1) -> bytes:
    buffer = io.BytesIO()
    write_stage(buffer, kind, study, Content([table(i) for i in range(tables)], {"fits": {"a": [1]}}), provenance)
    return buffer.getvalue()


def test_what_goes_in_comes_out(study: Study, tmp_path: Path) -> None:
    target = tmp_path / "t3.parquet"
    content = Content([table(1), table(2)], {"fits": {"a": [1, 2]}, "level": 0.95})
    write_stage(str(target), "estimates", study, content, STEP)
    stage = read_stage(target.read_bytes(), "t3.parquet", ["estimates"], "dnt show")
    assert (stage.kind, stage.name) == ("estimates", "t3.parquet")
    assert stage.study == study
    assert stage.study.overrides == ("imputation.m=3",)
    assert stage.extra["level"] == 0.95
    assert stage.extra_frame("fits")["a"].tolist() == [1, 2]
    assert stage.extra_frame("nothing").empty
    assert stage.frame["x"].tolist() == [1, 2.5, 2, 2.5]
    assert [part["x"].tolist() for part in stage.row_groups()] == [[1, 2.5], [2, 2.5]]
    parts = [stage.rows(*place)["x"].tolist() for place in ((0, 4), (1, 3), (2, 3), (3, 4))]
    assert parts == [[1, 2.5, 2, 2.5], [2.5, 2], [2], [2.5]]
    assert stage.steps[-1]["command"] == "fit-t3"
    assert stage.steps[-1]["settings"] == {"m": 3}
    assert pd.read_parquet(target)["x"].tolist() == [1, 2.5, 2, 2.5]
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_the_same_makes_the_same_bytes_to_a_file_and_a_stream(study: Study, tmp_path: Path) -> None:
    write_stage(str(tmp_path / "a"), "estimates", study, Content([table(0)], {"fits": {"a": [1]}}), STEP)
    assert (tmp_path / "a").read_bytes() == written(study) == written(study)


def test_provenance_is_a_chain(study: Study) -> None:
    first = read_stage(written(study, "imputations", Provenance("impute", {})), "i", ["imputations"], "dnt fit-t3")
    second = read_stage(written(study, provenance=first.provenance("fit-t3", {"m": 3})), "t", ["estimates"], "dnt show")
    assert [step["command"] for step in second.steps] == ["impute", "fit-t3"]
    assert second.steps[1]["input_sha256"] == first.sha256


def test_no_bit_may_change(study: Study) -> None:
    """Every byte of a small file with one bit over: refused, wherever it falls."""
    content = written(study)
    start = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    rng = np.random.default_rng(3)
    key = content.index(b"\x03dnt\x18", start) + 1  # with its length before it, and what begins the value after it
    places = {
        *range(start),
        *range(key, key + 3),
        *rng.integers(start, len(content), 400).tolist(),
        *range(len(content) - 12, len(content)),
    }
    for place in sorted(places):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(DataError):
            read_stage(bytes(flipped), "t3.parquet", KINDS, "dnt show")
        if place >= 4:  # where a Parquet file says that it is one
            with pytest.raises(DataError):  # and is not taken for a file of another program
                open_stage(bytes(flipped), "t3.parquet")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_off(study: Study, share: float) -> None:
    content = written(study)
    with pytest.raises(DataError, match=r"t3\.parquet is damaged or cut off; make it again"):
        read_stage(content[: int(share * len(content))], "t3.parquet", KINDS, "dnt show")


@pytest.mark.parametrize(
    ("kind", "expected", "message"),
    [
        (
            "estimates",
            "imputations",
            "t3 holds effect estimates; dnt x needs imputed data sets: give the file that this one was made from.",
        ),
        ("survey", "imputations", "t3 holds survey answers, a row per person and wave; dnt x needs imputed data sets"),
        ("imputations", "survey", "t3 holds imputed data sets; dnt x needs survey answers"),
        ("description", "estimates", "t3 holds a description; dnt x needs effect estimates: run `dnt fit-t3`"),
        ("robustness", "estimates", "t3 holds robustness checks; dnt x needs effect estimates"),
    ],
)
def test_another_kind_is_refused_by_name(study: Study, kind: str, expected: str, message: str) -> None:
    with pytest.raises(DataError) as caught:
        read_stage(written(study, kind), "t3", [expected], "dnt x")
    assert message in str(caught.value)
    assert caught.value.exit_code == 11


def metadata_file(value: bytes) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table().replace_schema_metadata({b"dnt": value}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,wave\n", "is not a Parquet file; dnt show needs survey answers"),
        (b"PAR1", "is damaged or cut off"),
        (b"PAR1" + bytes(100) + b"PAR1", "is damaged or cut off"),
        (metadata_file(b"[]"), "is damaged or cut off"),
        (metadata_file(b"{"), "is damaged or cut off"),
        (metadata_file(b"\xff"), "is damaged or cut off"),
        (metadata_file(b'{"schema": 1, "kind": "survey"}'), "is damaged or cut off"),
        (metadata_file(b'{"schema": 0}'), r"another version of dnt \(schema 0, this one reads 1\); make it again"),
        (metadata_file(b'{"schema": 2}'), r"another version of dnt \(schema 2, this one reads 1\)"),
    ],
)
def test_no_stage_file(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_stage(content, "x", ["survey"], "dnt show")


def test_parquet_of_others(study: Study) -> None:
    buffer = io.BytesIO()
    pq.write_table(table(), buffer)
    with pytest.raises(DataError, match="x is Parquet but no dnt stage file; dnt show needs survey answers"):
        read_stage(buffer.getvalue(), "x", ["survey"], "dnt show")
    assert open_stage(buffer.getvalue(), "x") is None
    assert open_stage(b"a,b", "x") is None
    stage = open_stage(written(study), "x")
    assert stage is not None
    assert stage.kind == "estimates"
    with pytest.raises(DataError, match="damaged"):
        open_stage(written(study)[:-1], "x")
    assert is_parquet(buffer.getvalue())
    assert not is_parquet(b"")


def test_read_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    assert read_bytes(str(tmp_path / "a"), None) == (b"x", "a")
    assert read_bytes("-", io.BytesIO(b"y")) == (b"y", "standard input")
    for stdin in (io.BytesIO(), None):
        with pytest.raises(DataError, match="Nothing came from standard input"):
            read_bytes("-", stdin)
    with pytest.raises(DataError, match="There is no file"):
        read_bytes(str(tmp_path / "none"), None)
    with pytest.raises(DataError, match="Cannot read"):
        read_bytes(str(tmp_path), None)


def test_only_its_maker_replaces_a_file(study: Study, tmp_path: Path) -> None:
    target = tmp_path / "t3.parquet"
    target.write_bytes(written(study))
    refuse_foreign(str(target), "estimates", "fit-t3", force=False)
    with pytest.raises(DataError, match=r"holds effect estimates, made by dnt fit-t3; choose another name, or --force"):
        refuse_foreign(str(target), "estimates", "fit-longitudinal", force=False)
    with pytest.raises(DataError, match="--force"):
        refuse_foreign(str(target), "survey", "fit-t3", force=False)
    refuse_foreign(str(target), "survey", "example", force=True)
    target.write_bytes(b"mine")
    with pytest.raises(DataError, match="something that dnt did not write"):
        refuse_foreign(str(target), "estimates", "fit-t3", force=False)
    with pytest.raises(DataError, match="is a folder"):
        refuse_foreign(str(tmp_path), "estimates", "fit-t3", force=True)
    refuse_foreign(str(tmp_path / "new"), "estimates", "fit-t3", force=False)


def test_a_failure_while_writing_leaves_the_old_file_and_nothing_else(study: Study, tmp_path: Path) -> None:
    target = tmp_path / "i.parquet"
    target.write_bytes(old := written(study))

    def tables() -> Iterator[pa.Table]:
        yield table()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_stage(str(target), "estimates", study, Content(tables()), STEP)
    with pytest.raises(KeyboardInterrupt), replacing(target) as stream:  # noqa: PT012
        stream.write(b"half")
        raise KeyboardInterrupt
    assert target.read_bytes() == old
    assert list(tmp_path.iterdir()) == [target]


def test_trouble_of_the_system_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"old")
    with pytest.raises(DataError, match=r"Cannot write .*x: No space left"), replacing(target):
        raise OSError(28, "No space left on device")
    with pytest.raises(DataError, match="Cannot write"), replacing(tmp_path / "none" / "x"):
        pass
    with pytest.raises(DataError, match="Cannot write"), replacing(target / "x"):
        pass
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(5, "Input/output error")))
    with pytest.raises(DataError, match="Input/output error"), replacing(target) as stream:
        stream.write(b"new")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_leftovers_of_dead_runs_are_swept_and_live_ones_spared(tmp_path: Path) -> None:
    dead = tmp_path / ".other.parquet.0123456789abcdef.dnt-tmp"
    dead.write_bytes(b"answers")
    stranger = tmp_path / ".keep.tmp"
    stranger.write_bytes(b"")
    with replacing(tmp_path / "a") as outer:
        outer.write(b"1")
        with replacing(tmp_path / "b") as inner:
            inner.write(b"2")
        assert len([p for p in tmp_path.iterdir() if p.name.endswith(".dnt-tmp")]) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == [".keep.tmp", "a", "b"]
    assert (tmp_path / "a").read_bytes() == b"1"


def test_frames_as_json_values() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [0.5, np.nan], "c": ["x", None], "d": pd.array([1, None], dtype="Int64")})
    plain = as_columns(frame)
    assert plain == {"a": [1, 2], "b": [0.5, None], "c": ["x", None], "d": [1, None]}
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
