"""Do headline intervals hold the truth as often as they say? Synthetic deliveries of many seeds, each to its estimates.

    python benchmarks/coverage.py --seeds 100 --people 50000 --workers 2 --records records.jsonl

Each seed's delivery goes through ingestion, linkage, cohort, panel and the headline estimates as ``causeway run`` takes
it there; validation, subgroups, disclosure and publication are left out for time. Validation only quarantines, and
``--check`` shows on the first seed that a full run's estimates are the same. Each seed is a line of the records file,
and seeds that are there are not run again. Prints the tables of docs/benchmarks/coverage.md.

Beside each estimate stands what the estimator makes of the same people and months when each outcome is replaced by its
expectation, which the made-up deliveries know. Effects on pay and employment are linear in outcomes, so its distance
from the truth is their bias without the chance of a finite number of seeds. Pay in work has no such twin: which months
it has is chance itself.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from time import perf_counter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import evaluations
from pipeline.engine.database import database, parquet
from pipeline.engine.panels import StoredPanel
from pipeline.engine.provenance import commit
from pipeline.engine.settings import Settings, read_settings
from pipeline.synthetic.delivery import Population, draw_population, synthesise
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.panels import PanelShard
from pipeline.vocabulary.protocol import Protocol

EVALUATION = "bariatric_surgery"
TRUTH = ["outcome", "months_from", "months_to", "effect"]
ESTIMATE = ["estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper"]
SPINE_SOURCES = {"census": "census", "deaths": "deaths", "links_person": "links/person", "links_nino": "links/nino"}
SUMMARY = (
    "95% intervals that hold the truth (MC error)",
    "simultaneous bands that hold all bins",
    "mean bias in standard errors (MC error)",
    "the same without chance: mean; largest bin",
    "standard error / spread of estimates",
)
SAME = 1e-9  # largest difference between a full run's estimate and ours, in standard errors: rows come in other orders


def main() -> None:
    """Run the seeds that are not in the records, then print what all of them say."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"  # the workers share the processors; each is started afresh and reads this
    asked = _options()
    if asked.check:
        print(check(seed=asked.first_seed, people=asked.people))
        return
    wanted = range(asked.first_seed, asked.first_seed + asked.seeds)
    missing = [seed for seed in wanted if seed not in _recorded(asked.records, people=asked.people)]
    for record in _run(missing, people=asked.people, workers=asked.workers):
        with asked.records.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    found = _recorded(asked.records, people=asked.people)
    print(report([found[seed] for seed in wanted], people=asked.people))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--records", type=Path, default=Path(gettempdir()) / "causeway-coverage.jsonl")
    parser.add_argument("--check", action="store_true", help="compare the first seed's estimates with a full run's")
    return parser.parse_args()


def _recorded(records: Path, *, people: int) -> dict[int, dict]:
    """The records of deliveries of this size, by seed."""
    if not records.is_file():
        return {}
    lines = [json.loads(line) for line in records.read_text(encoding="utf-8").splitlines()]
    return {line["seed"]: line for line in lines if line["people"] == people}


def _run(seeds: list[int], *, people: int, workers: int) -> Iterable[dict]:
    """Each seed's record as it is done."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(partial(record, people=people), seed) for seed in seeds]):
            yield done.result()


# One seed -------------------------------------------------------------------------------------------------------------


def record(seed: int, *, people: int) -> dict:
    """A seed's headline estimates beside the truth."""
    start = perf_counter()
    with TemporaryDirectory() as name:
        root = Path(name)
        truth = _synthesise(root, seed=seed, people=people)
        found = headline(root).merge(truth, how="left", on=TRUTH[:-1], validate="one_to_one")
        found = found.merge(without_chance(root, seed=seed, people=people), how="left", on=TRUTH[:-1])
    if found.effect.isna().any():
        raise ValueError("a headline bin has no truth")
    cells = json.loads(found[[*TRUTH, *ESTIMATE, "expected"]].to_json(orient="columns", double_precision=15))
    cells = {name: list(column.values()) for name, column in cells.items()}
    return {"seed": seed, "people": people, "commit": commit(), "seconds": perf_counter() - start, "cells": cells}


def _synthesise(root: Path, *, seed: int, people: int) -> pd.DataFrame:
    """Make ``root/delivery`` and say what its true effects on everybody are."""
    synthesise(root / "delivery", people=people, seed=seed)
    truth = pd.read_csv(root / "delivery-truth" / "effects.csv")
    return truth.loc[(truth.evaluation == EVALUATION) & (truth.subgroup == "all"), TRUTH]


