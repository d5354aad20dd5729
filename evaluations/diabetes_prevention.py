"""Referral to the NHS Diabetes Prevention Programme and employee pay, employment and benefits, five years on."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.designs import GeneralPopulation, StaggeredAdoption
from pipeline.vocabulary.index_events import ProgrammeReferral
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.robustness import HalfComparisonPlacebo, LinkageWeighted, MovedIndexPlacebo, StoppedBefore
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="NHS Diabetes Prevention Programme",
    question="What does a referral to the NHS Diabetes Prevention Programme do to monthly pay, employment and "
    "health-related benefits over the next five years?",
    population="Adults aged 25 to 64 in England who were first referred with a blood test in the eligible range",
    intervention="a first referral to the NHS Diabetes Prevention Programme",
    design=StaggeredAdoption(
        # The programme's own limits (NHS England service specification); demonstrator sites began in April 2015.
        index_event=ProgrammeReferral(
            hba1c_mmol_mol=(42, 47), fpg_mmol_l=(5.5, 6.9), test_within_months=12, first_since=date(2015, 4, 1)
        ),
        comparison=GeneralPopulation(n=50_000, strata=("sex", "five_year_band")),
        # Referral follows a blood test, often at a health check, and not a bad spell at work: the year before it is the
        # reference, and the two years before that show whether people were on another course.
        window=Window(before=35, after=60, reference=(-11, 0)),
        estimators=("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham"),
        headline="ons_fixed_effects",
        # As in the programme's other studies: by subgroup the errors of the pooled regression hold, where estimators
        # that work group by group have timing groups of one or two.
        subgroup_estimators=("ons_fixed_effects",),
        robustness=(
            StoppedBefore(month="2020-03"),
            MovedIndexPlacebo(months=24),
            HalfComparisonPlacebo(),
            LinkageWeighted(),
        ),
    ),
    eligibility=Eligibility(ages=(25, 64), linked=("ndpp", "paye_rti")),
    treated_between=("2016-06", "2022-12"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55, 65),
    outcomes=("pay", "employed", "benefits", "benefit_amount"),
    subgroups=("sex", "imd_quintile"),
    sources=(
        "ndpp",
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
        treatment="referral",
        outcome="change",
        variables=(
            Variable(name="age", title="age", measured_by=("age",)),
            Variable(name="month", title="the calendar month", measured_by=("index_month",)),
            Variable(name="lasting", title="what lasts about a person"),
            Variable(name="risk", title="raised blood sugar"),
            Variable(name="referral", title="a referral"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            *((cause, effect) for cause in ("age", "month") for effect in ("referral", "change")),
            ("lasting", "referral"),
            ("risk", "referral"),
            ("referral", "change"),
        ),
        absent=(
            Absent(
                cause="lasting",
                effect="change",
                because="changes since the reference take out what stays the same in all months",
            ),
            Absent(
                cause="risk",
                effect="change",
                because="blood sugar that is raised and below diabetes is hardly felt, and the work of people who have "
                "it would have gone on as other people's did; the months before show whether it had until then",
            ),
        ),
    ),
    limitations=(
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
        (
            "The index is a referral, not attendance: it takes in people who never came to a session, so the effect is "
            "that of being referred, and smaller than that of taking part."
        ),
        (
            "Everybody referred has raised blood sugar and has just been told so; most of the comparison people were "
            "not tested. An effect of the result, or of what raised it, is not told apart from that of the programme."
        ),
        (
            "Practices refer from 2016 to 2018 on, by wave: later horizons are of earlier practices. Months 55 to 60 "
            "are seen for people referred by June 2018, months 31 to 36 for those referred by June 2020."
        ),
        "From March 2020 on the programme was delivered at a distance; a robustness run stops before.",
        "People eligible and not referred are among the comparison people: a delivery of referrals does not name them.",
        (
            "A benefit counts where a spell covers the 15th of a month; amounts are 52/12 times a week's, and spells "
            "of one benefit that overlap count as their mean."
        ),
    ),
)
