"""The own engine's logistic trends far beyond the study: is an answer right, or refused with a reason, or marked?

    python -m validation.engine_grid                     SD 0-10 x prevalence .02-.98 x 20-2,000 persons x drop-out
    python -m validation.engine_grid --persons 20,136    part of it

Each fit with 15 nodes is compared with 101 nodes. It is marked by the rule by which `dnt fit-longitudinal` says
"doubtful": more nodes move the effect or its standard error. Whether the random intercept's variance is zero is
judged by the slope of the likelihood at zero, from the logistic regression alone. Ends with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from dnt_cli.effects.checks import QUADRATURE_SHIFT, more_nodes
from dnt_cli.engines import DesignMatrix, Fit, fit_logistic, fit_mixed_logistic
from dnt_cli.engines.mixed import DEFAULT_NODES

SPREADS = (0.0, 0.3, 1.0, 2.0, 4.0, 7.0, 10.0)
PREVALENCES = (0.02, 0.1, 0.3, 0.5, 0.9, 0.98)
PERSONS = (20, 136, 500, 2000)
DROPOUTS = (0.0, 0.35)
WAVES = 5
REFERENCE_NODES = 101
MOST_SHIFT = 0.05  # SE, from the reference, of an answer that is not marked
TERMS = ("(Intercept)", "group", "age", "wave", "group:wave")


@dataclass(frozen=True, slots=True)
class Result:
    """What happened in one cell.

    Attributes:
        verdict: `right`, `refused`, `marked`, or what is wrong: `no reason`, `off`, `singular wrong`.
        shift: of the effect from the reference, in its standard errors.
        ratio: of the standard error to the reference's.
    """

    sd: float
    prevalence: float
    persons: int
    dropout: float
    verdict: str
    reason: str = ""
    fitted_sd: float = float("nan")
    shift: float = float("nan")
    ratio: float = float("nan")


def simulated(sd: float, prevalence: float, persons: int, dropout: float, seed: list[int]) -> DesignMatrix:
    """A trend with a random intercept; the answers lost are those of the last waves."""
    rng = np.random.default_rng(seed)
    group = (np.arange(persons) % 2).astype(float)
    age, own = rng.normal(size=(2, persons))
    person, wave = np.repeat(np.arange(persons), WAVES), np.tile(np.arange(WAVES, dtype=float), persons)
    matrix = np.column_stack(
        [np.ones(person.size), group[person], age[person], wave, group[person] * wave],
    )
    linear = matrix @ np.array([0.0, 0.0, 0.3, 0.05, 0.2]) + sd * own[person]
    uniform = rng.random(person.size)
    low, high = -80.0, 80.0  # the intercept that gives the prevalence, by bisection
    for _ in range(60):
        middle = (low + high) / 2
        share = np.mean(1 / (1 + np.exp(-np.clip(linear + middle, -700, 700))))
        low, high = (middle, high) if share < prevalence else (low, middle)
    response = (uniform < 1 / (1 + np.exp(-np.clip(linear + low, -700, 700)))).astype(float)
    last = np.where(rng.random(persons) < dropout, rng.integers(1, WAVES, persons), WAVES)
    kept = wave < last[person]
    return DesignMatrix(response[kept], matrix[kept], TERMS, person[kept].astype(np.int64))


def moved(fit: Fit, other: Fit) -> tuple[float, float]:
    """Difference of the effect in the other fit's standard errors, and the ratio of the standard errors."""
    return (
        float((fit.estimate[-1] - other.estimate[-1]) / other.std_error[-1]),
        float(fit.std_error[-1] / other.std_error[-1]),
    )


def slope_at_zero(design: DesignMatrix) -> float:
    """Slope of the log-likelihood in the random intercept's variance at zero, per its own scale of chance."""
    plain = fit_logistic(design)
    chance = 1 / (1 + np.exp(-design.matrix @ plain.estimate))
    rest, spread = design.response - chance, chance * (1 - chance)
    assert design.groups is not None
    _, codes = np.unique(design.groups, return_inverse=True)
    slope = 0.5 * (np.bincount(codes, rest) ** 2 - np.bincount(codes, spread))
    return float(slope.sum() / np.sqrt(np.square(slope).sum()))