def headline(root: Path) -> pd.DataFrame:
    """The headline estimates of ``root/delivery``, in published units; every table between stays in ``root``."""
    from pipeline.inference.designs import staggered_adoption

    read = read_settings()
    settings = read.model_copy(update={"engine": read.engine.model_copy(update={"threads": 1})})
    protocol = _headline_only(evaluations.load(EVALUATION))
    _ingest(root, protocol, settings)
    _population(root, protocol, settings)
    return _headlines(staggered_adoption.estimates(StoredPanel(root), protocol, settings.inference))


def _headline_only(protocol: Protocol) -> Protocol:
    """The protocol without subgroups, other estimators and robustness runs: they leave the headline as it is."""
    design = protocol.evaluation.design
    alone = {"estimators": (design.headline,), "subgroup_estimators": None, "robustness": ()}
    changed = {"subgroups": (), "design": design.model_copy(update=alone)}
    return replace(protocol, evaluation=protocol.evaluation.model_copy(update=changed))


def _headlines(estimates: pa.Table) -> pd.DataFrame:
    frame = estimates.drop_columns(["covariance"]).to_pandas()
    return frame.loc[frame.role == "headline", [*TRUTH[:-1], *ESTIMATE]]


def _ingest(root: Path, protocol: Protocol, settings: Settings) -> None:
    """The typed rows of every source, in a folder by the source's name."""
    from pipeline.records.ingestion import ingest, read_delivery
    from pipeline.vocabulary.schemas.sources import SOURCES

    sources = protocol.evaluation.sources
    delivery = read_delivery(root / "delivery", required=sources)
    clear = settings.validation.clear_identifiers
    for source in sources:
        columns = settings.columns[source]
        with database(settings.engine, spill=root / "spill") as connection:
            ingest(
                connection, delivery, SOURCES[source], columns=columns, clear_identifiers=clear, target=root / source
            )


def _population(root: Path, protocol: Protocol, settings: Settings) -> None:
    """Spine, cohort and panel."""
    from pipeline.population.cohort import staggered_cohort
    from pipeline.population.panel import panel
    from pipeline.records import linkage

    typed = {source: parquet(root / source / "typed") for source in protocol.evaluation.sources}
    spine = {name: typed[source] for name, source in SPINE_SOURCES.items()}
    made = {name: parquet(root / name) for name in ("spine", "health_person", "nino_person", "cohort")}
    with database(settings.engine, spill=root / "spill") as connection:
        linkage.spine(connection, **spine, hes=typed["hes_apc"], target=root)
    records = {"hes_apc": typed["hes_apc"], "health_person": made["health_person"]}
    with database(settings.engine, spill=root / "spill") as connection:
        staggered_cohort(connection, protocol, records=records, spine=made["spine"], target=root)
    pay = {"paye": typed["paye_rti"], "cpih": typed["prices/cpih"]}
    links = {name: made[name] for name in ("cohort", "nino_person")}
    with database(settings.engine, spill=root / "spill") as connection:
        panel(connection, protocol, **pay, **links, target=root, engine=settings.engine)


class Expected:
    """The panel of ``root`` with every outcome replaced by its expectation: a panel like any other."""

    def __init__(self, root: Path, drawn: Population) -> None:
        self.stored, self.drawn = StoredPanel(root), drawn
        self.first_month, self.n_months, self.levels = self.stored.first_month, self.stored.n_months, {}
        n = len(drawn.people)
        ids = pseudonyms(np.arange(n) + n * drawn.people.described_in, prefix="C", seed=drawn.seed)
        self.places = pd.Series(np.arange(n), index=ids.to_pylist())
        self.files = [root / "panel" / name for name in json.loads((root / "panel.json").read_text())["shards"]]

    def shards(self, outcome: str, characteristics: Sequence[str] = ()) -> Iterator[PanelShard]:
        """The stored shards, their people and months as they are."""
        for shard, file in zip(self.stored.shards(outcome, characteristics), self.files, strict=True):
            rows = self.places[pq.read_table(file, columns=["person_id"])["person_id"].to_pylist()].to_numpy()
            work = expected_work(self.drawn.people, self.drawn.treatment, rows=rows, knobs=self.drawn.knobs)
            expected = work.in_work.astype(float) * (work.pay_in_work if outcome == "pay" else 1)
            yield replace(shard, outcome=np.where(np.isnan(shard.outcome), np.nan, expected))


