"""What can be wrong with register records and link files, and what must come of it: right, refused, or either."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tests.support.oracles.any_input import WORD
from tests.support.oracles.any_register import AMOUNTS, FIRST, HOURS, JOB, KEY, KIND, LAST, TYPE

FORMS = ("csv", "semicolon", "tab", "bom", "crlf", "quoted", "index", "parquet", "parquet", "parquet", "sav", "dta")

# Cells of records that cannot be, or hardly: (columns, value); the rules say what they mean.
CELLS: dict[str, tuple[tuple[str, ...], Any]] = {
    "text for an amount": (AMOUNTS, WORD), "nan as text": (AMOUNTS, "nan"), "infinite": (AMOUNTS, float("inf")),
    "huge": (AMOUNTS, Decimal("1000000000000000")), "no amount": (AMOUNTS, None), "negative": (AMOUNTS, Decimal("-80")),
    "negative code": (AMOUNTS, Decimal(-9_999_999)), "impossible day": ((FIRST, LAST), "20200231"),
    "impossible month": ((FIRST, LAST), "20201301"), "zeros for a date": ((FIRST, LAST), "00000000"),
    "no date": ((FIRST, LAST), None), "text for a date": ((FIRST, LAST), WORD), "long ago": ((FIRST,), "19000101"),
    "far end": ((LAST,), "20991231"), "last day there is": ((LAST,), "99991231"),
    "end before start": ((LAST,), "20170101"),
    "other population": ((KIND,), "X"), "no population": ((KIND,), None), "small letter": ((KIND,), "r"),
    "text for a key": ((KEY,), WORD), "key of zeros": ((KEY,), "000000000"), "no key": ((KEY,), None),
    "key of ten digits": ((KEY,), "1700313370"), "no job": ((JOB,), None), "no kind of job": ((TYPE,), None),
    "zeros before a kind": ((TYPE,), "02"), "kind of zeros": ((TYPE,), "0"), "text for a kind": ((TYPE,), WORD),
}  # fmt: skip


def struck(frame: pd.DataFrame, damage: str, rng: np.random.Generator) -> pd.DataFrame:
    """The records with one to three cells that cannot be."""
    columns, value = CELLS[damage]
    out, own = frame.copy(), np.flatnonzero(~frame[KEY].str.startswith("88"))
    for at in rng.choice(own, min(len(own), int(rng.integers(1, 4))), replace=False) if len(own) else ():
        out.at[at, str(rng.choice(columns))] = value
    return out


Bytes = Callable[[bytes, str, np.random.Generator], bytes]


def _column_twice(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
    if suffix == ".parquet":
        table = pq.read_table(io.BytesIO(content))
        stream = io.BytesIO()
        pq.write_table(pa.table([*table.columns, table.columns[0]], [*table.column_names, KEY.title()]), stream)
        return stream.getvalue()
    head, *lines = content.decode().splitlines()
    return "\n".join([f"{head},{KEY.title()}", *(f"{line},1" for line in lines)]).encode()


def _with_line(change: Callable[[str], str]) -> Bytes:
    def damage(content: bytes, suffix: str, rng: np.random.Generator) -> bytes:
        lines = content.decode().splitlines()
        at = int(rng.integers(1, len(lines)))
        return "\n".join([*lines[:at], change(lines[at]), *lines[at + 1 :]]).encode() + b"\n"

    return damage


# Name -> (forms, verdict, change of a file's bytes); the frame is written plainly in one of the forms.
FILES: dict[str, tuple[tuple[str, ...], str, Bytes]] = {
    "empty": (FORMS, "refused", lambda c, s, r: b""),
    "cut in two": (("parquet", "sav", "dta"), "refused", lambda c, s, r: c[: len(c) // 2]),
    "cut off": (FORMS, "any", lambda c, s, r: c[: int(r.integers(len(c)))]),
    "another byte": (FORMS, "any", lambda c, s, r: (at := int(r.integers(len(c)))) * 0 or
                     c[:at] + bytes([c[at] ^ int(r.integers(1, 256))]) + c[at + 1 :]),
    "something else": (FORMS, "refused", lambda c, s, r: b"PAR1 CANARYWORD \x00\xff"),
    "header only": (("csv",), "any", lambda c, s, r: c.partition(b"\n")[0] + b"\n"),
    "blank lines": (("csv", "crlf"), "right or refused", lambda c, s, r: c + b"\n\n"),
    "no last line end": (("csv",), "right", lambda c, s, r: c.rstrip(b"\n")),
    "latin-1": (("csv",), "right or refused", lambda c, s, r: c.decode().encode("latin-1")),
    "utf-16": (("csv",), "right or refused", lambda c, s, r: c.decode().encode("utf-16")),
    "nul": (("csv",), "right or refused", _with_line(lambda line: line + "\0")),
    "too few fields": (("csv",), "refused", _with_line(lambda line: line.rpartition(",")[0])),
    "too many fields": (("csv",), "refused", _with_line(lambda line: line + ",1")),
    "open quote": (("csv",), "refused", _with_line(lambda line: '"' + line)),
    "spaces": (("csv",), "right or refused", lambda c, s, r: c.replace(b",", b" , ")),
    "column twice": (("csv", "parquet"), "refused", _column_twice),
    "old line ends": (("csv",), "right or refused", lambda c, s, r: c.replace(b"\n", b"\r")),
}  # fmt: skip
# Name -> (forms, verdict, change of the values): other spellings of the same, which are right or refused.
SPELLED: dict[str, tuple[tuple[str, ...], str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "column missing": (FORMS, "refused", lambda f: f.drop(columns=[KEY])),
    "job column missing": (FORMS, "refused", lambda f: f.drop(columns=[JOB])),
    "amount column missing": (FORMS, "refused", lambda f: f.drop(columns=[*HOURS])),
    **{f"{name} as 1.0": (("csv", "semicolon"), "right or refused", lambda f, n=name: f.assign(**{
        n: [f"{int(v)}.0" if v else None for v in f[n]]})) for name in (KEY, JOB, FIRST, LAST, TYPE)},
    **{f"{name} with dashes": (("csv", "parquet", "sav"), "right or refused", lambda f, n=name: f.assign(**{
        n: [f"{v[:4]}-{v[4:6]}-{v[6:]}" for v in f[n]]})) for name in (FIRST, LAST)},
    **{f"{name} with a time": (("csv",), "right or refused", lambda f, n=name: f.assign(**{
        n: [f"{v}000000" for v in f[n]]})) for name in (FIRST, LAST)},
    **{f"{name} with spaces": (("csv", "parquet"), "right or refused", lambda f, n=name: f.assign(**{
        n: [f" {v} " if v else v for v in f[n]]})) for name in (KIND, KEY, JOB, FIRST, LAST, TYPE)},
    "population with spaces": (("csv", "parquet", "sav"), "right", lambda f: f.assign(**{KIND: f[KIND] + "   "})),
    "points for thousands": (("csv", "semicolon"), "any", lambda f: f.assign(**{
        HOURS[0]: [f"1.{v}" for v in f[HOURS[0]]]})),
}  # fmt: skip


def _odd(column: str, value: Any) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(link: pd.DataFrame) -> pd.DataFrame:
        at = next((n for n, kind in enumerate(link[KIND]) if kind == "R" and link[KEY].iloc[n] is not None), 0)
        values = [*link[column]]
        values[at] = value
        return link.assign(**{column: pd.Series(values, dtype=object)})

    return change


LINKS: dict[str, tuple[str, Callable[[pd.DataFrame], pd.DataFrame]]] = {
    "person twice": ("refused", lambda f: pd.concat([f, f.iloc[[0]]])),
    "no number": ("refused", lambda f: f.drop(columns=[KEY])),
    "no population": ("refused", lambda f: f.drop(columns=[KIND])),
    "no person": ("refused", lambda f: f.drop(columns=["person"])),
    "no inclusion": ("refused", lambda f: f.iloc[:, [not c.startswith("date_") for c in f]]),
    "id missing": ("refused", _odd("person", None)), "id of spaces": ("refused", _odd("person", "  ")),
    "text for a number": ("refused", _odd(KEY, WORD)), "ten digits": ("refused", _odd(KEY, "7003133701")),
    "negative number": ("refused", _odd(KEY, "-70031337")), "half a number": ("refused", _odd(KEY, "70031337.5")),
    "digits of another script": ("refused", _odd(KEY, "\u0661\u0662")),
    **{f"date {value}": ("refused", lambda f, v=value: _odd(f.columns[3], v)(f)) for value in (
        "2020-02-31", "31-06-2020", "20200931", "2020-13-01", "13/13/2020", WORD, "2020", "43831", "2020-4-1 or so",
        "00000000", "inf", "", "NA", "2020-04-00")},
    "list": ("any", lambda f: _odd(f.columns[3], ["CANARY"])(f)), "list for an id": ("any", _odd("person", ["CANARY"])),
    "no rows": ("any", lambda f: f.iloc[:0]),
    "link column twice": ("refused", lambda f: pd.concat([f, f[[KEY]]], axis=1)),
    "shuffled": ("right", lambda f: f.sample(frac=1, random_state=1).reset_index(drop=True)),
    "population R with spaces": ("right", lambda f: f.assign(**{KIND: [f" {v} " if v == "R" else v for v in f[KIND]]})),
}  # fmt: skip
