"""`dnt power`: how many persons a study needs, and what a study of a given size can see."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dnt_cli.cli.app import app
from dnt_cli.cli.options import Format, Lang, Shown
from dnt_cli.cli.results import present
from dnt_cli.cli.terminal import Group, Program
from dnt_cli.errors import UsageError

if TYPE_CHECKING:
    from dnt_cli.power.comparisons import Means, Proportions
    from dnt_cli.power.sizes import StudyPlan

_DESIGN = "Design"

power_app = Program(
    name="power", cls=Group, no_args_is_help=True, help="Sample size and power of a comparison of two groups."
)
app.add_typer(power_app, rich_help_panel="Planning")


class PowerMethod(StrEnum):
    """How power is computed."""

    exact = "exact"
    normal = "normal"
    unpooled = "unpooled"
    arcsine = "arcsine"
    corrected = "corrected"


_Method = Annotated[
    PowerMethod | None,
    typer.Option("--method", help="Only this method; default: all, side by side.", rich_help_panel=_DESIGN),
]
_Sizes = Annotated[
    str | None,
    typer.Option(
        "--n", metavar="N,N", rich_help_panel=_DESIGN,
        help="Power of these group sizes (comparison,intervention) instead of the sizes needed.",
    ),
]  # fmt: skip
_Alpha = Annotated[
    float,
    typer.Option("--alpha", metavar="LEVEL", min=0.0001, max=0.5, help="Two-sided level.", rich_help_panel=_DESIGN),
]
_Wanted = Annotated[
    float, typer.Option("--power", metavar="SHARE", min=0.1, max=0.999, help="Wanted power.", rich_help_panel=_DESIGN)
]
_Dropout = Annotated[
    float,
    typer.Option(
        "--dropout", metavar="SHARE", min=0.0, max=0.95, help="Share lost before the endpoint.", rich_help_panel=_DESIGN
    ),
]
_Ratio = Annotated[
    float,
    typer.Option(
        "--ratio", metavar="RATIO", min=0.01, max=100.0, help="Intervention per comparison.", rich_help_panel=_DESIGN
    ),
]
_Icc = Annotated[
    float,
    typer.Option(
        "--icc",
        metavar="SHARE",
        min=0.0,
        max=0.99,
        help="Share of variance between sites, with --sites.",
        rich_help_panel=_DESIGN,
    ),
]
_Sites = Annotated[
    int | None,
    typer.Option("--sites", metavar="N", help="Sites in all, half in each group, with --icc.", rich_help_panel=_DESIGN),
]


@power_app.command()
def proportions(
    comparison: Annotated[float, typer.Argument(metavar="COMPARISON", help="Proportion in the comparison group.")],
    intervention: Annotated[float, typer.Argument(metavar="INTERVENTION", help="In the intervention group.")],
    n: _Sizes = None,
    dropout: _Dropout = 0.0,
    ratio: _Ratio = 1.0,
    icc: _Icc = 0.0,
    sites: _Sites = None,
    alpha: _Alpha = 0.05,
    wanted: _Wanted = 0.80,
    method: _Method = None,
    form: Shown = Format.table,
    language: Lang = ...,  # type: ignore[assignment]
) -> None:
    """Two proportions, such as 5 % against 18 % with paid work.

    Example: dnt power proportions 0.05 0.18 --dropout 0.4
    """
    from dnt_cli.power.comparisons import Proportions
    from dnt_cli.power.sizes import StudyPlan

    plan = StudyPlan(alpha, wanted, ratio, dropout, icc, sites)
    _answer(Proportions(comparison, intervention), plan, n, method, form, language.value)


@power_app.command()
def means(
    difference: Annotated[float, typer.Argument(metavar="DIFFERENCE", help="In standard deviations.")],
    n: _Sizes = None,
    baseline_r: Annotated[
        float,
        typer.Option(
            "--baseline-r", metavar="R", rich_help_panel=_DESIGN,
            help="Correlation of the outcome with its baseline value, which is controlled for.",
        ),
    ] = 0.0,
    dropout: _Dropout = 0.0,
    ratio: _Ratio = 1.0,
    icc: _Icc = 0.0,
    sites: _Sites = None,
    alpha: _Alpha = 0.05,
    wanted: _Wanted = 0.80,
    method: _Method = None,
    form: Shown = Format.table,
    language: Lang = ...,  # type: ignore[assignment]
) -> None:  # fmt: skip
    """Two means that differ by a number of standard deviations.

    Example: dnt power means 0.4 --baseline-r 0.5 --icc 0.05 --sites 16
    """
    from dnt_cli.power.comparisons import Means
    from dnt_cli.power.sizes import StudyPlan

    plan = StudyPlan(alpha, wanted, ratio, dropout, icc, sites)
    _answer(Means(difference, baseline_r), plan, n, method, form, language.value)


def _answer(
    effect: Proportions | Means, plan: StudyPlan, n: str | None, method: PowerMethod | None, form: Format, language: Any
) -> None:
    """Sizes that are needed, or the power of those that are given."""
    from dnt_cli.power.sizes import required_size
    from dnt_cli.power.tables import methods_of, power_rows, power_table, size_rows, size_table

    offered = methods_of(effect, plan)
    if method is not None and method.value not in offered:
        raise UsageError(f"--method {method.value} does not apply here; expected one of: {', '.join(offered)}.")
    methods = offered if method is None else (method.value,)
    if n is None:
        sizes = [required_size(effect, m, plan) for m in methods]
        present(None, form, [size_table(effect, sizes, plan, language)], size_rows(sizes))
        return
    found = power_rows(effect, methods, plan, _sizes_of(n))
    present(None, form, [power_table(effect, found, plan, language)], found)


def _sizes_of(text: str) -> tuple[int, int]:
    try:
        comparison, intervention = (int(part) for part in text.split(","))
    except ValueError:
        comparison = intervention = 0
    if min(comparison, intervention) < 2 or max(comparison, intervention) > 1_000_000:
        raise UsageError(f"--n {text}: expected two group sizes, comparison first, such as --n 55,81.")
    return comparison, intervention
