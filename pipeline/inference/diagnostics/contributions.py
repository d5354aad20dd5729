"""How much of an amount its two largest contributors are: what the disclosure door asks of pay and benefits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.panels import Panel, PanelShard
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.results import CONTRIBUTIONS
from pipeline.vocabulary.windows import Bin

_Key = tuple[str, str, tuple[int, int] | None]
"""Subgroup, level, and the months of a treated person's bin; no months for comparison people."""


def table(panel: Panel, protocol: Protocol) -> pa.Table:
    """The ``CONTRIBUTIONS`` of every amount: per level, bin and arm the two largest people's and everybody's.

    A treated person contributes the sum of what they have in the bin's months, without signs; a comparison person, who
    has no bins, of all months. Shares and other outcomes with a scale are no amounts. One pass over the panel an
    outcome.
    """
    subgroups = [name for name in protocol.evaluation.subgroups if panel.levels.get(name)]
    bins = [one for one in protocol.evaluation.design.window.binned if not one.reference]
    made = []
    for outcome in filter(_is_amount, protocol.evaluation.outcomes):
        for (subgroup, level, months), sizes in _largest(panel, outcome, subgroups, bins=bins).items():
            side = "n_treated" if months else "n_comparison"
            named = {"outcome": outcome.name, "subgroup": subgroup, "subgroup_value": level, "side": side}
            found = dict(zip(("largest", "second", "total"), map(float, sizes), strict=True))
            of = [months] if months else [(one.first, one.last) for one in bins]
            made += [named | {"months_from": first, "months_to": last} | found for first, last in of]
    return CONTRIBUTIONS.of_rows(made)


def _is_amount(outcome: Outcome) -> bool:
    return outcome.scale == 1.0


def _largest(
    panel: Panel, outcome: Outcome, subgroups: list[str], *, bins: list[Bin]
) -> Mapping[_Key, NDArray[np.float64]]:
    """Largest, second and total of each level, bin and arm, over all shards."""
    found: dict[_Key, NDArray[np.float64]] = {}
    for shard in panel.shards(outcome.name, subgroups):
        treated = ~np.isnan(shard.treatment_month)
        for months, people, sizes in _sizes(shard, treated, bins):
            for subgroup, level, members in _groups(shard, panel, subgroups):
                key = (subgroup, level, months)
                found[key] = _added(found.get(key), sizes[members[people]])
    return found


def _groups(shard: PanelShard, panel: Panel, subgroups: list[str]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    yield "all", "", np.ones(len(shard.treatment_month), dtype=bool)
    for subgroup in subgroups:
        for code, level in enumerate(panel.levels[subgroup]):
            yield subgroup, level, shard.levels[subgroup] == code


def _sizes(
    shard: PanelShard, treated: NDArray[np.bool_], bins: list[Bin]
) -> Iterator[tuple[tuple[int, int] | None, NDArray[np.bool_], NDArray[np.float64]]]:
    """What each comparison person contributes, then each treated person to each bin."""
    amounts = np.nan_to_num(np.abs(shard.outcome.astype(np.float64)))
    yield None, ~treated, amounts[~treated].sum(axis=1)
    until = np.pad(amounts[treated].cumsum(axis=1), ((0, 0), (1, 0)))
    index = (shard.treatment_month[treated] - shard.first_month).astype(np.int64)
    people = np.arange(len(index))
    for one in bins:
        start, end = (np.clip(index + edge, 0, amounts.shape[1]) for edge in (one.first - 1, one.last))
        yield (one.first, one.last), treated, until[people, end] - until[people, start]


def _added(before: NDArray[np.float64] | None, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Largest, second and total with some more people."""
    first, second, total = (0.0, 0.0, 0.0) if before is None else before
    known = np.concatenate([sizes, [first, second]])
    second, first = np.partition(known, len(known) - 2)[-2:]
    return np.array([first, second, total + sizes.sum()])
