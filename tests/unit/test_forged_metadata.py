"""A stage file whose metadata another program changed, seal and all, is refused by name, never a mistake in dnt."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dnt_cli.errors import DataError
from dnt_cli.stagefile import container
from dnt_cli.stagefile.container import Provenance, as_columns, read_stage, write_stage
from dnt_cli.stagefile.result import Content
from dnt_cli.study import load_study


def written() -> bytes:
    target = io.BytesIO()
    table = pa.table({"a": [1, 2]})
    extra = {"fits": as_columns(pd.DataFrame({"x": [1, 2], "y": ["p", None]})), "level": 0.95}
    write_stage(target, "estimates", load_study("dnt"), Content([table], extra), Provenance("fit-t3", {"m": 5}))
    return target.getvalue()


def forged(change: Callable[[dict[str, Any]], None]) -> bytes:
    """With other metadata, sealed again."""
    before = pq.ParquetFile(io.BytesIO(written()))
    metadata = json.loads(before.metadata.metadata[b"dnt"])
    change(metadata)
    target = io.BytesIO()
    with pq.ParquetWriter(target, pa.schema({"a": pa.int64()})) as writer:
        writer.write_table(pa.table({"a": [1, 2]}))
        writer.add_key_value_metadata(
            {b"dnt": json.dumps(metadata | {"seal": "0" * 64}, ensure_ascii=False, sort_keys=True).encode()}
        )
    container._seal(target)
    return target.getvalue()


def test_the_forgery_itself_is_no_fault() -> None:
    assert read_stage(forged(lambda metadata: None), "x.parquet", ["estimates"], "dnt show").frame["a"].tolist() == [
        1,
        2,
    ]


@pytest.mark.parametrize("key", ["kind", "study", "overrides", "steps", "extra"])
@pytest.mark.parametrize("value", [None, 5, "no list", [5], {"a": 5}])
def test_a_part_of_another_type_is_refused(key: str, value: Any) -> None:
    right = {"kind": str, "study": str, "extra": dict}
    if isinstance(value, right.get(key, ())) and key != "kind":
        value = "= no TOML" if key == "study" else {"fits": {"x": [1], "y": [1, 2]}}
    with pytest.raises(Exception, match=r"x\.parquet") as caught:
        read_stage(forged(lambda metadata: metadata.update({key: value})), "x.parquet", ["estimates"], "dnt show")
    assert caught.value.exit_code in (10, 11)  # type: ignore[attr-defined]


@pytest.mark.parametrize("key", ["command", "settings", "versions", "input_sha256"])
@pytest.mark.parametrize("value", [5, [5]])
def test_a_step_of_another_form_is_refused(key: str, value: Any) -> None:
    with pytest.raises(DataError, match="changed by another program"):
        read_stage(forged(lambda metadata: metadata["steps"][0].update({key: value})), "x", ["estimates"], "dnt show")
    with pytest.raises(DataError, match="changed by another program"):
        read_stage(forged(lambda metadata: metadata["steps"][0].pop(key)), "x", ["estimates"], "dnt show")
