"""How long the audit takes: 20 evaluations of 5 outcomes and 20 levels, with and without a year of earlier releases.

    python benchmarks/disclosure_audit.py [EVALUATIONS]

Counts are drawn: everybody in a bin, levels of five characteristics as shares of them, one level of each a few people.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure.audit import audit
from pipeline.release.disclosure.cells import known, no_cells
from pipeline.release.disclosure.complement import with_complement

RULES = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10, protection=4)
OUTCOMES, BINS, EARLIER = 5, 29, 4
ESTIMATORS = ("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham")
RUNS = tuple(f"ons_fixed_effects:run_{n}" for n in range(6))
SHARES = {f"characteristic_{n}": (0.45, 0.35, 0.19, 0.01) for n in range(5)}


def main(evaluations: int) -> None:
    drawn = np.random.default_rng(1)
    spent = dict.fromkeys(("first release", f"with {EARLIER} earlier releases"), 0.0)
    cells = looked = withheld = 0
    for number in range(evaluations):
        releases = [evaluation(drawn, f"evaluation_{number}", grown=n) for n in range(EARLIER + 1)]
        earlier = pd.concat([one.assign(release=f"v{n}") for n, one in enumerate(releases[:-1])], ignore_index=True)
        for name, before in zip(spent, (no_cells(), earlier), strict=True):
            start = time.process_time()
            found = audit(releases[-1], before, rules=RULES)
            spent[name] += time.process_time() - start
        cells, looked, withheld = cells + len(releases[-1]), looked + found.cells, withheld + len(found.withheld)
    print(f"{evaluations} evaluations, {cells:,} counts; of {looked:,} with protection {withheld:,} more were withheld")
    for name, seconds in spent.items():
        print(f"{name}: {seconds:.1f} s of processor time")


def evaluation(drawn: np.random.Generator, name: str, *, grown: int) -> pd.DataFrame:
    """The cells of one evaluation's estimates, a few hundred people more in each release."""
    rows = []
    for outcome in range(OUTCOMES):
        for place in range(BINS):
            for side, people in (("n_treated", 900), ("n_comparison", 9000)):
                everybody = int(people * (1 - place / 60)) + 200 * grown + int(drawn.integers(0, 40))
                rows += everybody_rows(
                    drawn, everybody, outcome=f"outcome_{outcome}", place=f"{place} to {place}", side=side
                )
                rows += level_rows(
                    drawn, everybody, outcome=f"outcome_{outcome}", place=f"{place} to {place}", side=side
                )
    frame = pd.DataFrame(rows).assign(evaluation=name, table="estimates")
    return known(frame, rules=RULES)


def everybody_rows(drawn, people, **where):
    for position, series in enumerate((*ESTIMATORS, *RUNS)):
        fewer = 0 if position == 0 else int(drawn.integers(0, 9))
        role = "headline" if position == 0 else "robustness"
        yield {"series": series, "role": role, "characteristic": "all", "level": "", "exact": people - fewer,
               "shown": True, **where}  # fmt: skip


def level_rows(drawn, people, **where):
    for characteristic, shares in SHARES.items():
        counts = pd.DataFrame({"people": drawn.multinomial(people, shares)})
        hidden = with_complement(counts, counts["people"] < RULES.threshold, rules=RULES)
        for level, (exact, out) in enumerate(zip(counts["people"], hidden, strict=True)):
            yield {"series": ESTIMATORS[0], "role": "subgroup", "characteristic": characteristic, "level": str(level),
                   "exact": int(exact), "shown": not out, **where}  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
