"""Index events in readable words: one function, one kind."""

from __future__ import annotations

from datetime import date
from functools import singledispatch

from pipeline.release.publication.pages.words import listed
from pipeline.vocabulary.index_events import (
    BloodTest,
    Diagnosis,
    FirstTherapySession,
    OperationOnceDiagnosed,
    PracticeWave,
    Procedure,
    ProgrammeReferral,
)
from pipeline.vocabulary.list_events import ElectiveList, TherapyList
from pipeline.vocabulary.months import first_day, parse_month


@singledispatch
def index_event(event: object) -> str:
    """What has to have happened, in whole sentences."""
    raise TypeError(f"no words for a {type(event).__name__}")


@index_event.register
def _procedure(event: Procedure) -> str:
    secondary = (
        f", or as a secondary one where the primary one is in {event.or_secondary_when_primary_in}"
        if event.or_secondary_when_primary_in
        else ""
    )
    return (
        f"The first operation in code list {event.codelist} found in {event.source}, with a diagnosis in "
        f"{event.with_diagnosis} as the primary one of the same episode{secondary}. "
        f"First means none since {_day(event.first_since)}."
    )


@index_event.register
def _first_therapy_session(event: FirstTherapySession) -> str:
    return (
        f"The first therapy session of the first completed course in {event.source}: a referral discharged with "
        f"{event.completed_contacts} treatment contacts or more. First means none completed since "
        f"{_day(event.first_since)}. Employment status is the latest in {event.employment} on or before the referral."
    )


@index_event.register
def _diagnosis(event: Diagnosis) -> str:
    return (
        f"The first episode in {event.source} with a diagnosis in code list {event.codelist}, in any position. "
        f"First means none since {_day(event.first_since)}."
    )


@index_event.register
def _blood_test(event: BloodTest) -> str:
    return (
        f"The first HbA1c test in {listed(event.sources)}, whatever it found. First means none since "
        f"{_day(event.first_since)}. Taken up: referred on the day of the test or within "
        f"{event.take_up_within_months} months."
    )


@index_event.register
def _operation_once_diagnosed(event: OperationOnceDiagnosed) -> str:
    return (
        f"The first operation in code list {event.codelist} found in {event.source} in an episode with a diagnosis in "
        f"{event.diagnosis}, in any position, of somebody with such a diagnosis in an episode that began before. "
        f"First means none since {_day(event.first_since)}."
    )


@index_event.register
def _practice_wave(event: PracticeWave) -> str:
    low, high = event.hba1c_mmol_mol
    first, last = (f"{first_day(parse_month(month)):%B %Y}" for month in event.tested_between)
    waves = listed(tuple(f"{first_day(parse_month(month)):%B %Y}" for month in event.opened))
    return (
        f"The month from which a person's practice may refer, whether or not it refers them: {waves}, by wave. The "
        f"people are those with a first HbA1c of {low} to {high} mmol/mol in {listed(event.sources)} from {first} to "
        f"{last}, and the practice is the one that tested them then."
    )


@index_event.register
def _programme_referral(event: ProgrammeReferral) -> str:
    hba1c, glucose = (f"{low:g} to {high:g}" for low, high in (event.hba1c_mmol_mol, event.fpg_mmol_l))
    return (
        f"The first referral in {event.source} with a blood test of the {event.test_within_months} months before it "
        f"that makes the person eligible: HbA1c of {hba1c} mmol/mol, or fasting plasma glucose of {glucose} mmol/l. "
        f"First means none since {_day(event.first_since)}."
    )


@index_event.register
def _elective_list(event: ElectiveList) -> str:
    return (
        f"Joining the waiting list (ELECDATE) for the first operation in code list {event.codelist} found in "
        f"{event.source}, if the person was admitted from the list; the wait ends with admission. First means none "
        f"since {_day(event.first_since)}."
    )


@index_event.register
def _therapy_list(event: TherapyList) -> str:
    return (
        f"The first referral in {event.source}; the wait ends with its first therapy session. First means none since "
        f"{_day(event.first_since)}."
    )


def _day(day: date) -> str:
    return f"{day.day} {day.strftime('%B %Y')}"
