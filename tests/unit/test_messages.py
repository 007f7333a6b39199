"""What results have to say is stored as keys with values, and spoken in either language."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files

import pytest

from dnt_cli.messages import decoded, encoded, message
from dnt_cli.wording import catalogue, spoken

WORDS = files("dnt_cli") / "words"
ROOMS = [path.name.removesuffix(".toml") for path in WORDS.iterdir() if path.name.endswith(".toml")]
NO_ROWS = message("engines.no_rows")
PLACES = re.compile(r"\{(\w+)")
OTHERWISE = {  # what a term is not called; controles are checks
    "onderzoek": r"studie", "beginmeting": r"startmeting|de start\b", "eindmeting": r"eindmoment|eindpunt",
    "kenmerk": r"achtergrondkenmerk", "locatie": r"plaats van werving", "power": r"onderscheiding",
    "controlevariabele": r"(andere|gelijke|sterkste|gemeten|zonder) controles?\b", "werkblad": r"\bblad",
    "noot": r"opmerking",
}  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_both_languages_take_the_same_values(room: str) -> None:
    for key, both in catalogue(room).items():
        assert set(PLACES.findall(both.nl)) == set(PLACES.findall(both.en)), f"{room}.{key}"


@pytest.mark.parametrize("room", ["effects", "engines"])
def test_no_sentence_is_left_in_english(room: str) -> None:
    symbols = {"p_persons", "p_interaction_holm", "flagged"}  # abbreviations that are the same in both
    for key, both in catalogue(room).items():
        words = re.sub(r"\{[^}]*\}|[^a-zA-Z]", "", both.nl)
        assert not words or both.nl != both.en or key in symbols, key


@pytest.mark.parametrize("term", OTHERWISE)
def test_a_thing_has_one_name_in_dutch(term: str) -> None:
    said = {f"{room}.{key}": both.nl for room in ROOMS for key, both in catalogue(room).items()}
    assert not [key for key, text in said.items() if re.search(OTHERWISE[term], text, re.IGNORECASE)]


def test_a_column_gives_the_messages_back() -> None:
    said = (
        message(
            "effects.because", what=[message("effects.separated", count=2, m=5)], reasons=[message("engines.no_rows")]
        ),
        message("effects.laplace_doubtful", sd=3.42, nodes=25, shift=-0.1, ratio=1.2),
        message("effects.left_out", controls=("age", "place")),
    )
    assert decoded(encoded(said)) == said
    assert encoded([]) == ""
    assert decoded("") == decoded(None) == ()


def test_numbers_have_the_decimal_sign_of_the_language() -> None:
    column = encoded([message("effects.laplace_doubtful", sd=3.42, nodes=25, shift=-0.104, ratio=0.874)])
    assert "SD 3.4, 25 nodes move the effect by -0.10 SE" in spoken(column, "en")
    assert "intercept 3,4, 25 punten verschuiven het effect met -0,10 SE" in spoken(column, "nl")
    assert "standard error to 0.87 times" in spoken(column, "en")
    assert "standaardfout 0,87 keer" in spoken(column, "nl")


def test_sentences_are_joined_by_a_space_and_parts_by_a_semicolon() -> None:
    parts = [message("effects.separated", count=2, m=5), message("effects.unusable", count=1, m=5)]
    assert spoken(parts, "nl") == "2 van 5 imputaties gesepareerd; 1 van 5 imputaties zonder bruikbare schatting"
    assert spoken([message("engines.no_rows"), message("engines.constant")], "en").count(". The") == 1


def test_a_sentence_of_an_older_file_stays_as_it_is() -> None:
    assert spoken("2 of 5 imputations separated", "nl") == "2 of 5 imputations separated"
    assert spoken(float("nan"), "nl") == ""


def test_what_is_stored_holds_no_sentence() -> None:
    column = encoded([message("engines.aliased", terms="'age'")])
    assert json.loads(column) == [{"key": "engines.aliased", "values": {"terms": "'age'"}}]


def test_every_key_in_the_code_has_words() -> None:
    """Keys of messages are literals, so that each can be looked up; those that are put together are listed here."""
    composed = {
        "effects.observed_",
        "effects.standardised_",
        "common.effect_",
        "effects.{",
        "engines.{",
        "common.{",
        "imputed.event_",
    }
    known = {f"{room}.{key}" for room in ROOMS for key in catalogue(room)}
    used = set()
    for path in _sources(files("dnt_cli")):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'"((?:effects|engines|imputed|common)\.[\w{]+)"', text))
    unknown = {key for key in used - known if not any(key.startswith(start) for start in composed)}
    assert unknown == set()


def _sources(folder):  # type: ignore[no-untyped-def]
    for path in folder.iterdir():
        if path.is_dir():
            yield from _sources(path)
        elif path.name.endswith(".py"):
            yield path


def test_the_catalogues_are_toml() -> None:
    for room in ROOMS:
        tomllib.loads((WORDS / f"{room}.toml").read_text(encoding="utf-8"))
