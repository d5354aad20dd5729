"""A whole delivery: everything drawn, written source by source, and the truth beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.synthetic.benefits import benefit_table, spells
from pipeline.synthetic.calendar import CPIH, PRICE_MONTHS
from pipeline.synthetic.census import census_records, deaths
from pipeline.synthetic.elective_stays import elective_stays, from_the_list
from pipeline.synthetic.endometriosis_stays import endometriosis_stays
from pipeline.synthetic.episode_tables import delivered_rows, episode_table
from pipeline.synthetic.fields import person_fields
from pipeline.synthetic.hospital import Episodes, episodes, joined
from pipeline.synthetic.knobs import DEFAULT, Knobs
from pipeline.synthetic.links import nino_links, person_links, programme_links
from pipeline.synthetic.pay import paid_late, payment_table, payments
from pipeline.synthetic.population import Population, draw_population
from pipeline.synthetic.prevention_tables import blood_test_table, programme_table
from pipeline.synthetic.studied import (
    courses_studied,
    diagnoses_studied,
    operations_studied,
    surgery_studied,
)
from pipeline.synthetic.studied_prevention import referrals_studied, threshold_studied, waves_studied
from pipeline.synthetic.studied_waiting import elective_studied, referrals_waiting_studied
from pipeline.synthetic.therapy_tables import referral_tables, status_table
from pipeline.synthetic.truth import true_effects
from pipeline.synthetic.waits import PUBLISHED, published_waits
from pipeline.synthetic.writing import as_text, write, write_delivery_json, write_truth
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.months import first_day

FEWEST_PEOPLE = 100
"""Fewer than this make no delivery with every kind of record in it."""

_PEOPLE_AT_ONCE = 25_000
_FEWEST_PARTS = 3
_SHARE_IN_CSV = 0.01
_EPISODES_AT_ONCE = 200_000

_SHARE_BEFORE_PAY = 0.1


def synthesise(
    folder: Path,
    *,
    people: int,
    seed: int,
    knobs: Knobs = DEFAULT,
    progress: Callable[[float], None] | None = None,
    delivery: str | None = None,
) -> None:
    """Write a delivery into ``folder``, and its true effects into ``effects.csv`` in ``<folder>-truth``.

    Where people are to be linked by fields, their true links are in ``links.csv`` there.

    Parameters
    ----------
    folder
        Made if absent; must be empty.
    people
        How many people there are, at least :data:`FEWEST_PEOPLE`.
    progress
        Called with the share that is done.
    delivery
        The delivery's id; ``synthetic-<seed>`` unless given.

    Raises
    ------
    RequestError
        If there are too few people, the seed is negative, or one of the two folders holds anything.
    """
    beside = folder.with_name(f"{folder.name}-truth")
    _refuse(folder, beside, people=people, seed=seed)
    report = progress or (lambda _: None)
    population = draw_population(people=people, seed=seed, knobs=knobs)
    folder.mkdir(parents=True, exist_ok=True)
    _write_people(folder, population)
    _write_person_links(folder / "links", population, beside=beside)
    _write_hospital(folder / "hes_apc", population)
    _write_therapy(folder / "iapt", population)
    _write_prevention(folder, population)
    _write_benefits(folder / "dwp_benefits", population)
    _write_waits(folder / "rtt", seed=seed)
    report(_SHARE_BEFORE_PAY)
    _write_pay(folder / "paye_rti", population, report)
    beside.mkdir(parents=True, exist_ok=True)
    write_truth(truth(population), beside / "effects.csv")
    write_delivery_json(folder, delivery=delivery or f"synthetic-{seed}")
    report(1.0)


def truth(population: Population) -> pa.Table:
    """The true effects of a population: what ``effects.csv`` holds."""
    studied = (
        operations_studied(population),
        courses_studied(population),
        diagnoses_studied(population, adenomyosis=True),
        diagnoses_studied(population, adenomyosis=False),
        surgery_studied(population),
        referrals_studied(population),
        threshold_studied(population),
        waves_studied(population),
        elective_studied(population),
        referrals_waiting_studied(population),
    )
    return true_effects(studied, population)


def _refuse(*folders: Path, people: int, seed: int) -> None:
    faults = []
    if people < FEWEST_PEOPLE:
        faults.append(Fault(what="too few people are asked for", remedy=f"Ask for at least {FEWEST_PEOPLE}."))
    if seed < 0:
        faults.append(Fault(what="the seed is negative", remedy="Choose a seed of 0 or more."))
    for folder in folders:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            fault = Fault(what="the folder for the delivery is not empty", file=folder.name, remedy="Choose another.")
            faults.append(fault)
    if faults:
        raise RequestError(faults)


def _write_people(folder: Path, population: Population) -> None:
    """Census, deaths, links of pay and prices: each in the formats and columns that its owner happens to use."""
    people, seed, knobs = population.people, population.seed, population.knobs
    first, second = (census_records(people, census, seed=seed, knobs=knobs) for census in (0, 1))
    half = first.num_rows // 2
    batch = first.slice(half)
    write(first.slice(0, half), folder / "census" / "census-2011-a.parquet", seed=seed)
    write(
        batch.append_column("extract_batch", pa.array(np.full(batch.num_rows, 2))),
        folder / "census" / "census-2011-b.parquet",
        seed=seed,
    )
    few = _few(second.num_rows)
    write(second.slice(few), folder / "census" / "census-2021.parquet", seed=seed)
    write(second.slice(0, few), folder / "census" / "census-2021-late.csv.gz", seed=seed)
    write(deaths(people, seed=seed), folder / "deaths" / "deaths.csv", seed=seed)
    _write_mixed(nino_links(people, population.links, seed=seed, knobs=knobs), folder / "links" / "nino", seed=seed)
    months = [f"{first_day(int(month)).year}-{first_day(int(month)).month}" for month in PRICE_MONTHS]
    write(pa.table({"month": months, "cpih_index": CPIH}), folder / "prices" / "cpih" / "cpih.csv", seed=seed)


def _write_person_links(folder: Path, population: Population, *, beside: Path) -> None:
    """The table of links from health ids to people; or fields that tell, and the true links ``beside`` the delivery."""
    people, links, seed, knobs = population.people, population.links, population.seed, population.knobs
    in_therapy, tested = population.courses.person, population.prevention.person
    if not knobs.linked_by_fields:
        linked = person_links(people, links, in_therapy=in_therapy, seed=seed, knobs=knobs)
        _write_mixed(linked, folder / "person", seed=seed)
        if len(tested):
            of_programme = programme_links(people, links, tested=tested, seed=seed)
            write(of_programme, folder / "person" / "ndpp.parquet", seed=seed)
        return
    fields = person_fields(people, links, in_therapy=in_therapy, tested=tested, seed=seed)
    _write_mixed(fields.health, folder / "health_demographics", seed=seed)
    _write_mixed(fields.census, folder / "census_demographics", seed=seed)
    write_truth(fields.truth, beside / "links.csv")


def _few(rows: int) -> int:
    """How many rows go into a text file: text is slow, and a few are enough to show that formats mix."""
    return max(1, int(rows * _SHARE_IN_CSV))


def _write_mixed(table: pa.Table, folder: Path, *, seed: int) -> None:
    few = _few(table.num_rows)
    write(table.slice(few), folder / "part-0.parquet", seed=seed)
    write(table.slice(0, few), folder / "part-1.csv", seed=seed)


def _write_hospital(folder: Path, population: Population) -> None:
    """Episodes in Parquet parts, the first with dates as text, and two small text files, one with another column."""
    people, seed, knobs = population.people, population.seed, population.knobs
    made = episodes(people, population.operations, seed=seed, knobs=knobs)
    rows = delivered_rows(made, seed=seed, knobs=knobs)
    few = _few(len(rows))
    edges = _edges(len(rows) - 2 * few, at_once=_EPISODES_AT_ONCE)
    for part, (start, stop) in enumerate(pairwise(edges)):
        table = episode_table(made, rows.take(slice(start, stop)), people, seed=seed, knobs=knobs)
        if part == 0:
            table = as_text(table, ("EPISTART", "EPIEND", "STARTAGE"))
        write(table, folder / f"part-{part}.parquet", seed=seed)
    for name, start in (("resupply.csv", len(rows) - 2 * few), ("resupply.csv.gz", len(rows) - few)):
        table = episode_table(made, rows.take(slice(start, start + few)), people, seed=seed, knobs=knobs)
        year = pa.repeat(pa.scalar("2223"), table.num_rows)
        write(table.append_column("FYEAR", year), folder / name, seed=seed)
    _write_gynaecology(folder, population, made)


def _write_gynaecology(folder: Path, population: Population, before: Episodes) -> None:
    """Episodes of women with endometriosis in a file of their own, numbered on from those ``before``."""
    people, seed, knobs = population.people, population.seed, population.knobs
    made = endometriosis_stays(people, population.endometriosis, seed=seed)
    rows = delivered_rows(made, seed=seed, knobs=knobs, part=1)
    rows = replace(rows, episode=rows.episode + len(before))
    if len(made):
        table = episode_table(joined(before, made), rows, people, seed=seed, knobs=knobs)
        write(table, folder / "gynaecology.parquet", seed=seed)
    _write_orthopaedics(folder, population, joined(before, made))


def _write_orthopaedics(folder: Path, population: Population, before: Episodes) -> None:
    """Episodes of people operated from a waiting list, numbered on from those ``before``."""
    people, listed, seed, knobs = population.people, population.elective, population.seed, population.knobs
    made = elective_stays(people, listed, seed=seed)
    rows = delivered_rows(made, seed=seed, knobs=knobs, part=2)
    if len(made):
        numbered = replace(rows, episode=rows.episode + len(before))
        table = episode_table(joined(before, made), numbered, people, seed=seed, knobs=knobs)
        table = from_the_list(table, listed, rows)
        write(table, folder / "orthopaedics.parquet", seed=seed)


def _write_therapy(folder: Path, population: Population) -> None:
    """Referrals in the two versions of the data set, and employment statuses, most in Parquet."""
    people, courses, seed, knobs = population.people, population.courses, population.seed, population.knobs
    newer, older = referral_tables(people, courses, seed=seed, knobs=knobs)
    write(newer, folder / "IDS101Referral" / "referrals-v2-1.parquet", seed=seed)
    write(older, folder / "IDS101Referral" / "referrals-v1-5.csv.gz", seed=seed)
    _write_mixed(status_table(courses, seed=seed, knobs=knobs), folder / "IDS004EmpStatus", seed=seed)


def _write_prevention(folder: Path, population: Population) -> None:
    """Referrals to the prevention programme, and tests of people not referred."""
    made, seed, knobs = population.prevention, population.seed, population.knobs
    if not len(made):
        return
    _write_mixed(programme_table(made, seed=seed, knobs=knobs), folder / "ndpp", seed=seed)
    _write_mixed(blood_test_table(made, seed=seed, knobs=knobs), folder / "ndpp" / "tests", seed=seed)


def _write_benefits(folder: Path, population: Population) -> None:
    """Benefit spells in Parquet parts of whole people."""
    drawn = population
    edges = _edges(len(drawn.people), at_once=_PEOPLE_AT_ONCE)
    for part, (start, stop) in enumerate(pairwise(edges)):
        rows = np.arange(start, stop)
        made = spells(drawn.people, drawn.claimants, drawn.treatment, rows=rows, seed=drawn.seed, knobs=drawn.knobs)
        table = benefit_table(made, drawn.links, rows=rows, seed=drawn.seed, knobs=drawn.knobs)
        write(table, folder / f"part-{part:03d}.parquet", seed=drawn.seed)


def _write_waits(folder: Path, *, seed: int) -> None:
    """A published file a month, named as NHS England names it."""
    for month in PUBLISHED:
        name = f"{first_day(month):%Y%m}-RTT-{first_day(month):%B-%Y}-full-extract.csv"
        write(published_waits(month, seed=seed), folder / name, seed=seed)


def _write_pay(folder: Path, population: Population, report: Callable[[float], None]) -> None:
    """Payments in Parquet parts of whole people, the last people's as text, and a text file of late payments."""
    seed = population.seed
    everyone = np.arange(len(population.people))
    few = _few(len(everyone))
    edges = _edges(len(everyone) - few, at_once=_PEOPLE_AT_ONCE)
    late = []
    for part, (start, stop) in enumerate(pairwise(edges)):
        in_time, behind = _pay_of(everyone[start:stop], part, population)
        write(in_time, folder / f"part-{part:03d}.parquet", seed=seed)
        late.append(behind)
        report(_SHARE_BEFORE_PAY + (0.98 - _SHARE_BEFORE_PAY) * (part + 1) / (len(edges) - 1))
    in_time, behind = _pay_of(everyone[-few:], len(edges), population)
    write(in_time, folder / "other-employers.csv", seed=seed)
    write(pa.concat_tables([*late, behind]).unify_dictionaries(), folder / "late.csv.gz", seed=seed)


def _pay_of(rows: NDArray[np.int64], part: int, population: Population) -> tuple[pa.Table, pa.Table]:
    """Payments to some people as the owner delivers them: in time, and late."""
    seed, knobs = population.seed, population.knobs
    made = payments(population.people, population.treatment, rows=rows, seed=seed, knobs=knobs)
    both = paid_late(made, seed=seed, part=part, knobs=knobs)
    in_time, late = (payment_table(some, population.links, rows=rows, seed=seed) for some in both)
    return in_time, late


def _edges(rows: int, *, at_once: int) -> list[int]:
    """Where to cut rows into parts: at least three, none larger than ``at_once``."""
    parts = max(_FEWEST_PARTS, -(-rows // at_once))
    return [int(edge) for edge in np.linspace(0, rows, parts + 1)]
