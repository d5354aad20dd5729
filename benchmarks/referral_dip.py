"""Does the dip before a referral for therapy pass for an effect? By the declared reference, and by the naive one.

    python benchmarks/referral_dip.py --seeds 24

makes deliveries in which everybody who has a session lost employment in the year before it, takes each through
validation, linkage, cohort and panel as ``causeway run`` does, and estimates the headline with its declared reference
and in the run whose reference is the year before the first session. Prints docs/benchmarks/referral_dip.md's tables.

A bias is without chance: what the estimator makes of the same people and months when each outcome is replaced by its
expectation, less the truth. It is counted in standard errors of the headline's estimate of the outcomes as they fell.
"""

from __future__ import annotations

import argparse
import platform
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import pandas as pd
from coverage import Expected

import evaluations
from pipeline.engine.panels import StoredPanel
from pipeline.engine.provenance import commit
from pipeline.engine.settings import read_settings
from pipeline.engine.store import Result
from pipeline.inference.designs import staggered_adoption
from pipeline.synthetic.delivery import draw_population, synthesise
from pipeline.synthetic.knobs import Knobs
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.robustness import ReferenceBeforeIndex

EVALUATION = "talking_therapies"
NAIVE = ReferenceBeforeIndex(months=12)
LINEAR = ("pay", "employed")
NAMES = {False: "declared", True: "naive"}
CELL = ["outcome", "months_from", "months_to"]
SUMMARY = ("in standard errors (MC error)", "largest bin", "within 0.25 in", "mean standard error")
TARGET = 0.25
"""Standard errors within which the declared reference is to find the truth, and the naive one is not."""


def main() -> None:
    """Every seed's biases, then what they say together."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--people", type=int, default=15_000)
    parser.add_argument("--dip", type=float, default=3.0, help="percentage points of employment")
    parser.add_argument("--share", type=float, default=0.2, help="of people who are referred")
    asked = parser.parse_args()
    start, knobs = process_time(), Knobs(referral_dip=asked.dip, therapy_share=asked.share)
    found = [biases(seed, people=asked.people, knobs=knobs) for seed in range(1, asked.seeds + 1)]
    seconds = (process_time() - start) / asked.seeds
    said = (
        f"{asked.seeds} seeds of {asked.people:,} people, a dip of {asked.dip:g} points; {seconds:.0f} s of processor "
        f"a seed ({platform.machine()}, Python {platform.python_version()}); commit {commit()[:12]}."
    )
    print(said, *tables(pd.concat(found, ignore_index=True)), sep="\n")


def biases(seed: int, *, people: int, knobs: Knobs) -> pd.DataFrame:
    """One row an outcome, bin and reference: the bias without chance, and the headline's standard error."""
    protocol = both_references(evaluations.load(EVALUATION))
    with TemporaryDirectory() as name:
        root = Path(name)
        synthesise(root / "delivery", people=people, seed=seed, knobs=knobs)
        truth = pd.read_csv(root / "delivery-truth" / "effects.csv")
        stored = panel_of(root, protocol).path
        drawn = draw_population(people=people, seed=seed, knobs=knobs)
        expected = estimated(Expected(stored, drawn), protocol).drop(columns=["std_error", "n_treated"])
        found = estimated(StoredPanel(stored), protocol)
    truth = truth[(truth.evaluation == EVALUATION) & (truth.subgroup == "all")]
    headline = found[found.role == "headline"]
    told = expected.merge(truth[[*CELL, "effect"]], on=CELL, validate="many_to_one")
    told = told.merge(headline[[*CELL, "std_error", "n_treated"]], on=CELL, validate="many_to_one")
    return told.assign(seed=seed, bias=told.estimate - told.effect, naive=told.role == "robustness")


