"""From a panel to its decomposition, in one pass over people (two with an age spline)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
from threadpoolctl import threadpool_limits

from pipeline.inference.diagnostics.decomposition.result import Decomposition, Static
from pipeline.inference.moments.by_group.decomposition import cell_weights, one_effect
from pipeline.inference.moments.by_group.timing_pairs import is_balanced, timing_pairs
from pipeline.inference.moments.people.frames import FrameColumns, characteristics_and_covariates
from pipeline.inference.moments.people.shards import total
from pipeline.inference.moments.regression.requests import (
    columns_of,
    covariate_design,
    every_event_time,
    observed_basis,
    requested_panel,
)
from pipeline.inference.moments.regression.within import within
from pipeline.vocabulary.designs import AgeSpline
from pipeline.vocabulary.effects import Model, Specification
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.windows import Window


def of_panel(panel: Panel, outcome: str, *, specification: Specification) -> Decomposition:
    """Why ``ons_fixed_effects`` and ``sun_abraham`` differ for everybody, on the same panel and specification.

    Raises
    ------
    NotEstimable
        If the panel cannot answer for one of the two.
    """
    with threadpool_limits(limits=1, user_api="blas"):
        window = specification.window
        basis = observed_basis(panel, outcome, specification)
        design = covariate_design(panel, outcome, specification)
        sums_of = partial(within, window=window, basis=basis, characteristics=(None,), design=design)
        sums = total(panel.shards(outcome, specification.covariates), sums_of)
        groups = {group: part for group, part in sums.groups[None].items() if group.level >= 0}
        columns = columns_of(panel, Model(), window=window, basis=basis, design=design)
        static = Static(
            cells=cell_weights(one_effect(columns), groups),
            pairs=timing_pairs(columns, groups),
            balanced=is_balanced(groups) and columns.width == columns.n_months,
        )
        return Decomposition(outcome=outcome, cells=cell_weights(columns, groups), static=static)


def of_frame(  # noqa: PLR0913 - the names that all estimators share
    frame: pd.DataFrame,
    *,
    outcome: str,
    person: str,
    month: str,
    treatment_month: str,
    covariates: Sequence[str] = (),
    weights: str | None = None,
    window: Window | None = None,
    birth_month: str | None = None,
    age_spline: AgeSpline | None = None,
) -> Decomposition:
    """The same from a long DataFrame with one row a person and month; a null treatment month means never treated.

    Arguments are those of ``ons_fixed_effects.estimate``. Without a ``window``, every event time is its own bin and
    event time 0 the reference.

    Raises
    ------
    RequestError
        If a column is not there.
    DataRefused
        If the rows are not a panel of people.
    NotEstimable
        If they cannot answer for one of the two estimators.
    """
    columns = FrameColumns(
        outcome=outcome,
        person=person,
        month=month,
        treatment_month=treatment_month,
        birth_month=birth_month,
        weights=weights,
        **characteristics_and_covariates(frame, covariates, subgroup=None),
    )
    panel, age_spline = requested_panel(frame, columns, age_spline)
    specification = Specification(
        window=window or every_event_time(panel, outcome), age_spline=age_spline, covariates=tuple(covariates)
    )
    return of_panel(panel, outcome, specification=specification)
