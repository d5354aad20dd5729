"""The panel of a staggered adoption, made from payments and benefit spells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.engine.database import refusing
from pipeline.engine.settings import Engine
from pipeline.population.panel.layout import Layout, Shard, place_people
from pipeline.population.panel.months import Months
from pipeline.population.panel.outcomes import Measure, measure
from pipeline.population.panel.prices import deflators, upper_quantile
from pipeline.population.panel.shards import write_panel_note, write_shard
from pipeline.population.panel.spells import Claims, DeliveredSpells, Spells, claims
from pipeline.population.panel.totals import Totals, monthly_totals
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.months import parse_month
from pipeline.vocabulary.panels import LINKAGE_WEIGHT
from pipeline.vocabulary.protocol import Prices, Protocol
from pipeline.vocabulary.schemas.panels import panel_schema
from pipeline.vocabulary.schemas.people import AT_INDEX, COHORT

PENCE_A_POUND = 100

COMPARISON = "comparison people"
"""The level of comparison people in a characteristic that an index event tells."""

CHARACTERISTICS = tuple(
    column.name
    for column in COHORT.columns
    if column.role == "characteristic" and column.name not in {"birth_month", "age_at_index"}
)
"""What describes a person in the panel, in words: every characteristic of the cohort but the two that are numbers."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a protocol asks of its panel: the months, how money becomes comparable, the outcomes and their sources."""

    first_month: int
    n_months: int
    prices: Prices
    measures: Mapping[str, Measure]
    sources: frozenset[str]
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scale:
    """From a month's nominal pence to real pounds: ``min(pence, top_code) / 100 * deflator[month]``."""

    top_code: float
    deflator: NDArray[np.float64]

    def real(self, pence: NDArray[np.int64]) -> NDArray[np.float32]:
        """``(n, T)``: real pounds."""
        pounds: NDArray[np.float64] = np.minimum(pence, self.top_code) * (self.deflator / PENCE_A_POUND)
        return pounds.astype(np.float32)


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """What is known of the panel's people: monthly totals of pay, and benefit spells if an outcome asks for them."""

    totals: Sequence[Totals]
    spells: DeliveredSpells | None

    def spells_of(self, shard: Shard) -> Spells | None:
        """The spells of a shard's people."""
        return None if self.spells is None else self.spells.of(shard)


def panel(  # noqa: PLR0913 - one scan for each table that is read
    connection: duckdb.DuckDBPyConnection,
    protocol: Protocol,
    *,
    cohort: str,
    paye: str,
    nino_person: str,
    cpih: str,
    target: Path,
    engine: Engine,
    benefits: str | None = None,
) -> None:
    """Write ``target/panel`` (shards) and ``target/panel.json``.

    A person's payments of a month are summed over schemes and National Insurance numbers; no payment, or a sum below
    zero, is £0. Nominal pay is top-coded at the protocol's quantile over all observed person-months, zeros included,
    then deflated. A month counts for a benefit when a spell covers its 15th day, once however many spells of the
    benefit do. The same tables give the same bytes in whatever order their rows come.

    Parameters
    ----------
    cohort, paye, nino_person, cpih
        SQL scans of tables with the schemas COHORT, PAYE_RTI, NINO_PERSON and PRICES_CPIH.
    benefits
        SQL scan of a table with the schema DWP_BENEFITS, for outcomes that are made from it.

    Raises
    ------
    DataRefused
        If a month of the panel or of the base year has no price index.
    RequestError
        If the protocol is of another design, or names an outcome that cannot be made, or not without ``benefits``.
    """
    plan = _plan(protocol)
    months = {"first_month": plan.first_month, "n_months": plan.n_months}
    target.mkdir(parents=True, exist_ok=True)
    with (
        refusing("the panel", source="paye_rti"),
        connection.cursor() as work,
        TemporaryDirectory(dir=target, prefix=".totals-") as scratch,
    ):
        deflator = deflators(work, cpih=cpih, base_year=plan.prices.base_year, **months)
        layout = place_people(
            work, _people_sql(cohort, numbers=plan.numbers), people_per_shard=engine.people_per_shard, **months
        )
        totals = monthly_totals(
            work, layout, paye=paye, nino_person=nino_person, gb=engine.panel_memory_gb, scratch=Path(scratch)
        )
        top_code = _top_code(layout, totals, probability=plan.prices.winsorise_above)
        scale = Scale(top_code=top_code, deflator=deflator)
        spells = _spells(work, layout, plan, benefits=benefits, nino_person=nino_person)
        known = Delivered(totals=totals, spells=spells)
        _write(layout, known, plan=plan, scale=scale, target=target, threads=engine.threads)


