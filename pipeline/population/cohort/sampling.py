"""How many people each stratum gives, so that the sample has the treated people's proportions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stratum:
    """One stratum: its treated people, and the comparison people there are to draw from."""

    treated: int
    available: int


def allocation(strata: Sequence[Stratum], *, at_most: int) -> list[int]:
    """How many comparison people to take from each stratum.

    A stratum takes ``round(n * share)``, its share being that of the treated people (halves round up), where ``n`` is
    the largest number up to ``at_most`` for which every stratum has enough: the proportions hold whatever ``n`` is.
    """
    total = sum(stratum.treated for stratum in strata)
    n = min([at_most, *(_largest(stratum, total=total) for stratum in strata if stratum.treated)])
    return [_share(stratum.treated, total=total, n=n) for stratum in strata]


def _share(treated: int, *, total: int, n: int) -> int:
    return (2 * n * treated + total) // (2 * total)


def _largest(stratum: Stratum, *, total: int) -> int:
    """The largest n with ``round(n * share) <= available``: ``n * share < available + 1/2``."""
    return -(-total * (2 * stratum.available + 1) // (2 * stratum.treated)) - 1