def without_chance(root: Path, *, seed: int, people: int) -> pd.DataFrame:
    """The headline estimates of expected outcomes, for the outcomes whose effects are linear in them."""
    from pipeline.inference.designs import staggered_adoption

    protocol = _headline_only(evaluations.load(EVALUATION))
    linear = tuple(outcome for outcome in protocol.evaluation.outcomes if outcome.name in {"pay", "employed"})
    protocol = replace(protocol, evaluation=protocol.evaluation.model_copy(update={"outcomes": linear}))
    panel = Expected(root, draw_population(people=people, seed=seed))
    found = _headlines(staggered_adoption.estimates(panel, protocol, read_settings().inference))
    return found[[*TRUTH[:-1], "estimate"]].rename(columns={"estimate": "expected"})


def check(*, seed: int, people: int) -> str:
    """Whether a full run's headline estimates are ours, on one seed."""
    from assets.resources import Causeway
    from assets.runs import run

    with TemporaryDirectory() as name:
        root = Path(name)
        _synthesise(root, seed=seed, people=people)
        ours = headline(root)
        run(root / "delivery", store=root / "store", chosen=[EVALUATION], debug=False)
        kept = Causeway(delivery=str(root / "delivery"), store=str(root / "store")).recorded(f"{EVALUATION}/estimates")
        both = ours.merge(_headlines(kept.read("estimates")), on=TRUTH[:-1], suffixes=("", "_run"), validate="1:1")
    difference = max(float(((both[f"{c}_run"] - both[c]) / both.std_error).abs().max()) for c in ESTIMATE)
    if len(both) != len(ours) or difference > SAME:
        raise ValueError(f"a full run differs by {difference:.2g} standard errors")
    return (
        f"Seed {seed}: {len(both)} headline effects of a full run differ by at most {difference:.1g} standard errors."
    )


# What they say --------------------------------------------------------------------------------------------------------


def report(records: list[dict], *, people: int) -> str:
    """The Markdown tables."""
    cells = pd.concat([pd.DataFrame(one["cells"]).assign(seed=one["seed"]) for one in records], ignore_index=True)
    cells["bias"] = (cells.estimate - cells.effect) / cells.std_error
    cells["systematic"] = (cells.expected.astype(float) - cells.effect) / cells.std_error
    cells["within"] = (cells.ci_lower <= cells.effect) & (cells.effect <= cells.ci_upper)
    cells["in_band"] = (cells.band_lower <= cells.effect) & (cells.effect <= cells.band_upper)
    seconds = sum(one["seconds"] for one in records) / len(records)
    commits = ", ".join(sorted({one["commit"][:12] + "+" * one["commit"].endswith("+changes") for one in records}))
    machine = f"{os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}"
    lines = [
        f"{len(records)} seeds of {people:,} people; {machine}; {seconds:.0f} s a seed and worker; commit {commits}.",
        "",
        *_by_outcome(cells),
        "",
        *_by_bin(cells),
    ]
    return "\n".join(lines)


def _by_outcome(cells: pd.DataFrame) -> list[str]:
    """Coverage and bias of each outcome; the Monte Carlo error in brackets is that of seeds, whose bins go together."""
    lines = [
        f"| outcome | {' | '.join(SUMMARY)} |",
        "|---|---|---|---|---|---|",
    ]
    for outcome, mine in cells.groupby("outcome", sort=False):
        seeds = mine.groupby("seed")
        within, bias = seeds.within.mean(), seeds.bias.mean()
        held = seeds.in_band.all()
        by_bin = mine.groupby("months_from")
        spread = (mine.estimate - mine.effect).groupby(mine.months_from).std()
        lines.append(
            f"| {outcome} | {within.mean():.1%} ({within.sem():.1%}) | {held.mean():.0%} | "
            f"{bias.mean():+.3f} ({bias.sem():.3f}) | {_without_chance(by_bin.systematic.mean())} | "
            f"{(by_bin.std_error.mean() / spread).mean():.2f} |"
        )
    return lines


def _without_chance(by_bin: pd.Series) -> str:
    if by_bin.isna().all():
        return "not linear"
    return f"{by_bin.mean():+.3f}; {by_bin[by_bin.abs().idxmax()]:+.3f}"


def _by_bin(cells: pd.DataFrame) -> list[str]:
    """Coverage and mean bias of each bin: one row a bin, a pair of columns an outcome."""
    outcomes = list(dict.fromkeys(cells.outcome))
    named = " | ".join(f"{outcome}: coverage | bias" for outcome in outcomes)
    lines = [f"| months | {named} |", "|---|" + "---|---|" * len(outcomes)]
    for (first, last), mine in cells.groupby(["months_from", "months_to"]):
        means = mine.groupby("outcome")[["within", "bias"]].mean()
        found = " | ".join(f"{means.within[name]:.0%} | {means.bias[name]:+.2f}" for name in outcomes)
        lines.append(f"| {first} to {last} | {found} |" if first != last else f"| {first} | {found} |")
    return lines


if __name__ == "__main__":
    main()