def _plan(protocol: Protocol) -> Plan:
    """The plan that a protocol declares; see :func:`panel` for what is refused."""
    evaluation = protocol.evaluation
    if evaluation.prices is None or evaluation.observed_between is None:
        raise RequestError(Fault(what=f"evaluation {protocol.name} has no months or prices to make a panel of pay"))
    first, last = (parse_month(label) for label in evaluation.observed_between)
    return Plan(
        first_month=first,
        n_months=last - first + 1,
        prices=evaluation.prices,
        measures={outcome.name: measure(outcome.name) for outcome in evaluation.outcomes},
        sources=frozenset(outcome.source for outcome in evaluation.outcomes),
        numbers=evaluation.design.kept,
    )


def _spells(
    work: duckdb.DuckDBPyConnection, layout: Layout, plan: Plan, *, benefits: str | None, nino_person: str
) -> DeliveredSpells | None:
    """The benefit spells of the layout's people, where an outcome asks for them."""
    if "dwp_benefits" not in plan.sources:
        return None
    if benefits is None:
        raise RequestError(Fault(what="an outcome is made from benefit spells", remedy="Deliver dwp_benefits."))
    return DeliveredSpells(work, layout, benefits=benefits, nino_person=nino_person)


def _people_sql(cohort: str, *, numbers: Sequence[str]) -> str:
    """SQL: the cohort's people with the columns of a layout; characteristics in words.

    Comparison people are a level of their own of what an index event tells, so that treated people of every level can
    be compared with them. They wait for nothing: numbers of a wait are 0.
    """
    words = ", ".join(
        f"CASE WHEN treatment_month IS NULL THEN '{COMPARISON}' ELSE {name} END AS {name}"
        if name in AT_INDEX
        else f"CAST({name} AS VARCHAR) AS {name}"
        for name in CHARACTERISTICS
    )
    told = ", ".join((LINKAGE_WEIGHT, *(f"coalesce(CAST({name} AS DOUBLE), 0) AS {name}" for name in numbers)))
    return f"""
    SELECT person_id, treatment_month, index_month, birth_month, first_month, last_month, {told}, {words}
    FROM {cohort}"""


def _top_code(layout: Layout, totals: Sequence[Totals], *, probability: float) -> float:
    """The quantile, in pence, over all observed person-months."""
    n = sum(int(layout.observed(shard).sum()) for shard in layout.shards)
    pieces = (part.of(shard)[layout.observed(shard)] for part in totals for shard in part.shards)
    return upper_quantile(pieces, n=n, probability=probability)


def _write(layout: Layout, known: Delivered, *, plan: Plan, scale: Scale, target: Path, threads: int) -> None:
    """Write the shards, each by a thread (Arrow's encoders let others run), and the note.

    Spells are read a slice of shards at a time, by this thread alone.
    """
    schema = panel_schema(
        n_months=plan.n_months,
        outcomes=list(plan.measures),
        characteristics=CHARACTERISTICS,
        numbers=(LINKAGE_WEIGHT, *plan.numbers),
    )

    def written(part: Totals, shard: Shard, spells: Spells | None) -> tuple[int, int]:
        """The shard's observed person-months, and those of them that were top-coded."""
        pence, observed = part.of(shard), layout.observed(shard)
        months = Months(
            pay=scale.real(pence), claims=_claims(spells, pence.shape), observed=observed, deflator=scale.deflator
        )
        outcomes = {name: measured(months) for name, measured in plan.measures.items()}
        write_shard(layout.members(shard), outcomes, shard=shard, schema=schema, target=target)
        return int(observed.sum()), int(((pence > scale.top_code) & observed).sum())

    counts: list[tuple[int, int]] = []
    with ThreadPoolExecutor(threads) as pool:
        for part in known.totals:
            pieces = [(part, shard, known.spells_of(shard)) for shard in part.shards]
            counts += pool.map(lambda piece: written(*piece), pieces)
    person_months, top_coded = (sum(column) for column in zip(*counts, strict=True))
    facts: dict[str, object] = {"person_months": person_months, "person_months_top_coded": top_coded}
    if plan.numbers:
        facts["covariates"] = list(plan.numbers)
    write_panel_note(layout, schema, facts={"price_base": str(plan.prices.base_year), **facts}, target=target)


def _claims(spells: Spells | None, shape: tuple[int, ...]) -> Claims | None:
    n_people, n_months = shape
    return None if spells is None else claims(spells, n_people=n_people, n_months=n_months)
