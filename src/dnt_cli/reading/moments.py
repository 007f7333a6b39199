"""Names of waves in data files, such as T1, voormeting and 6m: how they are told, and which comes before which."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Words of a moment in the order of time; a numbered wave stands between the first line and the third.
_BEFORE = (
    "pre|pretest|premeasurement|voor|vooraf|voormeting|baseline|bl|nulmeting|start|startmeting|begin|beginmeting|intake"
)
_BETWEEN = "mid|midterm|midtest|tijdens|tussen|tussentijds|tussenmeting|halverwege"
_AFTER = "post|posttest|na|achteraf|nameting|eind|einde|eindmeting|end|endline|exit|uitstroom"
_LATER = "follow[-_ ]?up|fu|vervolg|vervolgmeting|opvolging"
_UNIT = r"(?:m|mnd|mo|months?|maand|maanden|w|wk|weeks?|weken)"
_NUMBERED = r"(?:t|w|m|wave|meting|tijd|time|month|maand|mnd)[-_ ]?\d{1,2}"
_MEASURED = rf"\d{{1,2}}[-_ ]?{_UNIT}"
_WORD = rf"(?:(?:{_BEFORE}|{_BETWEEN}|{_AFTER})\d?|(?:{_LATER})(?:[-_ ]?\d{{1,2}}{_UNIT}?)?)"
_AT = rf"(?:[-_ ]?(?:test|meting|measurement))?(?:[-_ ]?\d{{1,2}}(?:[-_ ]?{_UNIT})?)?"  # post-test, follow-up 6 months
_WORDS = tuple(re.compile(rf"(?:{words}){_AT}", re.IGNORECASE) for words in (_BEFORE, _BETWEEN, _AFTER, _LATER))
_PLACES = re.compile(rf"{_NUMBERED}|{_MEASURED}|\d+(?:\.0)?", re.IGNORECASE)

LAST = (
    re.compile(rf"(.+?)([_.\- ])({_WORD}|{_MEASURED})", re.IGNORECASE),
    re.compile(rf"(.+?)([_.\- ]?)({_NUMBERED}|\d{{1,2}})", re.IGNORECASE),
)  # of a column's name: the variable, what stands between, the wave
FIRST = (
    re.compile(rf"({_WORD}|{_MEASURED})([_.\- ])(.+)", re.IGNORECASE),
    re.compile(rf"({_NUMBERED})([_.\- ]?)(.+)", re.IGNORECASE),
)  # the same with the wave in front
IN_LABEL = re.compile(rf"[\s,:-]+[(\[]?(?:{_NUMBERED}|{_MEASURED}|{_WORD})[)\]]?$", re.IGNORECASE)


_MONTHS = re.compile(
    r"(?:(?:month|maand|mnd)[-_ ]?(\d{1,2})|.*?(\d{1,2})[-_ ]?(?:m|mnd|mo|months?|maand|maanden))", re.IGNORECASE
)
_WEEKS = re.compile(r".*?(\d{1,2})[-_ ]?(?:w|wk|weeks?|weken)", re.IGNORECASE)


def _place(wave: str) -> int | None:
    """Where in time the words of a moment stand; None where they say nothing of it."""
    if _PLACES.fullmatch(wave):
        return 1
    return next((place for place, words in enumerate(_WORDS) if words.fullmatch(wave)), None)


def in_order(waves: Iterable[str]) -> tuple[list[str], bool]:
    """Waves in the order of time, and whether their names tell it; where they do not, in the order given."""
    given = list(dict.fromkeys(waves))
    places = {wave: _place(wave) for wave in given}
    if any(place is None for place in places.values()):
        return given, False
    numbers = {wave: [months(wave) or 0.0, *(int(part) for part in re.findall(r"\d+", wave))] for wave in given}
    return sorted(given, key=lambda wave: (places[wave], numbers[wave], wave)), True


def months(wave: str) -> float | None:
    """Months since the start, as the names 6m, maand 6 and 26 weeks tell them; None for other names of waves."""
    if found := _MONTHS.fullmatch(wave):
        return float(found[1] or found[2])
    if found := _WEEKS.fullmatch(wave):
        return round(float(found[1]) * 12 / 52.18, 1)
    return 0.0 if _place(wave) == 0 else None
