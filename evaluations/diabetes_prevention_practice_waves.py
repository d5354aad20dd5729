"""The NHS Diabetes Prevention Programme by practice: those of the waves of 2016 and 2017 against those of 2018."""

from __future__ import annotations

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.designs import NotYetTreated, StaggeredAdoption
from pipeline.vocabulary.index_events import PracticeWave
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="NHS Diabetes Prevention Programme by practice wave",
    question="What does it do to monthly pay, employment and health-related benefits over the next year when the "
    "practice of people at risk of diabetes may refer to the NHS Diabetes Prevention Programme?",
    population="Adults aged 25 to 64 in England found to have an HbA1c of 42 to 47 mmol/mol before any practice could "
    "refer them",
    intervention="the start of referrals by people's practice to the NHS Diabetes Prevention Programme",
    design=StaggeredAdoption(
        # The programme's range (NHS England service specification) and the months from which its three waves of
        # practices could refer. Tests are of the fourteen months before the first, when no practice could: who is
        # tested, and where, owes nothing to a wave.
        index_event=PracticeWave(
            hba1c_mmol_mol=(42, 47), tested_between=("2015-04", "2016-05"), opened=("2016-06", "2017-04", "2018-04")
        ),
        # Every practice could refer in the end: those of the last wave, until it opens, are left to compare with.
        comparison=NotYetTreated(),
        # A year after both waves is seen before the last one opens, so the same practices stand behind every horizon.
        window=Window(before=23, after=12, reference=(-11, 0)),
        compared_with="not_yet_treated",
        estimators=("callaway_santanna", "imputation"),
        headline="callaway_santanna",
        # A practice may refer or may not: its people share what decides that, and whatever else befalls it.
        cluster="practice",
    ),
    eligibility=Eligibility(ages=(25, 64), linked=("ndpp", "paye_rti")),
    treated_between=("2016-06", "2017-04"),
    observed_between=("2014-04", "2018-03"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55, 65),
    outcomes=("pay", "employed", "benefits"),
    sources=(
        "ndpp",
        "ndpp/tests",
        "hes_apc",
        "paye_rti",
        "dwp_benefits",
        "census",
        "deaths",
        "links/person",
        "links/nino",
        "prices/cpih",
    ),
    causal_model=CausalModel(
        treatment="opening",
        outcome="change",
        variables=(
            Variable(name="month", title="the calendar month", measured_by=("index_month",)),
            Variable(name="lasting", title="what lasts about a practice and its people"),
            Variable(name="course", title="the course that work takes among a practice's people"),
            Variable(name="opening", title="the start of referrals"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            ("month", "opening"),
            ("month", "change"),
            ("lasting", "opening"),
            ("course", "opening"),
            ("opening", "change"),
        ),
        absent=(
            Absent(
                cause="lasting",
                effect="change",
                because="changes since the reference take out what stays the same in all months",
            ),
            Absent(
                cause="course",
                effect="change",
                because="practices joined the programme by wave for reasons of their own and their area's, and their "
                "people's work would have gone on alike; the months before show whether it had until then",
            ),
        ),
    ),
    limitations=(
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
        (
            "The effect is that of a practice that may refer, on everybody whom it had found eligible, referred or not "
            "(intention to treat): smaller than that of being referred."
        ),
        (
            "Practices that joined early may have been on another course than those that joined late; the years before "
            "are checked, and only what changes with the waves would mislead."
        ),
        "The comparison ends when the last wave opens, in April 2018: no effect after a year is told.",
        (
            "A practice's wave is known from its referrals: the people of a practice that never referred are left out, "
            "with whatever kept it from referring."
        ),
        "People stay with the practice that tested them; those who moved to one of another wave dilute the effect.",
    ),
)