def both_references(protocol: Protocol) -> Protocol:
    """The protocol's headline estimator for everybody, with the declared and the naive reference and nothing else."""
    evaluation = protocol.evaluation
    if NAIVE not in evaluation.design.robustness:
        raise ValueError("the evaluation does not declare the naive run")
    alone = {"estimators": (evaluation.design.headline,), "subgroup_estimators": None, "robustness": (NAIVE,)}
    changed = {
        "subgroups": (),
        "outcomes": tuple(outcome for outcome in evaluation.outcomes if outcome.name in LINEAR),
        "design": evaluation.design.model_copy(update=alone),
    }
    return replace(protocol, evaluation=evaluation.model_copy(update=changed))


def panel_of(root: Path, protocol: Protocol) -> Result:
    """The panel that the stages make of ``root/delivery``."""
    from assets.evaluation import cohort_inputs, panel_inputs
    from assets.resources import Causeway
    from assets.stages import evaluation, records

    causeway = Causeway(delivery=str(root / "delivery"), store=str(root / "store"))
    delivered = records.delivery(causeway)
    made = {source: records.accepted(causeway, delivered, source) for source in protocol.evaluation.sources}
    made["spine"] = records.spine(causeway, {source: made[source] for source in records.SPINE_SOURCES})
    inputs = {key: made[key] for key in cohort_inputs(protocol)}
    cohort = evaluation.cohort(causeway, protocol, inputs)
    inputs = {key: made[key] for key in panel_inputs(protocol)}
    return evaluation.panel(causeway, protocol, {cohort.key: cohort, **inputs})


def estimated(panel: Panel, protocol: Protocol) -> pd.DataFrame:
    """The estimates of both references, in published units, without chance of the bands' draws."""
    found = staggered_adoption.estimates(panel, protocol, read_settings().inference)
    columns = [*CELL, "role", "estimate", "std_error", "n_treated"]
    return found.select(columns).to_pandas()


# What they say --------------------------------------------------------------------------------------------------------


def tables(found: pd.DataFrame) -> list[str]:
    """The Markdown tables: by outcome over the months after the index, then by bin."""
    after = found[found.months_from > 0]
    treated = after.groupby("seed").n_treated.max()
    return [
        "",
        f"{treated.mean():,.0f} people treated in a delivery, on average.",
        "",
        f"| outcome | reference | mean bias | {' | '.join(SUMMARY)} |",
        "|---|---|---|---|---|---|---|",
        *(_row(outcome, naive, mine) for (outcome, naive), mine in after.groupby(["outcome", "naive"], sort=False)),
        "",
        *_by_bin(found),
    ]


def _row(outcome: str, naive: bool, mine: pd.DataFrame) -> str:  # noqa: FBT001 - a group's key
    mine = mine.assign(in_errors=mine.bias / mine.std_error)
    seeds = mine.groupby("seed").in_errors.mean()
    bins = mine.groupby("months_from").in_errors.mean()
    within = (bins.abs() <= TARGET).sum()
    return (
        f"| {outcome} | {NAMES[naive]} | {mine.bias.mean():+.3f} | {seeds.mean():+.3f} ({seeds.sem():.3f}) | "
        f"{bins[bins.abs().idxmax()]:+.3f} | {within} of {len(bins)} bins | {mine.std_error.mean():.2f} |"
    )


def _by_bin(found: pd.DataFrame) -> list[str]:
    """The mean bias of each bin in standard errors: the declared and the naive reference of each outcome."""
    found = found.assign(in_errors=found.bias / found.std_error)
    means = found.pivot_table(values="in_errors", index=["months_from", "months_to"], columns=["outcome", "naive"])
    columns = [(outcome, naive) for outcome in LINEAR for naive in (False, True)]
    lines = [
        f"| months | {' | '.join(f'{outcome}: {NAMES[naive]}' for outcome, naive in columns)} |",
        "|---|" + "---|" * len(columns),
    ]
    for (first, last), row in means.iterrows():
        cells = ("reference" if pd.isna(row.get(column, float("nan"))) else f"{row[column]:+.2f}" for column in columns)
        lines.append(
            f"| {first} to {last} | {' | '.join(cells)} |" if first != last else f"| {first} | {' | '.join(cells)} |"
        )
    return lines


if __name__ == "__main__":
    main()
