"""A synthetic delivery's headline estimates, through the stages of a run and nothing else: what coverage.py repeats.

Every stage is the function that ``causeway run`` calls, so that what a design asks for is found where a run finds it.
Left out are validation (typed rows are taken as accepted), subgroups, other estimators, robustness runs, diagnostics,
disclosure and publication.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from assets.resources import Causeway
from assets.stages import evaluation as stages
from assets.stages import records
from assets.stages.designs import stages_of
from pipeline.engine.store import Result
from pipeline.synthetic.benefits import DISABILITY_ONLY, INCAPACITY_ONLY, expected_claims, monthly_amount
from pipeline.synthetic.delivery import Population
from pipeline.synthetic.identifiers import pseudonyms
from pipeline.synthetic.work import expected_work
from pipeline.vocabulary.protocol import Protocol

BINS = ["outcome", "months_from", "months_to"]
ESTIMATE = ["estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper", "n_treated"]
LINEAR = ("pay", "employed", "benefits", "incapacity_benefits", "disability_benefits", "benefit_amount")
"""Outcomes of which an effect on the mean is the mean of effects: those that expectations can be put in place of."""


@dataclass(frozen=True)
class Delivered:
    """A delivery on its way: the results so far by key, and the processor seconds that each kind of step took."""

    causeway: Causeway
    results: dict[str, Result] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add to the seconds of a kind of step."""
        start = process_time()
        yield
        self.seconds[step] = self.seconds.get(step, 0.0) + process_time() - start


def linked(delivered: Delivered, protocols: Iterable[Protocol]) -> None:
    """Ingest every source that the evaluations read, and link: once for all of them."""
    causeway, results = delivered.causeway, delivered.results
    wanted = {key for protocol in protocols for keys in _inputs(protocol) for key in keys}
    with delivered.timed("ingestion"):
        whole = records.delivery(causeway)
        for source in sorted((wanted | set(records.SPINE_SOURCES)) & records.known_sources()):
            results[source] = _unvalidated(causeway, records.ingested(causeway, whole, source), source)
    with delivered.timed("spine"):
        results["spine"] = records.spine(causeway, {source: results[source] for source in records.SPINE_SOURCES})


def _inputs(protocol: Protocol) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a cohort is made from, and what a panel is besides its cohort."""
    design = stages_of(protocol)
    return design.cohort_inputs(protocol), design.panel_inputs(protocol)


def _unvalidated(causeway: Causeway, typed: Result, source: str) -> Result:
    """A source's typed rows in the place of its accepted ones."""
    return causeway.results.make(
        source,
        inputs=(typed,),
        code="unvalidated",
        build=lambda folder: (folder / "accepted").symlink_to(typed.table("typed"), target_is_directory=True),
    )


def headline_only(protocol: Protocol) -> Protocol:
    """The protocol without subgroups, other estimators and robustness runs: they leave the headline as it is."""
    design = protocol.evaluation.design
    alone = {"estimators": (design.headline,), "subgroup_estimators": None, "robustness": ()}
    alone = {name: value for name, value in alone.items() if name in type(design).model_fields}
    changed = {"subgroups": (), "design": design.model_copy(update=alone)}
    return replace(protocol, evaluation=protocol.evaluation.model_copy(update=changed))


def estimated(delivered: Delivered, protocol: Protocol, drawn: Population | None) -> pd.DataFrame:
    """One row a headline effect; ``expected`` is what the same people's expected outcomes make of it.

    ``expected`` is missing where an outcome is not linear, and where nobody is ``drawn`` to expect of.
    """
    causeway, results = delivered.causeway, delivered.results
    cohort, panel = (f"{protocol.name}/{stage}" for stage in ("cohort", "panel"))
    of_cohort, of_panel = _inputs(protocol)
    with delivered.timed("cohorts"):
        results[cohort] = stages.cohort(causeway, protocol, _of(results, of_cohort))
    with delivered.timed("panels"):
        results[panel] = stages.panel(causeway, protocol, _of(results, (cohort, *of_panel)))
    with delivered.timed("estimates"):
        found = headlines(stages.estimates(causeway, protocol, results[panel]).read("estimates"))
    if drawn is None:
        return found.assign(expected=np.nan)
    with delivered.timed("without chance"):
        expected = _without_chance(causeway, protocol, results[panel], drawn=drawn)
    return found.merge(expected, how="left", on=BINS, validate="one_to_one")


