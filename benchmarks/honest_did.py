"""Time of honest intervals: ours, and moderndid's HonestDiD, which solves R's programs point by point.

    python benchmarks/honest_did.py --peer peers/bin/python

``--peer`` is the Python of an environment of its own, ``pip install 'moderndid[didhonest,numba]==0.2.0'``; without it
only ours is timed. Five magnitudes of the mean effect after the index, on a drawn event study of 12 bins before and 24
after, and on one as small as the published example. Processor time, which other work on the machine does not stretch.
The peer tests a grid of points one by one, 1,000 a magnitude unless told, and all magnitudes alike: it is timed on one,
and where that would take long on a few points of it. Prints the table of docs/benchmarks/honest_did.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import warnings
from time import process_time

import numpy as np

SIZES = {"5 before, 2 after": (5, 2), "12 before, 24 after": (12, 24)}
RELATIVE = (0.5, 1.0, 1.5, 2.0, 2.5)
SMOOTH = (0.0, 0.02, 0.04, 0.06, 0.08)
GRID = 1000  # the peer's, and R's, own number of points
POINTS = {"5 before, 2 after": GRID, "12 before, 24 after": 302}  # of one magnitude that the peer is timed on
TIMED = 1  # which magnitude
ROUNDS = 3


def main() -> None:
    """Time both and print the table."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="a Python that has moderndid")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.worker:
        print(json.dumps({size: theirs(size) for size in SIZES}))
        return
    peer = _peer(asked.peer) if asked.peer else {}
    print(f"{platform.machine()}, Python {platform.python_version()}; processor seconds, the median of {ROUNDS}.\n")
    print("| event study | five magnitudes | Causeway | moderndid 0.2.0 | ends apart, standard errors |")
    print("|---|---|---|---|---|")
    for size in SIZES:
        for restriction, found in ours(size).items():
            print(_row(size, restriction, found, peer.get(size, {}).get(restriction)))


def _peer(python: str) -> dict:
    command = [python, __file__, "--worker"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def drawn(size: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimates, their covariance, and equal weights on the bins after the index."""
    before, after = SIZES[size]
    random = np.random.default_rng(11)
    root = random.normal(size=(before + after, 2 * (before + after)))
    return random.normal(size=before + after), root @ root.T / len(root), np.full(after, 1 / after)


def ours(size: str) -> dict[str, dict]:
    """Median time and the ends, by restriction."""
    from pipeline.inference.diagnostics.honest_did import Coefficients, bounds

    estimates, covariance, weights = drawn(size)
    study = Coefficients(estimates=estimates, covariance=covariance, n_before=SIZES[size][0])
    found = {}
    for restriction, magnitudes in (("relative_magnitude", RELATIVE), ("smoothness", SMOOTH)):
        seconds = []
        for _ in range(ROUNDS + 1):  # the first imports
            start = process_time()
            given = bounds(study, restriction=restriction, magnitudes=magnitudes, weights=weights)
            seconds.append(process_time() - start)
        ends = np.stack([given.lower, given.upper], axis=1)
        found[restriction] = {
            "seconds": float(np.median(seconds[1:])),
            "ends": ends.tolist(),
            "std_error": given.std_error,
        }
    return found


def theirs(size: str) -> dict[str, dict]:
    """The same of the peer: relative magnitudes by time a point, at the one magnitude; smoothness in full."""
    warnings.simplefilter("ignore")
    from moderndid.didhonest.sensitivity import create_sensitivity_results_rm, create_sensitivity_results_sm

    estimates, covariance, weights = drawn(size)
    given = (estimates, covariance, *SIZES[size])
    magnitude, seconds = np.array([RELATIVE[TIMED]]), {}
    for points in (2, 2, POINTS[size]):  # the first compiles
        start = process_time()
        relative = create_sensitivity_results_rm(*given, m_bar_vec=magnitude, l_vec=weights, grid_points=points)
        seconds[points] = process_time() - start
    a_point = (seconds[POINTS[size]] - seconds[2]) / (POINTS[size] - 2)
    start = process_time()
    smooth = create_sensitivity_results_sm(*given, m_vec=np.array(SMOOTH), l_vec=weights)
    return {
        "relative_magnitude": {
            "seconds": len(RELATIVE) * (seconds[2] + (GRID - 2) * a_point),
            "points": POINTS[size],
            "ends": np.stack([relative["lb"], relative["ub"]], axis=1).tolist() if POINTS[size] == GRID else None,
        },
        "smoothness": {
            "seconds": process_time() - start,
            "ends": np.stack([smooth["lb"], smooth["ub"]], axis=1).tolist(),
        },
    }


def _row(size: str, restriction: str, found: dict, peer: dict | None) -> str:
    theirs_took, apart = "not run", ""
    if peer is not None:
        theirs_took = f"{peer['seconds']:,.1f}"
        if "points" in peer:
            theirs_took = f"about {peer['seconds']:,.0f}, from {peer['points']:,} of {len(RELATIVE) * GRID:,} points"
        if peer["ends"] is not None:
            own = found["ends"] if len(peer["ends"]) > 1 else found["ends"][TIMED : TIMED + 1]
            apart = f"{np.abs(np.subtract(own, peer['ends'])).max() / found['std_error']:.3f}"
    return f"| {size} | {restriction} | {found['seconds']:.3f} | {theirs_took} | {apart} |"


if __name__ == "__main__":
    sys.exit(main())
