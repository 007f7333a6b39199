"""The controls that a published analysis had per outcome, beside those of the study."""

from __future__ import annotations

import pandas as pd

from dnt_cli.models import ENDPOINT, keys_in
from dnt_cli.study import Study


def controls_of_publication(study: Study, analysis: str) -> dict[str, tuple[str, ...]]:
    """Outcome -> controls of the published analysis, as far as the study file tells them.

    At the endpoint the publication had the controls of the study, unless `models.endpoint_controls_as_published` tells
    others; a study file that tells nothing of a publication gives none.
    """
    models = study.models
    if analysis != ENDPOINT:
        return dict(models.controls_as_published)
    if not (models.controls_as_published or models.endpoint_controls_as_published):
        return {}
    told = models.endpoint_controls_as_published
    survey = (key for key in study.tested if not study.is_register(key))
    return {key: told.get(key, study.without_itself(models.controls, key)) for key in survey}


def differing(rows: pd.DataFrame, study: Study) -> tuple[list[str], bool]:
    """The outcomes whose models had other controls than the publication, and whether any of them was published.

    Args:
        rows: Effects of one analysis, as the fitting stages write them.
        study: What it says of the publication.
    """
    if rows.empty:
        return [], False
    published = controls_of_publication(study, str(rows["analysis"].iloc[0]))
    own = rows[rows["outcome"].isin(list(published)) & (rows["status"] != "not estimable")]
    found = [str(row["outcome"]) for _, row in own.iterrows() if keys_in(row["controls"]) != published[row["outcome"]]]
    return found, not own.empty