def judged(sd: float, prevalence: float, persons: int, dropout: float, seed: list[int]) -> Result:
    """Fit one cell and hold the answer against the reference."""
    cell = (sd, prevalence, persons, dropout)
    design = simulated(*cell, seed)
    fit = fit_mixed_logistic(design, nodes=DEFAULT_NODES)
    if not fit.status.usable:
        reasons = [said.key for said in fit.status.messages]
        return Result(*cell, "refused" if reasons else "no reason", " ".join(reasons))
    found = float(fit.random_sd or 0.0)
    slope = slope_at_zero(design)
    if fit.status.singular != (slope <= 0) and (
        fit.status.singular or fit.log_likelihood < fit_logistic(design).log_likelihood
    ):
        return Result(*cell, "singular wrong", f"slope {slope:.3g}", found)
    more = fit_mixed_logistic(design, nodes=more_nodes(DEFAULT_NODES, found))
    if not more.status.usable or max(np.abs(np.subtract(moved(fit, more), (0, 1)))) > QUADRATURE_SHIFT:
        return Result(*cell, "marked", "", found)
    exact = more if more.nodes == REFERENCE_NODES else fit_mixed_logistic(design, nodes=REFERENCE_NODES)
    if not exact.status.usable:
        return Result(*cell, "off", " ".join(said.key for said in exact.status.messages), found)
    shift, ratio = moved(fit, exact)
    away = max(abs(shift), abs(ratio - 1))
    return Result(*cell, "right" if away <= MOST_SHIFT else "off", "", found, shift, ratio)


def cells(persons: list[int]) -> Iterator[tuple[float, float, int, float]]:
    """All combinations, the smallest samples first."""
    for n in persons:
        for sd in SPREADS:
            for prevalence in PREVALENCES:
                for dropout in DROPOUTS:
                    yield sd, prevalence, n, dropout


def summary(results: list[Result]) -> str:
    """Per number of persons how often each verdict was given, and the largest unmarked distance, in Markdown."""
    kinds = ["right", "marked", "refused", "off", "singular wrong", "no reason"]
    lines = [f"| persons | fits | {' | '.join(kinds)} | largest unmarked |", f"|--:|--:|{'--:|' * (len(kinds) + 1)}"]
    for n in sorted({r.persons for r in results}):
        own = [r for r in results if r.persons == n]
        counts = Counter(r.verdict for r in own)
        far = max((max(abs(r.shift), abs(r.ratio - 1)) for r in own if r.verdict in ("right", "off")), default=np.nan)
        lines.append(f"| {n} | {len(own)} | {' | '.join(str(counts[k]) for k in kinds)} | {far:.3f} |")
    reasons = Counter(r.reason for r in results if r.verdict == "refused")
    lines += ["", "Refused: " + "; ".join(f"{reason} ({count})" for reason, count in reasons.most_common()) + "."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--persons", default=",".join(str(n) for n in PERSONS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e6, help="begin no fit after this")
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results" / "engine_grid.csv")
    options = parser.parse_args()
    stop = time.monotonic() + 60 * options.minutes
    results: list[Result] = []
    for number, cell in enumerate(cells([int(n) for n in options.persons.split(",")])):
        if time.monotonic() > stop:
            break
        results.append(judged(*cell, [options.seed, number]))
    with options.output.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(asdict(results[0])), lineterminator="\n")
        writer.writeheader()
        writer.writerows({k: f"{v:.5g}" if isinstance(v, float) else v for k, v in asdict(r).items()} for r in results)
    text = summary(results)
    options.output.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)
    wrong = [r for r in results if r.verdict not in ("right", "marked", "refused")]
    for result in wrong:
        print(result)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
