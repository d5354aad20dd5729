"""By how much may false links hide an effect? Bounds from the declared precision of the links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.engine.settings import Precision, Precisions
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.schemas.results import DIAGNOSTICS

CHECK = "false_links"

LINKS = {"health": "health records to the census", "nino": "the census to National Insurance numbers"}
"""The two links that join a treatment to pay, each with its words."""


@dataclass(frozen=True, kw_only=True)
class RightLinks:
    """The least and the largest share of treated people whose treatment and pay are one person's."""

    least: float
    most: float

    def bounds(self, estimate: float) -> tuple[float, float]:
        """The true effect nearest to the estimate and the farthest from it: ``estimate / most, estimate / least``."""
        return estimate / self.most, estimate / self.least


def right_links(links: Sequence[Precision]) -> RightLinks:
    r"""The share of treated people all of whose links are right, from each link's precision.

    A false link gives a treated person somebody else's pay, which does not change with the treatment: where links are
    false at random the estimate is :math:`\pi\tau`, the effect times the share :math:`\pi` of right links (Neter,
    Maynes and Ramanathan 1965; Lahiri and Larsen 2005, doi 10.1198/016214504000001277). Several links are all right for
    at most :math:`\min_k p_k` of people, and at least :math:`1 - \sum_k (1 - p_k)`, however their errors go together
    (Fréchet's bounds); each :math:`p_k` is taken at its least in the one and at its most in the other. Standard errors
    divide by the same number, so what is told from zero stays told from zero.

    Raises
    ------
    RequestError
        If links may be false so often that nothing bounds the effect.
    """
    least = 1 - sum(1 - link.least for link in links)
    if least <= 0:
        remedy = "Ask for a link table of known quality."
        raise RequestError(Fault(what="links may all be false by their declared precision", remedy=remedy))
    return RightLinks(least=least, most=min(link.most for link in links))


def check(estimates: pa.Table, *, precision: Precisions, threshold: float) -> pa.Table:
    """One row an outcome of the headline estimates: the largest share of the effect that false links may hide.

    Passes up to ``threshold``, else is for review; ``not evaluated`` unless the precision of every link is declared.
    The sentence scales effects and never repeats one: estimates leave by their own way.
    """
    headline = estimates.filter((pc.field("role") == "headline") & (pc.field("subgroup") == "all")).to_pandas()
    found = _found(precision, threshold=threshold)
    rows = [_labels(part) | found for _, part in headline.groupby("outcome")]
    return DIAGNOSTICS.of_rows(rows)


def _labels(rows: pd.DataFrame) -> dict[str, object]:
    return {name: rows[name].iloc[0] for name in ("evaluation", "estimator", "outcome")}


def _found(precision: Precisions, *, threshold: float) -> dict[str, object]:
    found: dict[str, object] = {"check": CHECK, "threshold": threshold, "figure": None, "status": "not evaluated"}
    declared = {name: getattr(precision, name) for name in LINKS}
    undeclared = [words for name, words in LINKS.items() if declared[name] is None]
    if undeclared:
        return found | {
            "sentence": f"Not evaluated: no precision is declared of links from {' or from '.join(undeclared)}."
        }
    right = right_links(list(declared.values()))
    hidden = 1 - right.least
    sentence = (
        f"By the declared precision of links, {right.least:.2%} to {right.most:.2%} of treated people have their own "
        f"pay; if links are false at random, every effect and its interval is to be multiplied by {1 / right.most:.4f} "
        f"to {1 / right.least:.4f}."
    )
    return found | {"status": "pass" if hidden <= threshold else "review", "figure": hidden, "sentence": sentence}
