r"""What a decomposition returns, as tables.

With :math:`s_{g,t}` the share of a cell in its bin by people and :math:`\mu_b`, the sum of :math:`s_{g,t} \delta_{g,t}`
over bin b, the Sun-Abraham effect, the gap of bin b is the sum over cells of

.. math:: (W_{b;g,t} - 1\{(g,t) \in b\} s_{g,t}) (\delta_{g,t} - \mu_{b(g,t)}).

Centring on the effect of each cell's own bin changes no sum, because weights add up to 1 in bin b and to 0 in every
other; it makes a timing group's pull zero unless its effect differs from others'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.inference.moments.by_group.decomposition import CellWeights
from pipeline.inference.moments.by_group.timing_pairs import KINDS, Pair

GAP_PARTS = ("timing_group_weights", "other_months_after", "months_before", "not_told_apart")
"""What lies between the two estimators, in order: the bin's own cells weighted otherwise than by people; cells of other
bins after the index, and before it; cells whose effects the panel does not tell from one another."""

PARTS = ("sun_abraham", *GAP_PARTS, "fixed_effects")
"""A bridge from one estimator to the other: the last is the sum of all before it."""


@dataclass(frozen=True, kw_only=True)
class Static:
    """The regression with one effect for all months from the index on.

    Attributes
    ----------
    cells
        Its coefficient as a weighted sum of effects by treatment month and month (de Chaisemartin and D'Haultfoeuille).
    pairs
        The comparisons of two timing groups (Goodman-Bacon).
    balanced
        Whether these add up to the coefficient exactly: everybody observed in every month, and no age spline.
    """

    cells: CellWeights
    pairs: tuple[Pair, ...]
    balanced: bool

    @property
    def coefficient(self) -> float:
        """In the outcome's own unit."""
        return float(self.cells.coefficients[0])

    def table(self) -> pd.DataFrame:
        """One row a kind of comparison and a last one, ``remainder``: ``contribution`` adds up to the coefficient.

        ``estimate`` is the mean of the kind's comparisons; people are those of all timing groups on each side.
        """
        rows = [_kind(kind, [pair for pair in self.pairs if pair.kind == kind]) for kind in KINDS]
        kinds = pd.DataFrame(rows)
        rest = {"part": "remainder", "contribution": self.coefficient - float(kinds["contribution"].sum())}
        frame = pd.concat([kinds, pd.DataFrame([rest])], ignore_index=True)
        return frame.astype({"n_treated": "Int64", "n_comparison": "Int64"})

    def by_pair(self) -> pd.DataFrame:
        """One row a comparison of two timing groups; a null ``comparison`` is people never treated."""
        frame = pd.DataFrame([vars(pair) for pair in self.pairs], columns=list(Pair.__dataclass_fields__))
        return frame.astype({"comparison": "Int64"})


def _kind(kind: str, pairs: Sequence[Pair]) -> dict[str, object]:
    observed = [pair for pair in pairs if np.isfinite(pair.estimate)]
    weight = sum(pair.weight for pair in observed)
    contribution = sum(pair.weight * pair.estimate for pair in observed)
    return {
        "part": kind,
        "weight": weight,
        "estimate": contribution / weight if weight else np.nan,
        "contribution": contribution,
        "n_treated": sum({pair.treated: pair.n_treated for pair in observed}.values()),
        "n_comparison": sum({pair.comparison: pair.n_comparison for pair in observed}.values()),
    }


@dataclass(frozen=True, kw_only=True)
class Decomposition:
    """Each bin's fixed-effects estimate as a sum over timing groups and months, beside the Sun-Abraham effect.

    Everything is exact arithmetic on one panel, without sampling errors of its own. Counts of people are lower bounds:
    of each timing group, the most observed in any one of the months in question.
    """

    outcome: str
    cells: CellWeights
    static: Static

    def table(self) -> pd.DataFrame:
        """One row a bin and part of :data:`PARTS`; the estimates of the first five add up to the last.

        ``positive_weight`` and ``negative_weight`` add up the weights on the part's cells by sign.
        """
        cells = self.cells
        remainder = cells.coefficients - cells.pooled - self._pulls.sum(axis=1)
        parts = [self._part(name, mask) for name, mask in self._masks.items()]
        parts[-1]["estimate"] = remainder
        people = self._people(cells.own)
        first = {"part": "sun_abraham", "estimate": cells.pooled, **people}
        last = {"part": "fixed_effects", "estimate": cells.coefficients, **people}
        frame = pd.concat([self._labelled(part) for part in (first, *parts, last)], ignore_index=True)
        order = frame["part"].map(PARTS.index)
        frame = frame.assign(order=order).sort_values(["months_from", "order"], ignore_index=True)
        return frame[
            ["months_from", "months_to", "part", "estimate", "positive_weight", "negative_weight", "n_treated",
             "n_comparison"]
        ]  # fmt: skip

    def by_timing_group(self) -> pd.DataFrame:
        """One row a bin and treatment month: what it adds to the gap, and its weight in the bin against its share.

        ``n_treated`` are the group's people in any month, ``n_in_bin`` in the bin's own months. What cells that cannot
        be told apart add is in no row.
        """
        cells = self.cells
        own = cells.own
        columns = {
            "estimate": self._by_group(self._pulls),
            "weight": self._by_group(np.where(own, cells.weights, 0.0)),
            "share": self._by_group(own * cells.shares),
            "n_treated": self.cells.most(np.broadcast_to(cells.people, own.shape)),
            "n_in_bin": self.cells.most(own * cells.people),
            "n_comparison": self.cells.most(np.broadcast_to(cells.compared, own.shape)),
        }
        groups = cells.treatment_month[self.cells.starts]
        frame = pd.DataFrame({name: matrix.ravel() for name, matrix in columns.items()})
        frame.insert(0, "treatment_month", np.tile(groups, len(cells.bins)))
        frame.insert(0, "months_to", np.repeat([part.last for part in cells.bins], len(groups)))
        frame.insert(0, "months_from", np.repeat([part.first for part in cells.bins], len(groups)))
        return frame

    def weights(self) -> pd.DataFrame:
        """One row a bin, treatment month and month: the weight of its effect in the bin's fixed-effects estimate."""
        cells = self.cells
        n_bins, n_cells = cells.weights.shape
        return pd.DataFrame(
            {
                "months_from": np.repeat([part.first for part in cells.bins], n_cells),
                "months_to": np.repeat([part.last for part in cells.bins], n_cells),
                "treatment_month": np.tile(cells.treatment_month, n_bins),
                "month": np.tile(cells.month, n_bins),
                "event_time": np.tile(cells.month - cells.treatment_month + 1, n_bins),
                "weight": cells.weights.ravel(),
                "share": (cells.own * cells.shares).ravel(),
                "att": np.tile(np.where(cells.identified, cells.effects, np.nan), n_bins),
                "n_treated": np.tile(cells.people, n_bins),
            }
        )

    @cached_property
    def _pulls(self) -> NDArray[np.float64]:
        """``(B, M)`` what each cell adds to each bin's gap."""
        cells = self.cells
        level = np.nan_to_num(cells.pooled)[cells.bin]
        centred = np.where(cells.identified, cells.effects - level, 0.0)
        return (cells.weights - cells.own * cells.shares) * centred

    @cached_property
    def _masks(self) -> dict[str, NDArray[np.bool_]]:
        """``(B, M)`` the cells of each of :data:`GAP_PARTS`."""
        cells = self.cells
        after = np.array([part.first >= 1 for part in cells.bins])[cells.bin]
        masks = (cells.own, ~cells.own & after, ~cells.own & ~after)
        return dict(
            zip(
                GAP_PARTS,
                (*(mask & cells.identified for mask in masks), np.ones_like(cells.own) & ~cells.identified),
                strict=True,
            )
        )

    def _part(self, name: str, mask: NDArray[np.bool_]) -> dict[str, object]:
        weights = np.where(mask, self.cells.weights, 0.0)
        return {
            "part": name,
            "estimate": np.where(mask, self._pulls, 0.0).sum(axis=1),
            "positive_weight": np.maximum(weights, 0.0).sum(axis=1),
            "negative_weight": np.minimum(weights, 0.0).sum(axis=1),
            **self._people(mask),
        }

    def _people(self, mask: NDArray[np.bool_]) -> dict[str, object]:
        return {
            "n_treated": self.cells.most(mask * self.cells.people).sum(axis=1),
            "n_comparison": (mask * self.cells.compared).max(axis=1, initial=0),
        }

    def _labelled(self, part: dict[str, object]) -> pd.DataFrame:
        bins = self.cells.bins
        return pd.DataFrame(
            {"months_from": [one.first for one in bins], "months_to": [one.last for one in bins],
             "positive_weight": np.nan, "negative_weight": np.nan, **part}
        )  # fmt: skip

    def _by_group(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """``(B, G)`` sums of a ``(B, M)`` matrix over each timing group's cells."""
        return np.add.reduceat(cells, self.cells.starts, axis=1)
