"""The whole description of a survey."""

from __future__ import annotations

import pandas as pd

from dnt_cli.description.attrition import Attendance, attrition_rows
from dnt_cli.description.codebook import codebook_rows
from dnt_cli.description.comparison import baseline_rows, dropout_rows
from dnt_cli.description.further import further_rows, populations, reference_rows
from dnt_cli.description.left_out import left_out_rows
from dnt_cli.description.rows import finished
from dnt_cli.description.sample import sample_rows
from dnt_cli.description.trends import change_rows, trend_rows
from dnt_cli.study import Study
from dnt_cli.wide import derive, to_wide

# Conventional bounds for the absolute standardised difference between groups: Austin (2009) and Rubin (2001).
THRESHOLDS = (0.1, 0.25)


def describe(
    survey: pd.DataFrame,
    study: Study,
    *,
    further: pd.DataFrame | None = None,
    reference: pd.DataFrame | None = None,
    missing_codes: pd.DataFrame | None = None,
    left_out: pd.DataFrame | None = None,
    thresholds: tuple[float, ...] = THRESHOLDS,
) -> pd.DataFrame:
    """The description of a survey, one statistic per row.

    Columns: `table`, `variable`, `level`, `group` (code of the intervention or the comparison group, `all`, or empty
    for a comparison of both), `wave` (or an interval `T0-T3`), `statistic`, `value`, `n`, `denominator`. Percentages
    are 0 to 100 and have n and denominator; for the rest n is the number of persons behind the value.

    sample: pct of persons per group, and per site within each group.

    left_out: left_out, the persons of a group in the file whom a rule of the study (level) leaves out, and
    rows_left_out, the rows of waves that the study does not name.

    attrition: present, dropout and lost (not seen at this wave or later) per wave; complete, monotone and
    intermittent in all, and per pattern of waves (variable `pattern`, level `T0+T2`); pct per number of waves
    (`waves_seen`).

    baseline: pct, or mean and sd; missing; difference (intervention minus comparison) and smd (standardised
    difference) per level; smd_max (the largest in size) per characteristic, and 0/1 per threshold (`above_0.1`).

    dropout: the same for those `absent` and `present` at the endpoint; differences are absent minus present.

    trend: pct, pct_low and pct_high, or mean, sd, mean_low and mean_high; missing among those present; difference and
    difference_rounded (intervention minus comparison).

    change: of all who answered, pct_point_change or mean_change, each also `_rounded` (the difference of the two
    rounded figures, as a reader of a table computes it), and count_change; n is that of the later wave, denominator
    that of the earlier one. Of those who answered both: rise, fall, same; paired_mean (binary outcomes: percentage
    points) with paired_sd, paired_low and paired_high.

    codebook: missing_code, of a code for no answer (level) that the data file has.

    further: pct, or mean and sd, of answers that the study file does not name.

    Args:
        survey: A row per person and wave, as `survey.cast_survey` returns it.
        study: Design, outcomes and covariates.
        further: Id, wave, and any other columns of the survey file, such as support received or reasons for drop-out.
        reference: Figures of other populations that come into the baseline table as more groups; the columns are
            `further.REFERENCE_COLUMNS`.
        missing_codes: `variable`, `code`, `count` of the codes that the data file has for no answer.
        left_out: Persons per rule and group, and rows, that the study leaves out, as `reading.left_out` gives them.
        thresholds: Of the absolute standardised difference above which a characteristic is flagged.

    Raises:
        DataError: The further answers or the reference populations do not fit.
    """
    wide = derive(to_wide(survey, study), study)
    attendance = Attendance.of(survey, wide, study)
    baseline = baseline_rows(wide, study, thresholds)
    others = [populations(study, baseline), *([] if reference is None else [reference])]
    parts = [
        sample_rows(wide, study),
        *([] if left_out is None else [left_out_rows(left_out, study)]),
        attrition_rows(attendance, study),
        baseline,
        *(reference_rows(other, study, baseline) for other in others if len(other)),
        dropout_rows(wide, attendance, study, thresholds),
        trend_rows(wide, attendance, study),
        change_rows(wide, study),
        *([] if further is None else [further_rows(further, wide, study)]),
        codebook_rows(pd.DataFrame() if missing_codes is None else missing_codes, study),
    ]
    return finished(parts)
