"""From a study and a wide table to what an engine fits: response, design matrix, persons, names of the terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnt_cli.arrays import Floats, Integers
from dnt_cli.engines.alike import Alike, of_each
from dnt_cli.engines.base import DesignMatrix
from dnt_cli.errors import ModelError
from dnt_cli.messages import Message, message
from dnt_cli.models import ENDPOINT, GROUP, INTERCEPT, TREND, WAVE, Model, Subgroups, control_of
from dnt_cli.observed import Observed, known_answers, observed_counts
from dnt_cli.sentences import say
from dnt_cli.study import Study


def other_times(study: Study) -> dict[str, float]:
    """Wave -> time on the scale that the study does not use, stretched to the range of the one that it uses."""
    used = study.times()
    months = {wave.key: wave.months for wave in study.design.waves}
    other = months if study.models.time == "wave" else {key: float(i) for i, key in enumerate(used)}
    first, last = study.design.wave_keys[0], study.design.wave_keys[-1]
    scale = (used[last] - used[first]) / (other[last] - other[first])
    return {key: used[first] + scale * (value - other[first]) for key, value in other.items()}


def group_indicator(wide: pd.DataFrame, study: Study) -> Floats:
    """(n,) 1 for the intervention group, 0 for the comparison group."""
    groups = wide[study.design.group].astype("object").to_numpy()
    indicator: Floats = (groups == study.design.intervention).astype(float)
    return indicator


class Designs:
    """The designs of one wide table; what several models share is computed once."""

    def __init__(self, wide: pd.DataFrame, study: Study, known: pd.DataFrame | None = None) -> None:
        """Designs of `wide`, a row per person, with the columns that `study` names.

        `known` says which answers were observed, as `observed.known_answers` gives it; without it, those are observed
        that `wide` holds.
        """
        self._wide = wide
        self._given = known
        self._study = study
        self._group = group_indicator(wide, study)
        self._sites: Integers | None = None
        self._subgroups: dict[str, NDArray[np.object_]] = {}
        self._columns: dict[str, Floats] = {}
        self._controls: dict[tuple[str, ...], tuple[Floats, tuple[str, ...]]] = {}
        self._last_trend: tuple[tuple[tuple[str, ...], str, tuple[str, ...]], DesignMatrix] | None = None

    def build(self, model: Model) -> DesignMatrix:
        """The design of a model; rows with a gap are left out, and so are persons without any row.

        In a part of the persons a control, or the baseline value, can be the same for all. R's lm and glm leave such
        a column out, and so does this; the group never is, so that a model without a comparison fails instead of
        answering something else.

        Raises:
            ModelError: The outcome has no such model, or nobody has all that it needs.
        """
        ((design, _),) = built_sets([self], model)
        return design

    def raw(self, model: Model) -> DesignMatrix:
        """The design with a row per person, or per person and wave, whether it has gaps or not."""
        design = self._endpoint(model) if model.analysis == ENDPOINT else self._trend(model)
        if model.subgroups is not None:
            design = self._moderated(design, model.subgroups, self._split_by(model))
        return design

    def sites(self) -> Integers | None:
        """(n,) code of the site of each person; those whose site is unknown form one. None without sites."""
        site = self._study.design.site
        if self._sites is None and site is not None and site in self._wide.columns:
            codes, _ = pd.factorize(self._wide[site], sort=True, use_na_sentinel=False)
            self._sites = np.asarray(codes, dtype=np.int64)
        return self._sites

    def same_persons(self, other: Designs) -> bool:
        """Whether both are of the same persons in the same groups, with the same answers observed."""
        key = self._study.design.id
        return (
            self._given is not None
            and self._given is other._given
            and np.array_equal(self._group, other._group)
            and np.array_equal(self._wide[key].to_numpy(), other._wide[key].to_numpy())
        )

    def observed(self, model: Model) -> list[Observed]:
        """Observed answers per wave of the response and arm; of a difference score those with a baseline too.

        With subgroups, of the persons who are known to be in the first.
        """
        study, treated, known = self._study, self._group == 1, self._known
        names = {wave: study.column(model.outcome, wave) for wave in model.waves(study)}
        if model.difference:
            first = study.column(model.outcome, study.design.baseline)
            known = pd.DataFrame({name: known[name] & known[first] for name in names.values()})
        if model.subgroups is not None:
            column = self._split_by(model)
            own = known[column] & (self.subgroup(model.subgroups.moderator, column) == model.subgroups.levels[0])
            known = pd.DataFrame({name: known[name] & own for name in names.values()})
        counts = observed_counts(known, treated, list(names.values()))
        return [Observed(wave, *count) for wave, count in zip(names, counts, strict=True)]

    @cached_property
    def _known(self) -> pd.DataFrame:
        """(n, columns) which answers were observed, a row per row of the wide table."""
        if self._given is None:
            return known_answers(self._wide, self._study)
        ids = self._wide[self._study.design.id]
        same = len(ids) == len(self._given) and (self._given.index.to_numpy() == ids.to_numpy()).all()
        return self._given if same else self._given.loc[ids]

    def _split_by(self, model: Model) -> str:
        """The column that says who is in which subgroup."""
        assert model.subgroups is not None
        wave = model.wave(self._study) if model.subgroups.at_wave else self._study.design.baseline
        return self._study.covariate_column(model.subgroups.moderator, wave)

    def subgroup(self, moderator: str, column: str) -> NDArray[np.object_]:
        """(n,) the subgroup of each person by a column of the moderator, as `Study.subgroups` names them, or None."""
        if column in self._subgroups:
            return self._subgroups[column]
        values, names = self._wide[column], self._study.subgroups(moderator)
        covariate = self._study.covariates[moderator]
        if covariate.kind != "continuous":
            found = [None if pd.isna(own) else covariate.model_level(str(own)) for own in values.astype(object)]
        else:
            places = np.searchsorted(self._study.cutoffs(moderator), values.to_numpy(float), side="right")
            found = [None if gap else names[j] for j, gap in zip(places, values.isna(), strict=True)]
        return self._subgroups.setdefault(column, np.array(found, dtype=object))

    def _moderated(self, design: DesignMatrix, subgroups: Subgroups, column: str) -> DesignMatrix:
        """With the subgroups, and the products of each with the group, with time and with both.

        The terms of a covariate with levels make place for those of its subgroups, which say the same of a person.
        """
        key, levels = subgroups.moderator, subgroups.levels
        rows = slice(None) if design.groups is None else design.groups
        level = self.subgroup(key, column)[rows]
        inside = np.array([own in levels for own in level], dtype=bool)
        keep = [j for j, term in enumerate(design.terms) if control_of(term) != key or not term.endswith("]")]
        columns, terms = [design.matrix[:, keep]], [design.terms[j] for j in keep]
        for name in levels[1:]:
            flag = (level == name).astype(float)
            columns.append(flag[:, None])
            terms.append(f"{key}[{name}]")
            for term in (t for t in (GROUP, WAVE, TREND) if t in design.terms):
                columns.append((flag * design.matrix[:, design.terms.index(term)])[:, None])
                terms.append(f"{term}:{key}[{name}]")
        matrix = np.where(inside[:, None], np.column_stack(columns), np.nan)
        return replace(design, matrix=matrix, terms=tuple(terms))

    def _column(self, outcome: str, wave: str) -> Floats:
        name = self._study.column(outcome, wave)
        if name not in self._columns:
            self._columns[name] = self._wide[name].to_numpy(dtype=float)
        return self._columns[name]

    def _endpoint(self, model: Model) -> DesignMatrix:
        study, key = self._study, model.outcome
        response = self._column(key, model.wave(study))
        controls, names = self.controls(model.controls)
        columns, terms = [self._group], [INTERCEPT, GROUP]
        baseline = study.design.baseline
        if model.difference:
            if baseline not in study.outcomes[key].waves:
                raise ModelError(say("no_difference", key=key, baseline=baseline))
            response = response - self._column(key, baseline)
        elif study.adjusts_for_baseline(key):
            columns.append(self._column(key, baseline))
            terms.append(study.column(key, baseline))
        matrix = np.empty((len(response), 1 + len(columns) + len(names)))
        matrix[:, 0] = 1.0
        for j, column in enumerate(columns, start=1):
            matrix[:, j] = column
        matrix[:, 1 + len(columns) :] = controls
        return DesignMatrix(response, matrix, (*terms, *names), None, sites=self.sites())

    def _trend(self, model: Model) -> DesignMatrix:
        study, key = self._study, model.outcome
        if not study.has_trend(key):
            raise ModelError(say("no_longitudinal", key=key, baseline=study.design.baseline))
        waves = tuple(model.waves(study))
        of_all = waves, model.time, model.controls
        if self._last_trend is None or self._last_trend[0] != of_all:
            self._last_trend = of_all, self._without_response(*of_all)
        response = np.column_stack([self._column(key, wave) for wave in waves]).ravel()  # person by person
        return replace(self._last_trend[1], response=response)

    def _without_response(self, waves: tuple[str, ...], scale: str, keys: tuple[str, ...]) -> DesignMatrix:
        """What the trends of all outcomes with these waves, scale of time and controls have in common."""
        study = self._study
        times = study.times() if scale != "other" else other_times(study)
        person = np.repeat(np.arange(len(self._wide), dtype=np.int64), len(waves))
        time = np.tile([times[wave] for wave in waves], len(self._wide))
        if study.models.time == "actual" and scale == "study":
            time = self._actual_times(waves, time)
        group = self._group[person]
        controls, names = self._controls_at(keys, waves)
        times_of, terms = time[:, None], [WAVE, TREND]
        if scale == "category":
            later = [wave for wave in waves if wave != study.design.baseline]
            times_of = np.column_stack([time == times[wave] for wave in later]).astype(float)
            terms = [f"{term}[{wave}]" for term in (WAVE, TREND) for wave in later]
        matrix = np.column_stack([np.ones(len(person)), group, times_of, group[:, None] * times_of, controls])
        sites = self.sites()
        of_rows = None if sites is None else sites[person]
        return DesignMatrix(np.empty(0), matrix, (INTERCEPT, GROUP, *terms, *names), person, sites=of_rows)

    def _actual_times(self, waves: Sequence[str], planned: Floats) -> Floats:
        """(n x waves,) months of each interview, person by person; as planned where there was none."""
        key = str(self._study.design.wave_time)
        own = [self._wide[self._study.covariate_column(key, wave)].to_numpy(dtype=float) for wave in waves]
        actual = np.column_stack(own).ravel()
        return np.where(np.isfinite(actual), actual, planned)

    def _controls_at(self, keys: tuple[str, ...], waves: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
        """(n x waves, k) controls at the wave of each row, person by person, and their k names."""
        study = self._study
        named = (tuple(study.covariate_column(k, w) if k in study.covariates else k for k in keys) for w in waves)
        by_wave = [self.controls(own) for own in named]
        stacked = np.stack([controls for controls, _ in by_wave], axis=1)
        return stacked.reshape(len(self._wide) * len(waves), -1 if stacked.size else 0), self.controls(keys)[1]

    def controls(self, keys: tuple[str, ...]) -> tuple[Floats, tuple[str, ...]]:
        """(n, k) treatment-coded controls, NaN where missing, and their k names such as `education[mid/high]`.

        Args:
            keys: Of covariates, as they were at baseline; or columns of the wide table that hold one at another wave,
                or an outcome at baseline.
        """
        if keys not in self._controls:
            self._controls[keys] = control_matrix(self._wide, self._study, keys)
        return self._controls[keys]


def built_sets(sets: Sequence[Designs], model: Model) -> list[tuple[DesignMatrix, tuple[Message, ...]]]:
    """As `Designs.build`, and what was changed: controls that are the same for all, and references that nobody has.

    Raises:
        ModelError: The outcome has no such model, or nobody of a data set has all that it needs.
    """

    def built(stack: Alike) -> list[tuple[DesignMatrix, tuple[Message, ...]]]:
        gaps = [~np.isfinite(stack.response).all(axis=1), ~np.isfinite(stack.matrix).all(axis=(1, 2))]
        changed = np.any(np.broadcast_arrays(*gaps, ~_varies(stack.matrix, stack.terms).all(axis=1)), axis=0)
        for own in _factors(stack.terms).values():
            changed = changed | (stack.matrix[..., own].sum(axis=-1) == 1).all(axis=1)
        return [
            _changed(design, model) if own else (design, ())
            for design, own in zip(stack.designs, changed.tolist(), strict=True)
        ]

    return of_each([designs.raw(model) for designs in sets], built)


def _changed(design: DesignMatrix, model: Model) -> tuple[DesignMatrix, tuple[Message, ...]]:
    """Without rows that have a gap and columns that say nothing, and what the latter means."""
    complete = np.isfinite(design.response) & np.isfinite(design.matrix).all(axis=1)
    if not complete.any():
        raise ModelError(say("nobody_whole", outcome=model.outcome))
    matrix = design.matrix[complete]
    keep = _varies(matrix, design.terms)
    moved = _without_reference(matrix, design.terms, keep)
    keep[list(moved.values())] = False
    terms = tuple(term for term, kept in zip(design.terms, keep, strict=True) if kept)
    told = [
        message("effects.reference", control=control, level=design.terms[j].partition("[")[2].removesuffix("]"))
        for control, j in moved.items()
    ]
    groups, sites = (None if own is None else own[complete] for own in (design.groups, design.sites))
    return DesignMatrix(design.response[complete], matrix[:, keep], terms, groups, sites=sites), tuple(told)


def _varies(matrix: Floats, terms: Sequence[str]) -> NDArray[np.bool_]:
    """(..., k) which columns of (..., n, k) stay: those that are not the same for all, and those of every model."""
    always = [term in (INTERCEPT, GROUP, WAVE, TREND) for term in terms]
    found: NDArray[np.bool_] = (np.ptp(matrix, axis=-2) > 0) | always
    return found


def _factors(terms: Sequence[str]) -> dict[str, list[int]]:
    """The columns of the levels of each control that has levels."""
    columns: dict[str, list[int]] = {}
    for j, term in enumerate(terms):
        if term.endswith("]"):
            columns.setdefault(control_of(term), []).append(j)
    return columns


def _without_reference(matrix: Floats, terms: Sequence[str], varies: NDArray[np.bool_]) -> dict[str, int]:
    """Per control of whose reference level nobody is, the column of the first level that occurs.

    That level becomes the reference: with all the indicators of a factor without reference, none of its terms, nor
    any effect of the model, could be told from the intercept.
    """
    columns = {control: [j for j in own if varies[j]] for control, own in _factors(terms).items()}
    return {control: own[0] for control, own in columns.items() if (matrix[:, own].sum(axis=1) == 1).all()}


def control_matrix(wide: pd.DataFrame, study: Study, keys: Sequence[str]) -> tuple[Floats, tuple[str, ...]]:
    """(n, k) treatment-coded controls, NaN where missing, and their k names."""
    columns: list[Floats] = []
    names: list[str] = []
    for key in keys:
        if key in study.columns:  # an outcome at baseline
            columns.append(wide[key].to_numpy(dtype=float))
            names.append(key)
            continue
        covariate = study.covariates[study.covariate_columns[key][0]]
        if covariate.kind == "continuous":
            columns.append(wide[key].to_numpy(dtype=float))
            names.append(key)
            continue
        values = wide[key].astype("category")
        # Per category the rank of the model's level that it belongs to, and -1 -> NaN behind them for missing.
        ranks = [covariate.model_levels.index(covariate.model_level(str(level))) for level in values.cat.categories]
        rank = np.array([*ranks, np.nan])[values.cat.codes.to_numpy()]
        for number, level in enumerate(covariate.model_levels[1:], start=1):
            columns.append(np.where(np.isnan(rank), np.nan, rank == number))
            names.append(f"{key}[{level}]")
    return np.column_stack(columns) if columns else np.empty((len(wide), 0)), tuple(names)
