"""What can happen in an index month; each kind is a file in ``pipeline/population/cohort/index_events/``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from pipeline.vocabulary.declared import Declared
from pipeline.vocabulary.months import MonthLabel, first_day, parse_month


class Event(Declared):
    """What every kind of index event declares, and what follows from it unless a kind says otherwise.

    Attributes
    ----------
    source
        What the event is found in.
    """

    source: str

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the event is found in."""
        return (self.source,)

    @property
    def linked_by(self) -> str:
        """The source whose ids link the event's records to people."""
        return self.source.partition("/")[0]

    @property
    def codelists(self) -> tuple[str, ...]:
        """The code lists that it names."""
        return ()


class Procedure(Event):
    """The index event: the first operation of a code list ever since a date.

    Attributes
    ----------
    codelist
        The operations that count.
    with_diagnosis
        The episode's primary diagnosis must be in this list, or any later diagnosis if the primary one is in
        ``or_secondary_when_primary_in``.
    or_secondary_when_primary_in
        Primary diagnoses under which a secondary one of ``with_diagnosis`` is enough.
    first_since
        Nobody may have had such an operation between this date and the index.
    """

    kind: Literal["procedure"] = "procedure"
    source: str = "hes_apc"
    codelist: str
    with_diagnosis: str
    or_secondary_when_primary_in: str | None = None
    first_since: date

    @property
    def codelists(self) -> tuple[str, ...]:
        """The code lists that it names."""
        named = (self.codelist, self.with_diagnosis, self.or_secondary_when_primary_in)
        return tuple(name for name in named if name is not None)


class FirstTherapySession(Event):
    """The index event: the first session of the first completed course of therapy ever since a date.

    Attributes
    ----------
    source, employment
        Referrals, and the employment statuses recorded with them.
    completed_contacts
        A course is completed when the referral was discharged with at least so many treatment contacts.
    first_since
        Nobody may have completed a course between this date and the index.
    """

    kind: Literal["first_therapy_session"] = "first_therapy_session"
    source: str = "iapt/IDS101Referral"
    employment: str = "iapt/IDS004EmpStatus"
    completed_contacts: int = Field(ge=1)
    first_since: date

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the event is found in."""
        return (self.source, self.employment)


class Diagnosis(Event):
    """The index event: the first hospital episode ever since a date with a listed diagnosis, in any position.

    Attributes
    ----------
    codelist
        The diagnoses that count.
    first_since
        Nobody may have had such a diagnosis in hospital between this date and the index.
    """

    kind: Literal["diagnosis"] = "diagnosis"
    source: str = "hes_apc"
    codelist: str
    first_since: date

    @property
    def codelists(self) -> tuple[str, ...]:
        """The code lists that it names."""
        return (self.codelist,)


class OperationOnceDiagnosed(Event):
    """The index event: the first operation of a code list, for a diagnosis that hospital had made before.

    Attributes
    ----------
    codelist
        The operations that count, in an episode with a diagnosis of ``diagnosis`` in any position.
    diagnosis
        What the operation is for. An episode that began on an earlier day must have it, in any position.
    first_since
        Nobody may have had such an operation between this date and the index; diagnoses count from here too.
    """

    kind: Literal["operation_once_diagnosed"] = "operation_once_diagnosed"
    source: str = "hes_apc"
    codelist: str
    diagnosis: str
    first_since: date

    @property
    def codelists(self) -> tuple[str, ...]:
        """The code lists that it names."""
        return (self.codelist, self.diagnosis)


class ProgrammeReferral(Event):
    """The index event: the first referral ever since a date to the Diabetes Prevention Programme.

    Attributes
    ----------
    hba1c_mmol_mol, fpg_mmol_l
        Lowest and highest HbA1c, and fasting plasma glucose, with which people are eligible; either is enough.
    test_within_months
        The test must be of the day of the referral or of so many months before it.
    first_since
        Nobody may have been referred between this date and the index.
    """

    kind: Literal["programme_referral"] = "programme_referral"
    source: str = "ndpp"
    hba1c_mmol_mol: tuple[int, int]
    fpg_mmol_l: tuple[float, float]
    test_within_months: int = Field(ge=1)
    first_since: date


class BloodTest(Event):
    """The index event: the first HbA1c test ever since a date, of people referred or not.

    Attributes
    ----------
    source, tests
        Referrals, with the test that each was made on, and the tests of people who were not referred.
    take_up_within_months
        A person takes up when referred on the day of the test or within so many months of it.
    first_since
        Nobody may have been tested between this date and the index.
    """

    kind: Literal["blood_test"] = "blood_test"
    source: str = "ndpp"
    tests: str = "ndpp/tests"
    take_up_within_months: int = Field(ge=1)
    first_since: date

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the event is found in."""
        return (self.source, self.tests)


class PracticeWave(Event):
    """The index event: the practice of a person found eligible may refer to the Diabetes Prevention Programme.

    Whether the person is ever referred does not matter: what is compared is the offer to whole practices.

    Attributes
    ----------
    source, tests
        Referrals, which say the wave of their practice, and the tests of people who were not referred.
    hba1c_mmol_mol
        Lowest and highest HbA1c with which people are eligible.
    tested_between
        First and last month (``YYYY-MM``, inclusive) of the test that makes people eligible: before any wave, so that
        nobody is tested because of one.
    opened
        The month from which the practices of wave 1, 2, … may refer.
    """

    kind: Literal["practice_wave"] = "practice_wave"
    source: str = "ndpp"
    tests: str = "ndpp/tests"
    hba1c_mmol_mol: tuple[int, int]
    tested_between: tuple[MonthLabel, MonthLabel]
    opened: tuple[MonthLabel, ...] = Field(min_length=2)
    clusters: ClassVar[tuple[str, ...]] = ("practice",)

    def whole_faults(self) -> Iterator[str]:
        """Waves out of order, and tests that may follow one."""
        months = [parse_month(month) for month in self.opened]
        if months != sorted(set(months)):
            yield "the waves of practices must open one after the other"
        if parse_month(self.tested_between[0]) > parse_month(self.tested_between[1]):
            yield "tested_between ends before it starts"
        if parse_month(self.tested_between[1]) >= months[0]:
            yield "people must be tested before the first wave opens"

    @property
    def first_since(self) -> date:
        """The first day of the months of tests: nothing before is looked at."""
        return first_day(parse_month(self.tested_between[0]))

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources that the event is found in."""
        return (self.source, self.tests)


IndexEvent = Annotated[
    Procedure | FirstTherapySession | Diagnosis | OperationOnceDiagnosed | ProgrammeReferral | BloodTest | PracticeWave,
    Field(discriminator="kind"),
]
