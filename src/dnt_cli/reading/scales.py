"""Words of answers that have an order, as questionnaires use them; what is not known here is never put in order."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

# A line is a scale, lowest first; where words are parted by strokes there is a scale with each of them (-: with none).
_LISTS = """
zeer oneens, oneens, - / neutraal / niet eens en niet oneens / niet eens niet oneens, eens, zeer eens
zeer oneens, oneens, noch eens noch oneens, eens, zeer eens
helemaal oneens, oneens, - / neutraal / niet eens en niet oneens, eens, helemaal eens
helemaal mee oneens, mee oneens, - / neutraal / niet mee eens en niet mee oneens, mee eens, helemaal mee eens
volledig mee oneens, mee oneens, neutraal, mee eens, volledig mee eens
zeer mee oneens, mee oneens, neutraal, mee eens, zeer mee eens
oneens, neutraal, eens
mee oneens, neutraal, mee eens
nooit, - / zelden / bijna nooit, soms, vaak, altijd
nooit, - / zelden, soms, regelmatig, vaak, altijd
nooit, zelden / bijna nooit, soms, vaak, zeer vaak
nooit, zelden, soms, meestal, altijd
nooit, bijna nooit, soms, vaak, bijna altijd, altijd
nooit, soms, vaak, heel vaak
nooit, soms, regelmatig, vaak, heel vaak of voortdurend
slecht, matig / redelijk, goed
- / zeer slecht, slecht, matig, goed, zeer goed
slecht, matig / redelijk, goed, zeer goed, uitstekend
zeer slecht, slecht, redelijk / neutraal / niet goed en niet slecht, goed, zeer goed
heel slecht, slecht, gaat wel, goed, heel goed
zeer moeilijk, moeilijk, - / neutraal / niet moeilijk en niet makkelijk / gaat net / gaat wel, makkelijk, zeer makkelijk
zeer moeilijk, moeilijk, - / gaat net / gaat wel / neutraal, gemakkelijk, zeer gemakkelijk
zeer moeilijk, moeilijk, eerder moeilijk, eerder makkelijk, makkelijk, zeer makkelijk
heel moeilijk, moeilijk, niet moeilijk en niet makkelijk, makkelijk, heel makkelijk
moeilijk, gemakkelijk
moeilijk, makkelijk
zeer ontevreden, ontevreden, - / neutraal / niet tevreden en niet ontevreden, tevreden, zeer tevreden
helemaal niet, een beetje, nogal, veel / heel erg
helemaal niet, een beetje, tamelijk, zeer
helemaal niet, een beetje, matig, nogal, heel erg
helemaal niet, nauwelijks, enigszins, nogal, heel erg
helemaal niet, weinig, enigszins, veel, zeer veel
niet, een beetje, erg
geen, weinig, enige, veel
geen, licht, matig, ernstig
laag, midden / middel, hoog
zeer laag, laag, midden, hoog, zeer hoog
volkomen onjuist, nauwelijks juist, enigszins juist, volkomen juist
strongly disagree, disagree, - / neutral / neither agree nor disagree, agree, strongly agree
completely disagree, disagree, neutral, agree, completely agree
strongly disagree, disagree, somewhat disagree, neutral, somewhat agree, agree, strongly agree
disagree, neutral, agree
never, - / rarely / seldom / almost never, sometimes, often, always
never, rarely, sometimes, usually, always
never, almost never, sometimes, fairly often, very often
never, rarely, sometimes, often, very often
poor / bad, fair, good
- / very poor, poor, fair, good, very good
poor, fair, good, very good, excellent
very bad, bad, fair, good, very good
very difficult, difficult, - / neutral, easy, very easy
difficult, easy
very dissatisfied, dissatisfied, - / neutral / neither satisfied nor dissatisfied, satisfied, very satisfied
not at all, a little, quite a bit, extremely / very much
not at all, a little bit, moderately, quite a bit, extremely
not at all, slightly, moderately, very, extremely
not at all, several days, more than half the days, nearly every day
not at all true, hardly true, moderately true, exactly true
none, mild, moderate, severe
none, little, some, much
low, medium / middle, high
very low, low, medium, high, very high
"""
SCALES: tuple[tuple[str, ...], ...] = tuple(
    tuple(word for word in words if word != "-")
    for line in _LISTS.strip().split("\n")
    for words in product(*(place.split(" / ") for place in line.split(", ")))
)


def scale_of(words: Iterable[str]) -> tuple[str, ...] | None:
    """The shortest known scale that has all these words, lowest first; None where none has, or they fit two orders.

    Args:
        words: At least two different answers; capitals and blanks around them do not count.
    """
    found = {plain(word) for word in words}
    if len(found) < 2:
        return None
    fitting = sorted((scale for scale in SCALES if found <= set(scale)), key=len)
    if not fitting or len({tuple(word for word in scale if word in found) for scale in fitting}) > 1:
        return None
    return fitting[0]


def plain(word: str) -> str:
    """A word without what makes no difference."""
    return " ".join(word.casefold().split())
