"""How often do the checks of a comparison with untreated people fire, with nothing wrong and with something wrong?

    python -P benchmarks/untreated.py --seeds 20 --people 600

(``-P``, or numba takes ``benchmarks/coverage.py`` for the package ``coverage``.)
Six covariates, two of which move both treatment and outcome; an effect of 0.5 standard deviations of noise unless a
row has none. A hidden confounder is as strong as an observed one and not among the covariates; where few are alike one
covariate decides treatment four times as strongly. Settings are those of configs/inference.toml. Its table is in
docs/benchmarks/untreated.md.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from pipeline.engine.settings import Inference, read_settings
from pipeline.inference.diagnostics.untreated import overlap_kept, unmeasured_confounding, weighted_balance
from pipeline.inference.diagnostics.untreated.refuters import REFUTERS, Refuted
from pipeline.inference.doubly_robust.nuisances import Learning
from pipeline.inference.doubly_robust.people import People
from pipeline.inference.doubly_robust.treated import EffectsOnTreated, effects_on_treated

COVARIATES = 6


@dataclass(frozen=True, kw_only=True)
class World:
    """What is drawn: the effect, how strong a confounder nobody sees, how strongly the first covariate decides."""

    effect: float = 0.5
    hidden: float = 0.0
    decides: float = 0.7


WORLDS = {
    "nothing wrong": World(),
    "nothing wrong, no effect": World(effect=0.0),
    "a hidden confounder": World(hidden=0.7),
    "few are alike": World(decides=2.8),
}


def drawn(world: World, *, people: int, seed: int) -> People:
    random = np.random.default_rng(seed)
    known, unseen = random.normal(size=(people, COVARIATES)), random.normal(size=people)
    chance = world.decides * known[:, 0] + 0.7 * known[:, 1] + world.hidden * unseen
    treated = chance + random.logistic(size=people) > 0
    outcome = 0.7 * (known[:, 0] + known[:, 1]) + world.hidden * unseen + world.effect * treated
    outcome += random.normal(size=people)
    names = tuple(f"covariate {k}" for k in range(COVARIATES))
    return People(treated=treated, covariates=known, names=names, outcomes=outcome[:, None])


def statuses(people: People, found: EffectsOnTreated, settings: Inference, *, seed: int) -> dict[str, str]:
    rows, limits = np.ones(len(people.treated), dtype=bool), settings.untreated
    alike = people.of(found.overlap.both)
    refuted = Refuted(alike, learning=Learning(seed=seed), settings=settings.refutation)
    verdicts = [
        overlap_kept.verdict(found, rows, most=limits.overlap_lost, fail=limits.overlap_lost_fail),
        weighted_balance.verdict(found, rows, most=limits.smd, fail=limits.smd_fail),
        unmeasured_confounding.verdict(alike, alpha=1 - settings.confidence),
        *(refuted.verdict(check) for check in REFUTERS),
        refuted.confounded(),
    ]
    return {verdict.check: verdict.status for verdict in verdicts}


def replicated(world: World, *, seeds: int, people: int) -> pd.DataFrame:
    settings, rows = read_settings().inference, []
    for seed in range(seeds):
        compared = drawn(world, people=people, seed=seed)
        found = effects_on_treated(compared, learning=Learning(seed=seed), trim=0.1)
        off = (found.att[0] - world.effect) / found.std_error[0]
        rows.append({"off": off} | statuses(compared, found, settings, seed=seed))
    return pd.DataFrame(rows)


def row(name: str, found: pd.DataFrame) -> dict[str, str]:
    checks = found.drop(columns="off")
    told = {check: " / ".join(f"{(checks[check] == s).mean():.0%}" for s in ("review", "fail")) for check in checks}
    covered = (found["off"].abs() < 1.959964).mean()
    return {
        "world": name,
        "intervals that hold the effect": f"{covered:.0%}",
        "bias": f"{found['off'].mean():+.2f}",
    } | told


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--people", type=int, default=200)
    asked = parser.parse_args()
    rows = [row(name, replicated(world, seeds=asked.seeds, people=asked.people)) for name, world in WORLDS.items()]
    columns = list(rows[0])
    print("| " + " | ".join(name.replace("_", " ") for name in columns) + " |")
    print("|" + "---|" * len(columns))
    for one in rows:
        print("| " + " | ".join(one[name] for name in columns) + " |")


if __name__ == "__main__":
    main()
