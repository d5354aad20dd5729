"""Do headline intervals hold the truth as often as they say? Synthetic deliveries of many seeds, each to its estimates.

    python benchmarks/coverage.py --seeds 100 --workers 2 --records records.jsonl
    python benchmarks/coverage.py --seeds 100 --records records.jsonl --evaluations bariatric_surgery

Each seed is one delivery, dirt included, that all evaluations share: it is ingested and linked once, then each
evaluation has its cohort, panel and headline estimates as ``causeway run`` makes them. Validation, subgroups,
disclosure and publication are left out for time. Validation only quarantines, and ``--check`` shows on the first seed
that a full run's estimates are the same. A worker keeps to one processor. Each seed is a line of the records file, and
seeds that are there are not run again. Prints the tables of docs/benchmarks/coverage.md.

Beside each estimate stands what the estimator makes of the same people and months when each outcome is replaced by its
expectation, which the made-up deliveries know. Effects on pay, employment and benefits are linear in outcomes, so its
distance from the truth is their bias without the chance of who worked when; who was treated when is still chance. Pay
in work has no such twin: which months it has is chance itself. Without that much chance a few seeds are enough:
``--without-chance`` says up to which.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from time import perf_counter

import pandas as pd
import pyarrow as pa

sys.path.append(str(Path(__file__).parents[1]))
import evaluations
from assets.resources import Causeway
from assets.runs import run
from assets.stages.records import concerned
from benchmarks.coverage_stages import BINS, ESTIMATE, Delivered, estimated, headline_only, headlines, linked
from benchmarks.coverage_tables import report
from pipeline.engine.provenance import commit
from pipeline.engine.settings import settings_folder
from pipeline.synthetic import Knobs
from pipeline.synthetic.delivery import Population, draw_population, synthesise

PEOPLE = 30_000
KNOBS = {"treated_share": 0.03, "endometriosis_share": 0.1}
SAME = 1e-9  # largest difference between a full run's estimate and ours, in standard errors: rows come in other orders


def main() -> None:
    """Run the seeds that are not in the records, then print what all of them say."""
    asked = _options()
    with _one_processor():
        if asked.check:
            print(check(asked.first_seed, people=asked.people, chosen=asked.evaluations))
            return
        wanted = range(asked.first_seed, asked.first_seed + asked.seeds)
        known = _recorded(asked)
        missing = [seed for seed in wanted if seed not in known]
        work = partial(record, people=asked.people, chosen=asked.evaluations, without_chance=asked.without_chance)
        for done in _run(work, missing, workers=asked.workers):
            with asked.records.open("a", encoding="utf-8") as file:
                file.write(json.dumps(done) + "\n")
    found = _recorded(asked)
    print(report([found[seed] for seed in wanted]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--evaluations", nargs="+", default=[], metavar="NAME", help="all of the delivery unless given")
    parser.add_argument("--without-chance", type=int, default=25, metavar="SEED", help="up to which seed")
    parser.add_argument("--records", type=Path, default=Path(gettempdir()) / "causeway-coverage.jsonl")
    parser.add_argument("--check", action="store_true", help="compare the first seed's estimates with a full run's")
    return parser.parse_args()


@contextmanager
def _one_processor() -> Iterator[None]:
    """Have every worker started from here keep to one processor: the settings and the numerical libraries."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"  # workers are started afresh and read this
    with TemporaryDirectory() as name:
        configs = Path(shutil.copytree(settings_folder(), Path(name) / "configs"))
        engine = configs / "engine.toml"
        lines = engine.read_text(encoding="utf-8").splitlines()
        lines = ["threads = 1" if line.startswith("threads") else line for line in lines]
        engine.write_text("\n".join(lines), encoding="utf-8")
        os.environ["CAUSEWAY_CONFIGS"] = str(configs)
        yield


def _recorded(asked: argparse.Namespace) -> dict[int, dict]:
    """The records of deliveries of this size, these knobs and these evaluations, by seed."""
    if not asked.records.is_file():
        return {}
    lines = [json.loads(line) for line in asked.records.read_text(encoding="utf-8").splitlines()]
    wanted = {"people": asked.people, "knobs": KNOBS, "chosen": asked.evaluations}
    return {line["seed"]: line for line in lines if all(line[name] == value for name, value in wanted.items())}


