"""Errors where providers are few: Bell and McCaffrey's, in closed form and as their matrices have them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pipeline.inference.designs.waiting import congestion
from pipeline.inference.designs.waiting.cells import Referrals, cells_of
from pipeline.inference.designs.waiting.partialled import partialled
from pipeline.inference.designs.waiting.slopes import degrees_of_freedom, slopes_of
from pipeline.vocabulary.errors import NotEstimable

REFERRALS = Referrals(provider="provider", month="month", wait="wait", queue="queue")
ROUNDING = 1e-9


def _drawn(seed: int, providers: int = 6) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    provider, month = random.integers(0, providers, 300) ** 2 // providers, random.integers(0, 8, 300)
    shocks = random.normal(size=(providers, 8)) * (1 + 3 * (np.arange(providers) == 0))[:, None]
    queue = shocks[provider, month]
    wait = 5 + queue + random.normal(size=300)
    return pd.DataFrame(
        {"provider": provider, "month": month, "queue": queue, "wait": wait, "pay": random.normal(size=300) - wait}
    )


def test_clusters_with_equal_shares_have_one_degree_of_freedom_less_than_they_are():
    assert degrees_of_freedom(np.full(12, 1 / 12)) == pytest.approx(11)


def test_one_large_cluster_takes_degrees_of_freedom_away():
    share = np.array([0.7, *np.full(11, 0.3 / 11)])
    assert degrees_of_freedom(share) < 2


def _left(frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each person: cluster, and what provider and month effects leave of queue and pay, by least squares."""
    effects = pd.get_dummies(frame[["provider", "month"]].astype(str), dtype=float).to_numpy()
    columns = frame[["queue", "pay"]].to_numpy()
    queue, pay = (columns - effects @ np.linalg.lstsq(effects, columns, rcond=None)[0]).T
    return frame["provider"].to_numpy(), queue, pay


@pytest.mark.parametrize("seed", [0, 1])
def test_scores_and_degrees_of_freedom_are_those_of_the_matrices(seed):
    frame = _drawn(seed)
    clusters, queue, pay = _left(frame)
    left = partialled(cells_of(frame, ["pay"], referrals=REFERRALS), referrals=REFERRALS)
    found, plain = (slopes_of(left, cluster="provider", errors=errors) for errors in ("CR2", "fixest"))
    size = queue @ queue
    slope = queue @ pay / size
    hat, residual = np.outer(queue, queue) / size, pay - slope * queue
    weights, variance = [], 0.0
    for cluster in np.unique(clusters):
        mine = clusters == cluster
        values, vectors = np.linalg.eigh(np.eye(mine.sum()) - hat[np.ix_(mine, mine)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        variance += (queue[mine] @ root @ residual[mine]) ** 2 / size**2
        row = np.zeros(len(frame))
        row[mine] = queue[mine] @ root
        weights.append(row @ (np.eye(len(frame)) - hat))
    n = len(np.unique(clusters))
    # The factor that both have for month effects, without clusters over clusters less one.
    plainly = np.bincount(clusters, queue * residual) @ np.bincount(clusters, queue * residual) / size**2
    factor = plain.covariance[0, 0] / plainly * (n - 1) / n
    assert found.slope[0] == pytest.approx(slope, rel=ROUNDING)
    assert found.covariance[0, 0] == pytest.approx(factor * variance, rel=1e-6)
    spread = np.array(weights) @ np.array(weights).T
    assert found.df == pytest.approx(np.trace(spread) ** 2 / (spread**2).sum(), rel=1e-6)


def test_intervals_are_longer_than_plain_ones_where_a_provider_is_large():
    frame = _drawn(3)
    longer, plain = (
        congestion.estimate(frame, ["pay"], referrals=REFERRALS, errors=errors, least_f=0.0).estimates[0]
        for errors in ("CR2", "fixest")
    )
    assert longer.ci_upper - longer.ci_lower > plain.ci_upper - plain.ci_lower
    assert longer.att == plain.att


def test_one_provider_with_all_that_is_left_of_the_queue_is_refused():
    left = partialled(cells_of(_drawn(4), ["pay"], referrals=REFERRALS), referrals=REFERRALS)
    alone = replace(left, moments=left.moments * (left.providers == 0)[:, None, None])
    with pytest.raises(NotEstimable, match="one cluster has all of what is left"):
        slopes_of(alone, cluster="provider")
