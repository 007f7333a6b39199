"""Text that comes from data or study files, made harmless for whatever shows it.

Two dangers: a spreadsheet that takes text for a formula and runs it (CWE-1236), and characters that a terminal, a
browser or a reader obeys instead of showing (escape sequences, bidirectional overrides).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?%?")
_UNSHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but tab and newline
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction of writing
    "\u2028\u2029\ufff9-\ufffb\ud800-\udfff]"  # separators, annotations, halves of characters
)
_REPLACEMENT = "\ufffd"


def shown(text: str) -> str:
    """The text with a replacement character for each one that is obeyed instead of shown; tabs and newlines stay."""
    return text if text.isprintable() else _UNSHOWN.sub(_REPLACEMENT, text)


def shown_in_line(text: str) -> str:
    """As `shown`, in one line."""
    return text if text.isprintable() else re.sub(r"[\t\n]+", " ", shown(text))


def neutral(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet could take it for a formula; a number stays a number.

    `restored` takes the apostrophe away again.
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def restored(text: str) -> str:
    """The text that `neutral` made safe."""
    return text[1:] if text[:1] == "'" and _FORMULA.match(text) and not _NUMBER.fullmatch(text[1:]) else text


def neutral_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with `neutral` names and texts; numbers, dates and gaps stay as they are."""
    return _each_text(frame, neutral)


def restored_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """The table that `neutral_frame` was given."""
    return _each_text(frame, restored)


def _each_text(frame: pd.DataFrame, change: Any) -> pd.DataFrame:
    import pandas as pd

    out = frame.copy(deep=False)
    for place in range(out.shape[1]):
        values = out.iloc[:, place]
        if isinstance(values.dtype, pd.CategoricalDtype):
            names = [change(c) if isinstance(c, str) else c for c in values.cat.categories]
            if names != list(values.cat.categories):
                out.isetitem(place, values.cat.rename_categories(names).array)
        elif values.dtype == object or pd.api.types.is_string_dtype(values.dtype):
            known = {v: change(v) for v in values.unique() if isinstance(v, str)}
            changed = {old: new for old, new in known.items() if old != new}
            if changed:
                renamed = [changed.get(v, v) if isinstance(v, str) else v for v in values]
                out.isetitem(place, pd.Series(renamed, dtype=values.dtype).array)
    out.columns = pd.Index([change(c) if isinstance(c, str) else c for c in frame.columns])
    return out
