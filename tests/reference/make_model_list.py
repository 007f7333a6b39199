"""Writes models.json: every model of the reference suite, read by make_models.R and by the tests.

Usage: python tests/reference/make_model_list.py

A term is a column, a product "a:b", or "1". `where` selects rows by equality.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent / "models.json"
SIMULATED = ["1", "group", "time", "e1", "e2", "partner", "group:time"]
AT_END = ["1", "group", "e1", "e2", "partner"]
PRENATAL = ["1", "old", "b2", "b4", "b7", "nospa", "spa", "prim", "sec", "tv", "toilet", "ind"]
RESPIRATORY = ["1", "treat", "male", "age", "centre2", "base"]
CONTRACEPTION = ["1", "age", "age:age", "urban", "l1", "l2", "l3"]
BTHEB = ["1", "treat", "pre", "drug", "long", "month"]


def model(name: str, kind: str, data: str, terms: list[str], **more: Any) -> dict[str, Any]:
    """One entry; `kind` is lm, glm, lmer or glmer."""
    entry = {"name": name, "kind": kind, "data": data, "response": "y", "terms": terms, "where": {}, "weights": None}
    return entry | {"nodes": 1, "reml": True} | more


def regressions() -> list[dict[str, Any]]:
    """lm and glm, with and without weights."""
    last = {"month": 8}
    found = [
        model("btheb lm", "lm", "btheb", BTHEB[:5], response="bdi", where=last),
        model("btheb lm weighted", "lm", "btheb", BTHEB[:5], response="bdi", where=last, weights="pre"),
        model("btheb lm interaction", "lm", "btheb", [*BTHEB[:5], "treat:pre"], response="bdi", where=last),
        model("sleepstudy lm", "lm", "sleepstudy", ["1", "days"]),
        model("cbpp glm", "glm", "cbpp", ["1", "p2", "p3", "p4"]),
        model("endometrial without nv glm", "glm", "endometrial", ["1", "pi", "eh"]),
        model("bacteria glm", "glm", "bacteria", ["1", "drug", "drugplus", "week"]),
        model("respiratory glm", "glm", "respiratory", RESPIRATORY, where={"month": 4}),
        model("respiratory glm weighted", "glm", "respiratory", RESPIRATORY, where={"month": 4}, weights="age"),
        model("contraception glm", "glm", "contraception", CONTRACEPTION),
    ]
    for number in (1, 2, 6, 7, 11, 12):
        at_end = {"set": number, "time": 4}
        found.append(model(f"s{number:03d} end lm", "lm", "simulations", AT_END, response="score", where=at_end))
        found.append(model(f"s{number:03d} end glm", "glm", "simulations", AT_END, where=at_end))
    return found


def linear_mixed() -> list[dict[str, Any]]:
    """Models with lmer, REML and ML."""
    base = [
        ("btheb", "btheb", BTHEB, {"response": "bdi"}),
        ("btheb interaction", "btheb", [*BTHEB, "treat:month"], {"response": "bdi"}),
        ("sleepstudy", "sleepstudy", ["1", "days"], {}),
    ]
    base += [
        (f"s{k:03d}", "simulations", SIMULATED, {"response": "score", "where": {"set": k}})
        for k in (0, 2, 6, 8, 11, 13, 16, 21)
    ]
    return [
        model(f"{name} lmer {'REML' if reml else 'ML'}", "lmer", data, terms, reml=reml, **more)
        for name, data, terms, more in base
        for reml in (True, False)
    ]


def logistic_mixed() -> list[dict[str, Any]]:
    """Models with glmer, Laplace and 25 nodes."""
    public = [
        ("bacteria", ["1", "drug", "drugplus", "week"]),
        ("cbpp", ["1", "p2", "p3", "p4"]),
        ("respiratory", RESPIRATORY),
        ("toenail", ["1", "treat", "time", "treat:time"]),
        ("verbagg", ["1", "anger", "male", "self", "do"]),
        ("contraception", CONTRACEPTION),
        ("guprenat", PRENATAL),
    ]
    sets = [*range(25), 36, 55, 72, 124, 141]
    found = [model(f"{name} glmer", "glmer", name, terms) for name, terms in public]
    found += [model(f"s{k:03d} glmer", "glmer", "simulations", SIMULATED, where={"set": k}) for k in sets]
    found += [model(f"{name} glmer AGQ", "glmer", name, terms, nodes=25) for name, terms in public[:4]]
    found += [
        model(f"s{k:03d} glmer AGQ", "glmer", "simulations", SIMULATED, where={"set": k}, nodes=25)
        for k in (2, 6, 8, 11, 12, 13, 36)
    ]
    return found


def main() -> None:
    """Write the list, one model a line."""
    lines = [json.dumps(m) for m in (*regressions(), *linear_mixed(), *logistic_mixed())]
    OUT.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
