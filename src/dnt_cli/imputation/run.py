"""Impute: check, plan, run the imputations in chunks, and stream the completed data sets in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from dnt_cli.errors import DataError
from dnt_cli.imputation.chained import Filled, run_chained
from dnt_cli.imputation.columns import ModelColumn, Settings
from dnt_cli.imputation.encoding import Decoder, EncodedTable, Event, encode
from dnt_cli.imputation.forest import ForestPlan, load_miceforest, make_forest_plan, run_forest
from dnt_cli.imputation.plan import Plan, default_method, make_plan, workable
from dnt_cli.imputation.predictors import default_cap
from dnt_cli.progress import Progress
from dnt_cli.sentences import say
from dnt_cli.workers import spread

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Chunk = dict[int, Filled]

CHUNK = 50
"""Most imputations in one chunk: more would gain little, and progress is told by chunk."""
CHUNK_CELLS = 6_000_000
"""Most numbers in the design of one chunk (48 MB), which bounds memory when there are many persons."""
ROWS_TOGETHER = 16_384
"""Most rows of completed data sets that are put below each other: of small ones many, which is quicker."""
CONDITIONAL_METHODS = {"binary": "logreg", "continuous": "pmm", "ordinal": "pmm", "categorical": "polyreg"}
"""What fills a conditional column after `forest`, which cannot fit a model on part of the persons."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """The persons that are imputed together: all, or one group.

    Attributes:
        number: 0 for all, else 1, 2 for the groups; part of the key of the random stream.
        persons: (n_s,) their rows.
        forest: plan of the columns that miceforest imputes, which comes first.
        chained: plan of the other columns, given those.
    """

    number: int
    persons: NDArray[np.intp]
    forest: ForestPlan | None
    chained: Plan | None


def run_imputations(strata: Sequence[Stratum], seed: int, numbers: Sequence[int]) -> list[Chunk]:
    """Impute the data sets numbered `numbers`, per stratum its columns; pure, for any process or machine."""
    chunks = []
    for stratum in strata:
        keys = [(number, stratum.number) for number in numbers]
        chunk: Chunk = {}
        if stratum.forest is not None:
            chunk = run_forest(stratum.forest, [np.random.SeedSequence(seed, spawn_key=(*key, 1)) for key in keys])
        if stratum.chained is not None:
            streams = [np.random.SeedSequence(seed, spawn_key=(*key, 0)) for key in keys]
            chunk |= run_chained(stratum.chained, streams, chunk)
        chunks.append(chunk)
    return chunks


class Imputation:
    """Completed data sets as they become ready, and what there is to say about them.

    Attributes:
        m: number of completed data sets.
        filled: number of the data sets that follow, and their completed columns by name below each other, of those
            that had gaps. It can be read once.
        models: per incomplete column `variable`, `method`, `n_missing`, `share_missing`, `n_predictors`, `predictors`.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        table: EncodedTable,
        models: pd.DataFrame,
        events: list[Event],
        strata: Sequence[Stratum],
        m: int,
    ) -> None:
        self.m = m
        self.models = models
        self.filled: Iterator[tuple[int, dict[str, pd.api.extensions.ExtensionArray]]] = iter(())
        self._frame, self._table, self._strata = frame, table, strata
        self._events = events
        self._trace: list[pd.DataFrame] = []
        self._failures: dict[int, int] = {}

    @property
    def completed(self) -> Iterator[pd.DataFrame]:
        """The completed data sets, each with the rows, columns, order and dtypes of the input; `filled` gives them."""
        n = len(self._frame)
        for sets, columns in self.filled:
            for i in range(sets):
                yield self._frame.assign(**{name: own[i * n : (i + 1) * n] for name, own in columns.items()})

    @property
    def trace(self) -> pd.DataFrame:
        """Mean and SD of a column's imputed values per `variable`, `iteration`, `imputation`; all of it at the end."""
        import pandas as pd

        empty = pd.DataFrame(columns=["variable", "iteration", "imputation", "mean", "sd"])
        return pd.concat(self._trace, ignore_index=True) if self._trace else empty

    @property
    def events(self) -> pd.DataFrame:
        """`variable`, `method`, `event`, `count`; all of it at the end."""
        import pandas as pd

        total: dict[tuple[str, str, str], int] = {}
        late = [
            Event(self._table.columns[p].name, "logreg", "did not converge in an iteration", count)
            for p, count in sorted(self._failures.items())
            if count
        ]
        for event in [*self._events, *late]:
            key = (event.variable, event.method, event.event)
            total[key] = total.get(key, 0) + event.count
        rows = [(*key, count) for key, count in total.items()]
        return pd.DataFrame(rows, columns=["variable", "method", "event", "count"])

    def stream(
        self, results: Iterator[list[Chunk]], start: int, progress: Progress | None
    ) -> Iterator[tuple[int, dict[str, pd.api.extensions.ExtensionArray]]]:
        """`filled` from the chunks, recording trace and failures on the way."""
        done, decode = 0, Decoder(self._frame, self._table)
        together = max(1, ROWS_TOGETHER // len(self._frame))
        for chunks in results:
            for position, column in chain.from_iterable(chunk.items() for chunk in chunks):
                self._failures[position] = self._failures.get(position, 0) + column.failures
                size = len(column.cells)
            if progress is not None:
                progress(done + size, self.m)
            self._record(chunks, range(start + done + 1, start + done + size + 1))
            done += size
            for first in range(0, size, together):
                sets = min(together, size - first)
                yield sets, decode(self._merge(chunks, slice(first, first + sets)), sets)

    def _merge(self, chunks: list[Chunk], places: slice) -> dict[int, NDArray[np.float64]]:
        """Per column index (c, u) the unknown cells of some imputations, strata put together in row order."""
        if len(chunks) == 1:
            return {position: column.cells[places] for position, column in chunks[0].items()}
        merged = {}
        for position in {p for chunk in chunks for p in chunk}:
            parts = [
                (s.persons, own.cells[places])
                for s, c in zip(self._strata, chunks, strict=True)
                if (own := c.get(position))
            ]
            unknown = self._table.unknown[position]
            order = np.argsort(np.concatenate([persons[unknown[persons]] for persons, _ in parts]))
            merged[position] = np.concatenate([cells for _, cells in parts], axis=1)[:, order]
        return merged

    def _record(self, chunks: list[Chunk], numbers: range) -> None:
        """Add the imputations of these numbers to the trace; means and SDs of strata are pooled."""
        import pandas as pd

        means, deviations = [], []
        positions = sorted({p for chunk in chunks for p in chunk})
        for position in positions:
            parts = [(own.cells.shape[1], own) for chunk in chunks if (own := chunk.get(position))]
            weight = sum(size for size, _ in parts)
            mean = np.sum([size * own.mean for size, own in parts], axis=0) / weight
            squares = np.sum([(size - 1) * own.sd**2 + size * (own.mean - mean) ** 2 for size, own in parts], axis=0)
            means.append(mean)
            deviations.append(np.sqrt(squares / max(weight - 1, 1)))
        mean = np.stack(means, axis=1)  # (c, columns, iterations)
        places = pd.MultiIndex.from_product(
            [numbers, [self._table.columns[p].name for p in positions], range(1, mean.shape[2] + 1)],
            names=["imputation", "variable", "iteration"],
        )
        found = places.to_frame(index=False)[["variable", "iteration", "imputation"]]
        self._trace.append(found.assign(mean=mean.ravel(), sd=np.stack(deviations, axis=1).ravel()))


def impute(
    frame: pd.DataFrame,
    columns: Sequence[ModelColumn],
    *,
    group: str,
    settings: Settings,
    jobs: int = 1,
    progress: Progress | None = None,
    start: int = 0,
    chunk: int | None = None,
    sites: NDArray[np.intp] | None = None,
) -> Imputation:
    """Complete `frame` m times.

    The same frame, columns, settings and seed give the same bytes for any `jobs`, `chunk` and order of the columns;
    the rows must be sorted by the caller. Imputation i does not depend on m.

    Args:
        frame: one row per person; other columns than those listed pass through.
        columns: the columns that take part, incomplete or not.
        group: name of the complete two-valued group column; a predictor of every column.
        settings: how.
        jobs: processes.
        progress: called with (done, m) whenever a chunk of completed data sets is ready.
        start: number of imputations made before, with the same seed: these follow them.
        chunk: imputations per task; None: as many as memory and `jobs` suggest.
        sites: (n,) code of each person's site from 0 on, -1 where it is unknown; used by person blocks alone.

    Raises:
        DataError: the data cannot be imputed as asked.
        EngineError: miceforest is asked for and does not load.
    """
    _check_settings(settings)
    table, events = encode(frame, columns, group)
    table = replace(table, sites=sites)
    methods = {
        p: default_method(column, settings)
        for p, column in enumerate(table.columns)
        if column.impute and table.unknown[p].any()
    }
    if "forest" in methods.values():
        load_miceforest()
    strata, names, notes = _strata(table, settings, methods)
    events += notes
    imputation = Imputation(frame, table, _models(table, methods, names, strata), events, strata, settings.m)
    if not methods:
        decode = Decoder(frame, table)
        imputation.filled = ((1, decode({}, 1)) for _ in range(settings.m))
        return imputation
    numbers = range(start, start + settings.m)
    size = chunk or _chunk_size(strata, settings.m, jobs)
    tasks = [(strata, settings.seed, numbers[i : i + size]) for i in range(0, settings.m, size)]
    results = spread(run_imputations, tasks, jobs)
    imputation.filled = imputation.stream(results, start, progress)
    return imputation


def _check_settings(settings: Settings) -> None:
    for name, low in (("m", 1), ("iterations", 1), ("donors", 1)):
        if getattr(settings, name) < low:
            raise DataError(say("impute_setting", setting=name, value=getattr(settings, name), low=low))
    if settings.max_predictors is not None and settings.max_predictors < 1:
        raise DataError(say("impute_max_predictors", value=settings.max_predictors))


def _strata(
    table: EncodedTable, settings: Settings, methods: Mapping[int, str]
) -> tuple[list[Stratum], dict[int, tuple[str, ...]], list[Event]]:
    """Plans for all persons together, or for each group."""
    codes = table.values[table.group]
    everyone = np.arange(codes.size)
    parts = [(0, everyone)]
    if settings.stratified:
        parts = [(k + 1, np.flatnonzero(codes == code)) for k, code in enumerate(np.unique(codes))]
    strata: list[Stratum] = []
    names: dict[int, tuple[str, ...]] = {}
    events: list[Event] = []
    for number, persons in parts:
        stratum, chosen, notes = _stratum(table, settings, methods, number, persons)
        strata.append(stratum)
        events += notes
        for position, predictors in chosen.items():
            names[position] = tuple(sorted({*names.get(position, ()), *predictors}))
    return strata, names, events


def _stratum(
    table: EncodedTable, settings: Settings, methods: Mapping[int, str], number: int, persons: NDArray[np.intp]
) -> tuple[Stratum, dict[int, tuple[str, ...]], list[Event]]:
    part = replace(table, values=table.values[:, persons], absent=table.absent[:, persons])
    missing = {p: int(part.unknown[p].sum()) for p in methods if part.unknown[p].any()}
    for position in missing:
        if missing[position] == persons.size:
            raise DataError(say("group_empty", column=table.columns[position].name))
    by_forest: list[int] = []
    others: dict[int, str] = {}
    for position in missing:
        column, method = part.columns[position], methods[position]
        grows = method == "forest" and column.conditional_on is None
        if grows and workable(part, position, method)[0] == "forest":
            by_forest.append(position)
            continue
        others[position] = CONDITIONAL_METHODS[column.kind] if method == "forest" else method
    forest, chained = None, None
    names: dict[int, tuple[str, ...]] = {}
    events: list[Event] = []
    if by_forest:
        # While the trees are grown, what is imputed after them is no predictor.
        held = tuple(replace(c, impute=False) if p in others else c for p, c in enumerate(part.columns))
        # Stumps are shrunk, so the cap follows from all persons, not from the group's.
        capped = replace(settings, max_predictors=settings.max_predictors or default_cap(table.values.shape[1]))
        forest, names, events = make_forest_plan(replace(part, columns=held), capped, by_forest)
    if others:
        whole = settings if number == 0 and not by_forest else replace(settings, blocks="off")
        chained, more, notes = make_plan(part, whole, others | dict.fromkeys(by_forest, "given"))
        names, events = names | more, events + notes
    return Stratum(number, persons, forest, chained), names, events


def _models(
    table: EncodedTable, methods: Mapping[int, str], names: dict[int, tuple[str, ...]], strata: Sequence[Stratum]
) -> pd.DataFrame:
    """One row per incomplete column."""
    import pandas as pd

    used: dict[int, str] = {}
    for stratum in strata:
        steps = stratum.chained.steps if stratum.chained else ()
        done = {step.position: step.method for step in steps if step.method != "given"}
        blocks = stratum.chained.blocks if stratum.chained else ()
        done |= {int(p): "block" for block in blocks for p in block.positions if int(p) in methods}
        done |= dict.fromkeys(stratum.forest.schema if stratum.forest else (), "forest")
        # A column that has a model in one group only is listed with that model.
        used |= {p: method for p, method in done.items() if method != "sample" or p not in used}
    rows = [
        (
            table.columns[p].name,
            used.get(p, methods[p]),
            int(table.unknown[p].sum()),
            float(table.unknown[p].mean()),
            len(names.get(p, ())),
            ", ".join(names.get(p, ())),
        )
        for p in methods
    ]
    fields = ["variable", "method", "n_missing", "share_missing", "n_predictors", "predictors"]
    return pd.DataFrame(rows, columns=fields)


def _chunk_size(strata: Sequence[Stratum], m: int, jobs: int) -> int:
    """Imputations per task: bounded by memory, and shared evenly over the processes."""
    widest = max((s.chained.design.rows.size for s in strata if s.chained is not None), default=1)
    if any(s.forest is not None for s in strata):
        return 1
    workers = max(jobs, 1)
    return max(1, min(CHUNK, CHUNK_CELLS // widest, -(-m // workers)))