def _run(work: partial, seeds: Sequence[int], *, workers: int) -> Iterator[dict]:
    """Each seed's record as it is done."""
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for done in as_completed([pool.submit(work, seed) for seed in seeds]):
            yield done.result()


def record(seed: int, *, people: int, chosen: Sequence[str], without_chance: int) -> dict:
    """A seed's headline estimates beside the truth, by evaluation; without chance too up to some seed."""
    start = perf_counter()
    pa.set_cpu_count(1)
    with TemporaryDirectory() as name:
        made = _synthesised(Path(name), seed=seed, people=people)
        drawn = draw_population(people=people, seed=seed, knobs=Knobs(**KNOBS)) if seed <= without_chance else None
        found = _estimates(made, chosen, drawn)
        truth = pd.read_csv(Path(name) / "delivery-truth" / "effects.csv")
    cells = {evaluation: _beside(frame, truth, evaluation) for evaluation, frame in found.items()}
    named = {"seed": seed, "people": people, "knobs": KNOBS, "chosen": list(chosen), "commit": commit()}
    return {**named, "seconds": perf_counter() - start, "steps": made.seconds, "cells": cells}


def _synthesised(root: Path, *, seed: int, people: int) -> Delivered:
    """A delivery, its truth beside it and a store for it."""
    delivered = Delivered(Causeway(delivery=str(root / "delivery"), store=str(root / "store")))
    with delivered.timed("synthesis"):
        synthesise(root / "delivery", people=people, seed=seed, knobs=Knobs(**KNOBS))
    return delivered


def _estimates(delivered: Delivered, chosen: Sequence[str], drawn: Population | None) -> dict[str, pd.DataFrame]:
    """The headline estimates of each evaluation that the delivery is for, or of those chosen."""
    protocols = [evaluations.load(name) for name in chosen] or concerned(delivered.causeway.folder)
    linked(delivered, protocols)
    return {each.name: estimated(delivered, headline_only(each), drawn) for each in protocols}


def _beside(found: pd.DataFrame, truth: pd.DataFrame, evaluation: str) -> dict[str, list]:
    """An evaluation's columns, each bin with its true effect on everybody."""
    mine = truth.loc[(truth.evaluation == evaluation) & (truth.subgroup == "all"), [*BINS, "effect"]]
    both = found.merge(mine, how="left", on=BINS, validate="one_to_one")
    if both.effect.isna().any():
        raise ValueError(f"a headline bin of {evaluation} has no truth")
    columns = json.loads(both.to_json(orient="columns", double_precision=15))
    return {name: list(values.values()) for name, values in columns.items()}


def check(seed: int, *, people: int, chosen: Sequence[str]) -> str:
    """Whether a full run's headline estimates are ours, on one seed."""
    with TemporaryDirectory() as name:
        made = _synthesised(Path(name), seed=seed, people=people)
        ours = pd.concat(_estimates(made, chosen, None), names=["evaluation"])
        whole = made.causeway.model_copy(update={"store": str(Path(name) / "whole")})
        names = run(whole.folder, store=Path(whole.store), chosen=chosen, debug=False)
        kept = {each: headlines(whole.recorded(f"{each}/estimates").read("estimates")) for each in names}
    key = ["evaluation", *BINS]
    theirs = pd.concat(kept, names=["evaluation"]).reset_index(level="evaluation")
    both = ours.reset_index(level="evaluation").merge(theirs, on=key, suffixes=("", "_run"), validate="one_to_one")
    difference = max(float(((both[f"{c}_run"] - both[c]) / both.std_error).abs().max()) for c in ESTIMATE)
    if not len(both) == len(ours) == len(theirs) or not difference <= SAME:
        raise ValueError(f"a full run differs by {difference:.2g} standard errors")
    return (
        f"Seed {seed}: {len(both)} headline effects of {len(names)} evaluations in a full run differ by at most "
        f"{difference:.1g} standard errors."
    )


if __name__ == "__main__":
    main()
