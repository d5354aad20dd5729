"""How long the audit takes: 20 evaluations of 5 outcomes and 20 levels, alone and against earlier releases.

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
from pipeline.release.disclosure.cells import KEY, known, no_cells
from pipeline.release.disclosure.complement import with_complement

RULES = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10, protection=4)
OUTCOMES, BINS, RELEASES = 5, 29, 3
ESTIMATORS = ("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham")
RUNS = tuple(f"ons_fixed_effects:run_{n}" for n in range(6))
SHARES = {f"characteristic_{n}": (0.45, 0.35, 0.19, 0.01) for n in range(5)}


def main(evaluations: int) -> None:
    drawn = np.random.default_rng(1)
    spent = [0.0] * RELEASES
    cells = looked = withheld = 0
    for number in range(evaluations):
        earlier = no_cells()
        for release in range(RELEASES):
            made = evaluation(drawn, f"evaluation_{number}", grown=release)
            start = time.process_time()
            found = audit(made, earlier, rules=RULES)
            spent[release] += time.process_time() - start
            earlier = pd.concat([earlier, without(made, found.withheld).assign(release=f"v{release}")])
        cells, looked, withheld = cells + len(made), looked + found.cells, withheld + len(found.withheld)
    print(
        f"{evaluations} evaluations, {cells:,} counts a release; the last: {looked:,} looked at, {withheld:,} withheld"
    )
    for release, seconds in enumerate(spent):
        print(f"with {release} earlier releases: {seconds:.1f} s of processor time")


def without(cells: pd.DataFrame, withheld: pd.DataFrame) -> pd.DataFrame:
    """The cells as they leave, once what the audit asked for is withheld."""
    asked = cells.merge(withheld.assign(asked=True), how="left", on=list(KEY))["asked"].eq(other=True).to_numpy()
    return known(cells.assign(shown=cells["shown"] & ~asked), rules=RULES)


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
