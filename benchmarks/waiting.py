"""Does the congestion instrument find what a month of waiting does where comparing waits does not?

    python benchmarks/waiting.py --seeds 400 --curves 200

Referrals to 60 providers over 36 months, in two specialties. A wait depends on the provider, on the month, on a queue
that lasts from month to month, on severity (the sicker are taken sooner) and on chance; pay two years on falls by £15
for each month waited, and with severity. Severity is not among the covariates unless a row says so. Seeds are 0 to the
number asked, the same for every row. Its table is in docs/benchmarks/waiting.md.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass, replace

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from pipeline.inference.designs.waiting import congestion, dose_response, exclusion
from pipeline.inference.designs.waiting.cells import Referrals, cells_of
from pipeline.inference.designs.waiting.curves import Contrast
from pipeline.inference.designs.waiting.dose_response import EIGHTEEN_WEEKS, Waits
from pipeline.inference.designs.waiting.queues import queues_of
from pipeline.inference.designs.waiting.results import WaitEstimate

PROVIDERS, MONTHS, PEOPLE = 60, 36, 10_000
EFFECT = -15.0  # pounds a month of pay, of each month waited, for everybody
NOISE = 400.0  # pounds: the spread of a person's change in pay from before
SEVERITY = 120.0  # pounds less for a standard deviation of severity
SOONER = 1.0  # months sooner that one is taken in for it
QUEUE = 1.5  # months: the spread of a provider's queue about its usual length
LASTING = 0.6  # of a queue, from month to month
SICK = 0.15  # standard deviations of severity for a month of queue, where case mix moves with it
SIZE = 0.05  # of every check
SHORT, LONG = 4.0, 10.0  # months that curves span
CURVE_PEOPLE = 4000
NAMED = {"provider": "provider", "month": "month", "wait": "wait"}
REFERRALS = Referrals(**NAMED, queue="others_mean_wait", others="others", covariates=("age", "specialty"))
QUEUES = {
    "mean wait of the others": REFERRALS,
    "mean wait of the others, own wait not put back": replace(REFERRALS, others=None),
    "number of others": replace(REFERRALS, queue="others", others=None),
}
MEASURED = (
    "refused as weak (MC error)",
    "median F",
    "95% intervals that hold the truth (MC error)",
    "Anderson-Rubin intervals that do (MC error)",
    "mean bias in standard errors",
    "standard error / spread",
    "mean estimate, £",
    "mean of ordinary least squares, £",
)
MEASURED_CURVES = (
    "95% intervals that hold the truth (MC error)",
    "mean bias in standard errors",
    "standard error / spread",
    "mean estimate, £",
    "truth, £",
)


@dataclass(frozen=True, kw_only=True)
class World:
    """One setting: how much the queue moves the wait, severity the choice, and case mix the queue."""

    name: str
    queue: float = QUEUE
    sooner: float = SOONER
    sick: float = 0.0
    providers: int = PROVIDERS


CONFOUNDED = World(name="confounded by severity")
UNCONFOUNDED = World(name="not confounded", sooner=0.0)
NEARLY_WEAK = World(name="queues move little (0.3 months)", queue=0.3)
WEAK = World(name="queues do not move", queue=0.0)
CASE_MIX = World(name="case mix moves with the queue", sick=SICK)


def drawn(world: World, *, seed: int, people: int = PEOPLE) -> pd.DataFrame:
    """One row a person who was not the only one referred to a provider in a month."""
    random = np.random.default_rng(seed)
    size = random.lognormal(0, 0.5, world.providers)
    provider = random.choice(world.providers, people, p=size / size.sum())
    shocks = _lasting(random, providers=world.providers)
    # A longer list is also a list of more people: months are drawn by how long the queue is.
    crowd = np.exp(0.3 * shocks)
    month = np.array([random.choice(MONTHS, p=crowd[p] / crowd[p].sum()) for p in provider])
    shock = world.queue * shocks[provider, month]
    severity = random.normal(size=people) + world.sick * shock
    specialty, age = random.integers(0, 2, people), random.normal(45, 10, people)
    usual = random.normal(0, 1, world.providers)[provider] + 0.03 * month + specialty
    chance = random.normal(0, 1.2, people)
    wait = np.maximum(7 + usual + shock - world.sooner * severity + chance, 0.1)
    before = -60 * severity + random.normal(0, 200, people)
    own = 40 * random.normal(size=world.providers)[provider] - 2 * month + age
    pay = EFFECT * wait - SEVERITY * severity + own + 30 * specialty + random.normal(0, NOISE, people)
    frame = pd.DataFrame({"provider": provider, "month": month, "specialty": specialty, "age": age, "wait": wait})
    frame = frame.assign(severity=severity, before=before, pay=pay)
    frame = frame.join(queues_of(frame, **NAMED).others(frame, **NAMED))
    return frame[frame["others"] > 0].reset_index(drop=True)


def _lasting(random: np.random.Generator, *, providers: int) -> np.ndarray:
    """``(providers, months)`` queues with variance one, each near the one of the month before."""
    fresh = random.normal(size=(providers, MONTHS))
    for month in range(1, MONTHS):
        fresh[:, month] = LASTING * fresh[:, month - 1] + np.sqrt(1 - LASTING**2) * fresh[:, month]
    return fresh


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=400)
    parser.add_argument("--curves", type=int, default=200)
    parser.add_argument("--clusters", type=int, default=0, help="seeds for errors by how many providers there are")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--errors", choices=("CR2", "fixest"), default="CR2")
    asked = parser.parse_args()
    if asked.seeds:
        seeds = range(asked.first, asked.first + asked.seeds)
        print(f"{asked.seeds} seeds of {PEOPLE:,} referrals.\n")
        print("\n".join(instrument_table(seeds, errors=asked.errors)), "\n")
        print("\n".join(exclusion_table(seeds)), "\n")
    if asked.clusters:
        print("\n".join(clusters_table(range(asked.first, asked.first + asked.clusters))), "\n")
    if asked.curves:
        print(f"{asked.curves} seeds of {CURVE_PEOPLE:,} referrals.\n")
        print("\n".join(curve_table(range(asked.curves))))


def clusters_table(seeds: range) -> list[str]:
    """One row a number of providers, queue and kind of error, clustered on providers."""
    lines = [f"| providers | queue | errors | {' | '.join(MEASURED)} |", "|---" * (3 + len(MEASURED)) + "|"]
    for providers, people in ((12, 1_500), (24, 4_000), (60, PEOPLE)):
        world = replace(CONFOUNDED, providers=providers)
        frames = [drawn(world, seed=seed, people=people) for seed in seeds]
        for name in ("mean wait of the others", "number of others"):
            cells = [cells_of(frame, ["pay"], referrals=QUEUES[name]) for frame in frames]
            for errors in ("CR2", "fixest"):
                options = {"referrals": QUEUES[name], "errors": errors, "least_f": 0.0}
                found = [congestion.of_cells(cell, **options).estimates[0] for cell in cells]
                lines.append(f"| {providers} | {name} | {errors} | {_instrument(found)} |")
    return lines


def instrument_table(seeds: range, *, errors: str) -> list[str]:
    """One row a world, instrument and clustering."""
    lines = [f"| world | queue | clusters | {' | '.join(MEASURED)} |", "|---" * (3 + len(MEASURED)) + "|"]
    for world in (CONFOUNDED, UNCONFOUNDED, NEARLY_WEAK, WEAK):
        frames = [drawn(world, seed=seed) for seed in seeds]
        for name, referrals in QUEUES.items():
            cells = [cells_of(frame, ["pay"], referrals=referrals) for frame in frames]
            for cluster in ("provider", "provider_month"):
                options = {"referrals": referrals, "cluster": cluster, "errors": errors, "least_f": 0.0}
                found = [congestion.of_cells(cell, **options).estimates[0] for cell in cells]
                lines.append(f"| {world.name} | {name} | {cluster.replace('_', ' and ')} | {_instrument(found)} |")
    return lines


def _instrument(found: list[WaitEstimate]) -> str:
    """What is refused, and how the estimates do that are not; a dash where fewer than a twentieth is left."""
    f_statistics = np.array([one.first_stage.statistic for one in found])
    kept = [one for one in found if one.first_stage.statistic >= congestion.LEAST_F]
    anderson_rubin = np.array([one.anderson_rubin_lower <= EFFECT <= one.anderson_rubin_upper for one in found])
    refused = _share(f_statistics < congestion.LEAST_F)
    ordinary = f"{np.mean([one.ordinary.estimate for one in found]):.1f}"
    if len(kept) < len(found) / 20:
        return " | ".join(
            [refused, f"{np.median(f_statistics):.1f}", "-", _share(anderson_rubin), "-", "-", "-", ordinary]
        )
    held = np.array([one.ci_lower <= EFFECT <= one.ci_upper for one in kept])
    effects, errors = np.array([one.att for one in kept]), np.array([one.std_error for one in kept])
    return " | ".join(
        [
            refused,
            f"{np.median(f_statistics):.1f}",
            _share(held),
            _share(anderson_rubin),
            f"{np.mean((effects - EFFECT) / errors):+.2f}",
            f"{errors.mean() / effects.std():.2f}",
            f"{effects.mean():.1f}",
            ordinary,
        ]
    )


def exclusion_table(seeds: range) -> list[str]:
    """How often each check says that the queue is related to what it cannot have caused."""
    lines = [
        "| world | severity | pay before | age | the three together (Holm) | the three together (Wald) |",
        "|---|---|---|---|---|---|",
    ]
    for world in (CONFOUNDED, CASE_MIX):
        hits = []
        for seed in seeds:
            frame = drawn(world, seed=seed)
            referrals = replace(REFERRALS, covariates=())
            found = exclusion.related(frame, ["severity", "before", "age"], referrals=referrals)
            hits.append(
                [*(slope.p_value <= SIZE for slope in found.slopes), found.p_value <= SIZE, found.joint_p_value <= SIZE]
            )
        lines.append(f"| {world.name} | {' | '.join(_share(column) for column in np.array(hits).T)} |")
    return lines


def curve_table(seeds: range) -> list[str]:
    """One row a world, set of covariates and contrast of the dose-response."""
    lines = [
        f"| world | covariates | contrast | {' | '.join(MEASURED_CURVES)} |",
        "|---" * (3 + len(MEASURED_CURVES)) + "|",
    ]
    for world, covariates in (
        (UNCONFOUNDED, ("age", "month")),
        (CONFOUNDED, ("age", "month", "severity")),
        (CONFOUNDED, ("age", "month")),
    ):
        found: list[tuple[tuple[Contrast, ...], list[float]]] = []
        for seed in seeds:
            frame = drawn(world, seed=seed, people=CURVE_PEOPLE)
            waits = Waits(wait="wait", covariates=covariates, specialty="specialty", cluster="provider")
            months = np.arange(SHORT, LONG + 0.5, 0.5)
            options = {"waits": waits, "months": months, "longer": [LONG], "standards": [EIGHTEEN_WEEKS]}
            curve = dose_response.estimate(frame, "pay", **options, seed=seed)
            wait = frame["wait"].to_numpy()
            beyond = np.minimum(wait[wait > EIGHTEEN_WEEKS], LONG).mean()
            found.append((curve.contrasts, [EFFECT * (LONG - SHORT), EFFECT * (EIGHTEEN_WEEKS - beyond)]))
        for place, name in enumerate((f"{LONG:g} months and not {SHORT:g}", "18 weeks met")):
            row = _curve([(contrasts[place], truths[place]) for contrasts, truths in found])
            lines.append(f"| {world.name} | {', '.join(covariates)} | {name} | {row} |")
    return lines


def _curve(found: list[tuple[Contrast, float]]) -> str:
    held = np.array([one.ci_lower <= truth <= one.ci_upper for one, truth in found])
    apart = np.array([one.estimate - truth for one, truth in found])
    errors = np.array([one.std_error for one, _ in found])
    cells = (
        _share(held),
        f"{np.mean(apart / errors):+.2f}",
        f"{errors.mean() / apart.std():.2f}",
        f"{np.mean([one.estimate for one, _ in found]):.1f}",
        f"{np.mean([truth for _, truth in found]):.1f}",
    )
    return " | ".join(cells)


def _share(hits: np.ndarray) -> str:
    share = hits.mean()
    return f"{share:.1%} ({np.sqrt(share * (1 - share) / len(hits)):.1%})"


if __name__ == "__main__":
    main()
