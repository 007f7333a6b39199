"""What a stage file of a kind must look like: the types of its columns and of its metadata.

Another program can write a file with any. Such a file is refused when it is opened, so that no reader meets one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from dnt_cli.study import Study

Check = Callable[[Any], bool]  # of one value of the metadata
Known = Callable[[Any, "Study"], bool]  # of one value of a column, given the study
_MOST = 1e15  # persons


@dataclass(frozen=True, slots=True)
class Form:
    """The columns and the metadata of one kind of stage file.

    Attributes:
        text: Columns that hold text.
        numbers: Columns that hold numbers.
        values: Column -> check of each of its values, where only some can be shown.
        extra: Name -> check of each second table or note that is known; others are not looked at.
        columns: Those without which the file cannot be shown; others may be lacking, as in files of older versions.
        keys: Attributes of the study's design that name columns which must be there too.
        notes: Names of metadata without which the file cannot be shown.
        rows: Check of what stands in one row together, in the columns `beside`; each such combination is given once.
        beside: Columns of `rows`.
        messages: Names of metadata that hold messages by key.
    """

    text: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    values: Mapping[str, Known] = field(default_factory=dict)
    extra: Mapping[str, Check] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    keys: tuple[str, ...] = ()
    notes: frozenset[str] = frozenset()
    rows: Callable[[Iterable[Mapping[str, Any]], Study], bool] | None = None
    beside: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    def fits(self, extra: Mapping[str, Any], schema: pa.Schema) -> bool:
        """Whether the metadata and the columns are of the types that dnt writes, and no column is there twice."""
        return (
            len(set(schema.names)) == len(schema.names)
            and all(is_plain(column.type) for column in schema)
            and all(self.extra[name](value) for name, value in extra.items() if name in self.extra)
            and all(self._is_text(column) for column in schema if column.name in self.text)
            and all(_is_number(column.type) for column in schema if column.name in self.numbers)
        )

    def _is_text(self, column: pa.Field) -> bool:
        """Whether it holds text; or nothing at all, if the file could do without it."""
        kind, empty = column.type, pa.types.is_null(column.type)
        return bool(
            pa.types.is_string(kind) or pa.types.is_large_string(kind) or (empty and column.name not in self.columns)
        )

    def is_whole(self, extra: Iterable[str], columns: Iterable[str], study: Study) -> bool:
        """Whether all is there without which the results cannot be shown."""
        needed = self.columns | {getattr(study.design, key) for key in self.keys}
        return needed <= {*columns} and self.notes <= {*extra}

    def holds_known(self, table: pa.Table, extra: Mapping[str, Any], study: Study) -> bool:
        """Whether each value can be shown; `table` has the columns of `values` and `beside` that there are."""
        told = (text for name in self.messages for text in extra.get(name, {}).values())
        return (
            all(
                self.values[name](value, study)
                for name in table.column_names
                if name in self.values
                for value in pc.unique(table[name]).to_pylist()
            )
            and all(is_message(text, study) for text in told)
            and self._fit_together(table, study)
        )

    def _fit_together(self, table: pa.Table, study: Study) -> bool:
        if self.rows is None or not set(self.beside) <= set(table.column_names):
            return True
        # In Python, since to group by columns pyarrow would load parts that nothing else needs.
        together = dict.fromkeys(zip(*(table[name].to_pylist() for name in self.beside), strict=True))
        return self.rows((dict(zip(self.beside, values, strict=True)) for values in together), study)


def one_of(*codes: str | int | None) -> Known:
    """A check of a column with a few codes; None among them where it may be empty."""
    return lambda value, study: value in codes


def is_outcome(value: Any, study: Study) -> bool:
    """Whether it is an outcome of the study."""
    return value in study.outcomes


def are_columns(value: Any, study: Study) -> bool:
    """Whether it lists covariates, or outcomes at a wave, as `a, b`; or nothing."""
    return all(name in study.covariates or name in study.columns for name in (value or "").split(", ") if name)


def is_wave(value: Any, study: Study) -> bool:
    """Whether it is a wave of the study, or none."""
    return not value or value in study.design.wave_keys


def is_known(value: Any, study: Study) -> bool:
    """Whether there is a value."""
    return value is not None


def is_count(value: Any, study: Study) -> bool:
    """Whether it counts something, or is not known."""
    return _unknown(value) or 0 <= value < _MOST


def is_probability(value: Any, study: Study) -> bool:
    """Whether it lies between 0 and 1, or is not known."""
    return _unknown(value) or 0 <= value <= 1


def is_size(value: Any, study: Study) -> bool:
    """Whether it is not negative, or is not known; infinity is one."""
    return _unknown(value) or value >= 0


def is_finite(value: Any, study: Study) -> bool:
    """Whether it is a number that can be shown, or is not known."""
    return _unknown(value) or math.isfinite(value)


def is_message(value: Any, study: Study) -> bool:
    """Whether it can be said in both languages; a message of a later version is said by its key."""
    from dnt_cli.wording import spoken

    if isinstance(value, dict):  # of an older version, in both languages
        return True
    try:
        return all(isinstance(spoken(value, language, study), str) for language in ("nl", "en"))
    except (LookupError, ValueError, TypeError, AttributeError):
        return False


def _unknown(value: Any) -> bool:
    return value is None or value != value


def is_table_of(text: Iterable[str] = (), numbers: Iterable[str] = (), counts: Iterable[str] = ()) -> Check:
    """A check of a second table, which holds these columns and perhaps others.

    A table is a list of values per column, all equally long (which is checked of every kind); each column is of text or
    of numbers and truths. Only numbers that are no counts can be unknown, which is None; and the columns that are not
    named here. A table without columns is an empty one.
    """
    texts, figures, whole = frozenset(text), frozenset(numbers), frozenset(counts)

    def check(value: Any) -> bool:
        if not isinstance(value, dict) or not all(isinstance(column, list) for column in value.values()):
            return False
        return not value or (
            texts | figures | whole <= value.keys()
            and all(_all_of(column, (str,)) or _all_of(column, (int, float)) for column in value.values())
            and all(_all_of(value[name], (str,)) for name in texts)
            and all(_all_of(value[name], (int, float)) for name in figures | whole)
            and not any(cell is None for name in texts | whole for cell in value[name])
            and all(0 <= cell < _MOST for name in whole for cell in value[name])
        )

    return check


def is_counts(numbers: Iterable[str], text: Iterable[str] = ()) -> Check:
    """A check of a second table of one row, each of whose cells is known."""
    names = (*numbers, *text)
    is_table = is_table_of(text, counts=numbers)
    return lambda value: is_table(value) and all(len(value.get(name, ())) == 1 for name in names)


def is_level(value: Any) -> bool:
    """Whether it is the level of an interval."""
    return isinstance(value, float) and 0 < value < 1


def are_messages(value: Any) -> bool:
    """Whether it is messages by key; files of older versions hold sentences, or sentences in both languages."""
    from dnt_cli.messages import are_encoded

    both = ("nl", "en")
    return isinstance(value, dict) and all(
        are_encoded(own)
        if isinstance(own, str)
        else isinstance(own, dict) and all(isinstance(own.get(language), str) for language in both)
        for own in value.values()
    )


def is_dictionary(value: Any) -> bool:
    """Whether it is labels of columns, labels of codes and ranges of user-missing codes, as data files bring them."""
    if not isinstance(value, dict) or not all(isinstance(part, dict) for part in value.values()):
        return False
    return all(isinstance(label, str) for label in value.get("labels", {}).values()) and all(
        _are_pairs(pairs) for name in ("values", "missing") for pairs in value.get(name, {}).values()
    )


def is_plain(kind: pa.DataType) -> bool:
    """Whether a column holds one value a cell: text, a number, a truth or a moment."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not pa.types.is_nested(inner)


def _all_of(column: Any, kinds: tuple[type, ...]) -> bool:
    # JSON brings no other types than these; a set of them is quicker than a question per cell.
    plain = {type(None), *kinds, *((bool,) if int in kinds else ())}
    return isinstance(column, list) and set(map(type, column)) <= plain


def _are_pairs(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and _all_of(pair, (str, int, float)) for pair in value
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))
