"""The closed forms of the threshold design against the programs that they solve, on drawn people."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.stats import binom

from pipeline.inference.designs.threshold import density
from pipeline.inference.designs.threshold.local_linear import jump_weights, triangular, worst_bias
from pipeline.inference.designs.threshold.points import Points

# Of a linear program's optimum by HiGHS, whose own tolerance is 1e-7, on numbers of size 1 to 100.
PROGRAM = 1e-5
# A function of whole numbers is looked at on a grid this fine: its second differences there are bounded too.
FINE = 4
# In standard deviations of the count. The heap test's region is symmetric about its middle; the shortest one not quite,
# since the count varies less the smaller the share: seen where k is a fifth.
LOPSIDED = 0.15


def drawn(seed: int) -> Points:
    random = np.random.default_rng(seed)
    values = np.arange(-int(random.integers(2, 9)), int(random.integers(2, 9)), dtype=float)
    kept = values[(random.random(len(values)) < 0.8) | (np.abs(values + 0.5) < 2)]
    people = random.integers(1, 200, len(kept))
    none = np.zeros((len(kept), 0))
    return Points(names=(), distance=kept, people=people, mean=none, products=none[:, :, None])


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("bandwidth", [2.3, 4.0, 30.0])
def test_the_worst_bias_is_that_of_the_worst_function(seed, bandwidth):
    """The function of each side is free on a grid from the cutoff outwards; its limit at the cutoff counts too."""
    points = drawn(seed)
    weights = jump_weights(points, triangular(points.distance, bandwidth))
    worst = 0.0
    for side, sign in ((points.above, 1.0), (~points.above, -1.0)):
        places = np.round(np.abs(points.distance[side]) * FINE).astype(int)
        size = places.max() + 2
        bends = np.diff(np.eye(size), n=2, axis=0) * FINE**2
        gain = np.zeros(size)
        np.add.at(gain, places, weights[side])
        gain[0] -= sign
        found = linprog(
            -gain, A_ub=np.concatenate([bends, -bends]), b_ub=np.ones(2 * len(bends)), bounds=(None, None),
            method="highs",
        )  # fmt: skip
        assert found.status == 0
        worst -= found.fun
    assert worst_bias(points, weights) == pytest.approx(worst, rel=PROGRAM)


def shortest_region(people: int, *, k: float, size: float) -> tuple[int, int]:
    """Frandsen's acceptance region: the shortest with enough probability at both ends, then the most probable."""
    ends = np.array([(1 - k) / (3 - k), (1 + k) / (3 + k)])
    below = binom.cdf(np.arange(-1, people + 1)[:, None], people, ends)
    best = (people + 1, 0.0, 0, people)
    low = 0
    for high in range(people + 1):
        while low < high and (below[high + 1] - below[low + 1]).min() >= 1 - size:
            low += 1
        covered = (below[high + 1] - below[low]).min()
        if covered >= 1 - size and (high - low, -covered) < best[:2]:
            best = (high - low, -covered, low, high)
    return best[2], best[3]


@pytest.mark.parametrize("people", [30, 300, 3000])
@pytest.mark.parametrize("k", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("size", [0.05, 0.1])
def test_the_heap_test_accepts_what_frandsens_shortest_region_does_but_for_its_ends(people, k, size):
    low, high = shortest_region(people, k=k, size=size)
    lower, upper = (1 - k) / (3 - k), (1 + k) / (3 + k)
    counts = np.arange(people + 1)
    accepted = counts[[density._p_value(int(n), people, lower=lower, upper=upper) > size for n in counts]]
    room = max(1, LOPSIDED * np.sqrt(people * 2 / 9))
    assert abs(accepted.min() - low) <= room
    assert abs(accepted.max() - high) <= room


@pytest.mark.parametrize("people", [12, 75, 400])
@pytest.mark.parametrize("k", [0.0, 0.05, 0.5])
def test_the_heap_test_rejects_no_more_often_than_it_says_wherever_the_share_may_be(people, k):
    lower, upper = (1 - k) / (3 - k), (1 + k) / (3 + k)
    counts = np.arange(people + 1)
    p_values = np.array([density._p_value(int(n), people, lower=lower, upper=upper) for n in counts])
    for share in np.linspace(lower, upper, 7):
        chances = binom.pmf(counts, people, share)
        for size in (0.01, 0.05, 0.1, 0.5):
            assert chances[p_values <= size].sum() <= size + 1e-12  # rounding