def _of(results: dict[str, Result], keys: Sequence[str]) -> dict[str, Result]:
    return {key: results[key] for key in keys}


def headlines(estimates: pa.Table) -> pd.DataFrame:
    """The headline effects of a table of estimates."""
    frame = estimates.drop_columns(["covariance"]).to_pandas()
    return frame.loc[frame.role == "headline", [*BINS, *ESTIMATE]]


# Without chance -------------------------------------------------------------------------------------------------------


def _without_chance(causeway: Causeway, protocol: Protocol, panel: Result, *, drawn: Population) -> pd.DataFrame:
    """The headline estimates of expected outcomes, for the outcomes whose effects are linear in them."""
    linear = tuple(outcome for outcome in protocol.evaluation.outcomes if outcome.name in LINEAR)
    protocol = replace(protocol, evaluation=protocol.evaluation.model_copy(update={"outcomes": linear}))
    names = [outcome.name for outcome in linear]
    expected = causeway.results.make(
        f"{protocol.name}/expected",
        inputs=(panel,),
        code="expected",
        build=lambda folder: _write_expected(panel.path, names, drawn=drawn, target=folder),
    )
    found = headlines(stages.estimates(causeway, protocol, expected).read("estimates"))
    return found[[*BINS, "estimate"]].rename(columns={"estimate": "expected"})


def _write_expected(panel: Path, outcomes: Sequence[str], *, drawn: Population, target: Path) -> None:
    """Write a panel with every outcome replaced by its expectation, its people and observed months as they are."""
    note = json.loads((panel / "panel.json").read_text(encoding="utf-8"))
    (target / "panel").mkdir()
    (target / "panel.json").write_text(json.dumps(note), encoding="utf-8")
    n = len(drawn.people)
    ids = pseudonyms(np.arange(n) + n * drawn.people.described_in, prefix="C", seed=drawn.seed)
    places = pd.Series(np.arange(n), index=ids.to_pylist())
    for name in note["shards"]:
        shard = pq.read_table(panel / "panel" / name).combine_chunks()
        found = expectations(drawn, places[shard["person_id"].to_pylist()].to_numpy())
        for outcome in outcomes:
            place = shard.schema.get_field_index(outcome)
            shard = shard.set_column(place, outcome, _where_seen(shard[outcome], found[outcome]))
        pq.write_table(shard, target / "panel" / name)


def _where_seen(seen: pa.ChunkedArray, values: NDArray[np.floating]) -> pa.Array:
    """Lists of the same type with other values where there was one."""
    lists = seen.combine_chunks()
    lists = lists.chunk(0) if isinstance(lists, pa.ChunkedArray) else lists
    missing = lists.flatten().is_null().to_numpy(zero_copy_only=False)
    flat = pa.array(values.ravel().astype(np.float64), mask=missing)
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def expectations(drawn: Population, rows: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """``(n, T)`` by linear outcome: what the people in ``rows`` can expect of each month, as a panel has it."""
    work = expected_work(drawn.people, drawn.treatment, rows=rows, knobs=drawn.knobs)
    claims = expected_claims(drawn.claimants, drawn.treatment, rows=rows, knobs=drawn.knobs).astype(np.float64)
    kind = drawn.claimants.kind[rows]
    in_work = work.in_work.astype(np.float64)
    return {
        "pay": in_work * work.pay_in_work,
        "employed": in_work,
        "benefits": claims,
        "incapacity_benefits": claims * (kind != DISABILITY_ONLY)[:, None],
        "disability_benefits": claims * (kind != INCAPACITY_ONLY)[:, None],
        "benefit_amount": claims * monthly_amount(kind),
    }
