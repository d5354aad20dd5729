"""Comparison people alone, half of them as if treated in a month drawn for them: there is nothing to find.

Draws are the first fifteen hexadecimal digits of an MD5 of seed and person id, as the cohort's are, so that they do not
depend on how people are sharded. MD5 is used for spreading, not for secrecy.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pipeline.inference.designs.robustness import Timing
from pipeline.inference.moments.people.views import ChangedPanel, treated_in
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.panels import INDEX_MONTH, PERSON, Panel, PanelShard
from pipeline.vocabulary.robustness import HalfComparisonPlacebo
from pipeline.vocabulary.windows import Window

_DIGITS = 15


def view(panel: Panel, run: HalfComparisonPlacebo, *, outcome: str, timing: Timing) -> Panel:
    """The comparison people, every second one (by draw) treated in their index month.

    Raises
    ------
    RequestError
        If the panel does not say who its people are.
    """
    treated = _treated_by_month(panel, outcome)
    change = partial(_half_treated, seed=run.seed, treated=treated, window=timing.window)
    return ChangedPanel(panel=panel, change=change, n_months=panel.n_months, needs=(PERSON, INDEX_MONTH))


def _treated_by_month(panel: Panel, outcome: str) -> Counter[int]:
    """How many people are treated in each month: what index months are drawn from where a panel has none."""
    counts: Counter[int] = Counter()
    for shard in panel.shards(outcome):
        counts.update(shard.treatment_month[~np.isnan(shard.treatment_month)].astype(int).tolist())
    return counts


def _half_treated(shard: PanelShard, *, seed: str, treated: Counter[int], window: Window) -> PanelShard:
    compared = shard.of(np.flatnonzero(np.isnan(shard.treatment_month)))
    if compared.person is None:
        remedy = "Make the panel with person ids, or leave the run out."
        raise RequestError(Fault(what="a half-comparison placebo needs a panel of people with ids", remedy=remedy))
    half = _draws(compared.person, seed=f"{seed}:half:") < 0.5  # noqa: PLR2004 - a half
    index = _months(_draws(compared.person, seed=f"{seed}:month:"), treated)
    if compared.index_month is not None:
        index = np.where(np.isnan(compared.index_month), index, compared.index_month)
    return treated_in(compared, np.where(half, index, np.nan), window=window)


def _draws(people: NDArray[np.object_], *, seed: str) -> NDArray[np.float64]:
    """``(n,)`` uniform on [0, 1)."""
    digits = (hashlib.md5(f"{seed}{person}".encode(), usedforsecurity=False).hexdigest()[:_DIGITS] for person in people)
    return np.fromiter((int(hexadecimal, 16) / 16**_DIGITS for hexadecimal in digits), np.float64, count=len(people))


def _months(draws: NDArray[np.float64], treated: Counter[int]) -> NDArray[np.float64]:
    """``(n,)`` months in the treated people's proportions; NaN where nobody is treated."""
    months = sorted(treated)
    if not months:
        return np.full(len(draws), np.nan)
    shares = np.cumsum([treated[month] for month in months]) / treated.total()
    places = np.minimum(np.searchsorted(shares, draws, side="right"), len(months) - 1)
    return np.array(months, dtype=np.float64)[places]
