"""SimulatedPower: what `dnt power study` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from dnt_cli.description.rows import COLUMNS as FIGURES
from dnt_cli.power.simulation import COLUMNS
from dnt_cli.stagefile.form import Form, is_count, is_finite, is_probability, is_size, one_of
from dnt_cli.stagefile.result import Compared, Green, OneTable
from dnt_cli.study import Study

if TYPE_CHECKING:
    from dnt_cli.power.simulation import World
    from dnt_cli.tables import Table
    from dnt_cli.wording import Wording

WORLD = ("outcome", "analysis", "sizes", "level", "correlation", "dropout", "icc", "sites", "m", "seed")
_KINDS = dict.fromkeys((*WORLD, "alpha"), int | float) | {
    "outcome": str, "analysis": str, "sizes": list, "sites": int | None,
}  # fmt: skip


def settings_of(world: World) -> dict[str, Any]:
    """The settings that make the same replicates in another run, as plain values."""
    plain = {name: getattr(world, name) for name in WORLD}
    return plain | {"sizes": list(world.sizes)}


def _are_settings(value: Any) -> bool:
    """Whether each setting is there, once, and of its type."""
    if not isinstance(value, dict) or not all(isinstance(own, list) and len(own) == 1 for own in value.values()):
        return False
    plain = {name: own[0] for name, own in value.items()}
    return all(isinstance(plain.get(name), kind) for name, kind in _KINDS.items()) and (
        [type(size) for size in plain["sizes"]] == [int, int]
    )


@dataclass(frozen=True, slots=True)
class SimulatedPower(OneTable):
    """Analyses of simulated studies, and how often they found the effect.

    Attributes:
        study: The study whose analysis was simulated.
        replicates: A row per simulated study, with the columns `simulation.COLUMNS`.
        settings: How the studies were simulated, as `settings_of` gives it, with the level of significance `alpha`.
    """

    compared: ClassVar[Compared] = "figures"
    form: ClassVar[Form] = Form(
        numbers=frozenset(COLUMNS) - {"usable"},
        values={
            "usable": one_of(True, False),
            "effect": is_finite,
            "estimate": is_finite,
            "std_error": is_size,
            "p_value": is_probability,
            "replicate": is_count,
        },
        extra={"settings": _are_settings},
        columns=frozenset(COLUMNS),
        notes=frozenset({"settings"}),
    )

    study: Study
    replicates: pd.DataFrame = field(repr=False)
    settings: Mapping[str, Any]

    def rows(self, *, everything: bool = False) -> pd.DataFrame:
        """A row per effect; with `everything` a row per simulated study."""
        from dnt_cli.power.tables import simulated_rows

        return self.replicates if everything else simulated_rows(self.replicates, self.settings["alpha"])

    @property
    def figures(self) -> pd.DataFrame:
        """The power of each effect as the figures of a description, which `dnt diff` sets side by side."""
        rows = self.rows()
        own = {"table": "power", "variable": self.settings["outcome"], "level": "", "group": "", "wave": ""}
        found = rows.assign(statistic=rows["effect"].map("power {:g}".format), value=rows["power"], n=rows["studies"])
        found = found.assign(**own)
        return found.assign(denominator=found["n"])[list(FIGURES)]

    def tables(self, wording: Wording, *, green: Green = "better") -> list[Table]:
        """Power per effect."""
        from dnt_cli.power.tables import simulated_table

        return [simulated_table(self, wording)]
