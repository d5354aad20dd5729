"""A panel of people who joined a waiting list as a frame with one row a person: outcomes are changes from before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.designs.waiting.cells import Referrals
from pipeline.inference.designs.waiting.specialties import Waits
from pipeline.vocabulary.designs import Waiting
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.windows import Bin

PROVIDER, WAIT, MEAN_WAIT, OTHERS = "provider", "wait", "others_mean_wait", "others"
MONTH, AGE, FEMALE, BEFORE, EARLIER = "month", "age", "female", "before", "earlier"
SPECIALTY, _IS = "specialty", "is "


def design_of(protocol: Protocol) -> Waiting:
    """The protocol's design.

    Raises
    ------
    RequestError
        If it is another one.
    """
    design = protocol.evaluation.design
    if not isinstance(design, Waiting):
        raise RequestError(Fault(what=f"evaluation {protocol.name} is not of waiting"))
    return design


def studied(design: Waiting) -> list[Bin]:
    """The bins that have an effect: those outside the reference."""
    return [each for each in design.window.binned if not each.reference]


def column(each: Bin) -> str:
    """What a bin's column is called."""
    return f"months {each.first} to {each.last}"


def listed(panel: Panel, outcome: str, *, design: Waiting) -> pd.DataFrame:
    """One row a person who joined a list.

    Columns are :data:`PROVIDER`, :data:`MONTH` of joining, :data:`WAIT` and the two queues; :data:`AGE` in years and
    :data:`FEMALE`; :data:`SPECIALTY`, a number, and a column ``is <level>`` for each level of it but the first; a
    column a bin outside the reference with the outcome's mean less the reference's; :data:`BEFORE`, the mean over the
    reference, and :data:`EARLIER`, the change of the first bin. A bin that a person is not seen in throughout is NaN.
    """
    specialty = () if design.specialty is None else (design.specialty,)
    names = (PROVIDER, WAIT, MEAN_WAIT, OTHERS, "sex", *specialty)
    parts = [_of_shard(shard, panel, design=design) for shard in panel.shards(outcome, names)]
    frame = pd.concat(parts, ignore_index=True)
    if design.specialty is None:
        return frame
    codes = sorted(frame[SPECIALTY].unique())
    named = {f"{_IS}{panel.levels[design.specialty][code]}": frame[SPECIALTY] == code for code in codes[1:]}
    return frame.assign(**{name: holds.astype(np.float64) for name, holds in named.items()})


def referrals(frame: pd.DataFrame, *, design: Waiting, adjusted: bool = True) -> Referrals:
    """Which column is which for the instrument; ``adjusted`` for nothing but provider and month if not."""
    levels = [name for name in frame.columns if name.startswith(_IS)]
    return Referrals(
        provider=PROVIDER,
        month=MONTH,
        wait=WAIT,
        queue=design.queue,
        others=OTHERS if design.queue == MEAN_WAIT else None,
        covariates=(*design.adjusted_for, *levels) if adjusted else (),
    )


def waits(frame: pd.DataFrame, *, design: Waiting) -> Waits:
    """Which column is which for the dose-response."""
    covariates = (*design.dose_response.covariates, MONTH)
    return Waits(
        wait=WAIT, covariates=covariates, specialty=SPECIALTY if SPECIALTY in frame else None, cluster=PROVIDER
    )


def _of_shard(shard: PanelShard, panel: Panel, *, design: Waiting) -> pd.DataFrame:
    shard = shard.of(np.flatnonzero(~np.isnan(shard.treatment_month)))
    index, births = shard.treatment_month, np.zeros(0) if shard.birth_month is None else shard.birth_month
    months = shard.first_month + np.arange(shard.outcome.shape[1])
    event_time, binned = months[None, :] - index[:, None] + 1, design.window.binned
    before = _mean(shard.outcome, event_time, [b for b in binned if b.reference])
    after = {column(b): _mean(shard.outcome, event_time, [b]) - before for b in binned if not b.reference}
    women = panel.levels["sex"].index("female") if "female" in panel.levels["sex"] else -2
    frame = pd.DataFrame({name: shard.covariates[name] for name in (PROVIDER, WAIT, MEAN_WAIT, OTHERS)})
    frame = frame.assign(**{MONTH: index, AGE: (index - births) / 12, BEFORE: before})
    frame[FEMALE] = (shard.levels["sex"] == women).astype(np.float64)
    if design.specialty is not None:
        frame[SPECIALTY] = shard.levels[design.specialty]
    frame[EARLIER] = after[column(binned[0])]
    return frame.assign(**after)


def _mean(outcome: NDArray[np.floating], event_time: NDArray[np.float64], bins: Sequence[Bin]) -> NDArray[np.float64]:
    """``(n,)``: each person's mean over the bins' months; NaN unless every month is observed."""
    within = (event_time >= bins[0].first) & (event_time <= bins[-1].last)
    length = bins[-1].last - bins[0].first + 1
    total = np.where(within, outcome, 0.0).sum(axis=1, dtype=np.float64)
    whole = (within & ~np.isnan(outcome)).sum(axis=1) == length
    return np.where(whole, total / length, np.nan)
