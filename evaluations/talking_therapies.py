"""NHS Talking Therapies and employee pay, employment and health-related benefits, up to seven years on."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.designs import AgeSpline, GeneralPopulation, StaggeredAdoption
from pipeline.vocabulary.index_events import FirstTherapySession
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.robustness import (
    HalfComparisonPlacebo,
    LinkageWeighted,
    MovedIndexPlacebo,
    MovedReference,
    ReferenceBeforeIndex,
    StoppedBefore,
)
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="NHS Talking Therapies",
    question="What does a completed course of NHS Talking Therapies do to monthly pay, employment and health-related "
    "benefits over the next seven years?",
    population="Adults aged 25 to 64 in England who completed a first course of NHS Talking Therapies",
    intervention="the first session of a completed course of therapy",
    design=StaggeredAdoption(
        index_event=FirstTherapySession(first_since=date(2012, 4, 1), completed_contacts=2),
        comparison=GeneralPopulation(n=50_000, strata=("sex", "five_year_band")),
        # The published reference is the year before the first session, in which people are referred because they are
        # doing badly. The year before that one is free of the dip; the bins in between show it, and a robustness run
        # what the published reference makes of it.
        window=Window(before=59, after=84, reference=(-23, -12), bins="ons"),
        age_spline=AgeSpline(df=5, boundary=(0.10, 0.90)),
        anticipation=12,
        compared_with="not_yet_treated",
        # A pooled regression comes first, and alone by subgroup: its errors hold in levels of a few dozen people, where
        # estimators that work group by group have timing groups of one or two, and too small an error.
        estimators=("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham"),
        headline="ons_fixed_effects",
        subgroup_estimators=("ons_fixed_effects",),
        robustness=(
            ReferenceBeforeIndex(months=12),
            MovedReference(months=12),
            StoppedBefore(month="2020-03"),
            MovedIndexPlacebo(months=24),
            HalfComparisonPlacebo(),
            LinkageWeighted(),
        ),
    ),
    eligibility=Eligibility(ages=(25, 64), linked=("iapt", "paye_rti")),
    treated_between=("2014-04", "2022-12"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55, 65),
    outcomes=("pay", "employed", "benefits", "benefit_amount"),
    subgroups=(
        "employment_at_referral",
        "age_band",
        "sex",
        "ethnic_group",
        "problem",
        "employment_adviser",
        "result_after_treatment",
    ),
    sources=(
        "iapt/IDS101Referral",
        "iapt/IDS004EmpStatus",
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
        treatment="therapy",
        outcome="change",
        variables=(
            Variable(name="age", title="age", measured_by=("age",)),
            Variable(name="month", title="the calendar month", measured_by=("index_month",)),
            Variable(name="lasting", title="what lasts about a person"),
            Variable(name="distress", title="being in distress"),
            Variable(name="therapy", title="a course of therapy"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            *((cause, effect) for cause in ("age", "month") for effect in ("therapy", "change")),
            ("lasting", "therapy"),
            ("distress", "therapy"),
            ("therapy", "change"),
        ),
        absent=(
            Absent(
                cause="lasting",
                effect="change",
                because="changes since the reference take out what stays the same in all months",
            ),
            Absent(
                cause="distress",
                effect="change",
                because="the reference ends a year before the first session, and people in distress would have come "
                "back to where they were by then",
            ),
        ),
    ),
    limitations=(
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
        "Who completes a course is known only afterwards: the estimates are for completers, not for all referred.",
        (
            "Later horizons are of earlier years: months 73 to 84 are seen for people first treated by December 2016, "
            "months 55 to 60 for those treated by June 2018, months 19 to 24 for those treated by June 2021."
        ),
        (
            "The reference is the year that ends a year before the first session. For people first treated before May "
            "2015 it lies before pay records begin: they are left out where an estimator works group by group."
        ),
        "The comparison people are of the general population or are treated later; none need have been ill.",
        (
            "Employment status at referral is an outcome of the months before: effects by it include a return to usual "
            "that would have come without therapy."
        ),
        (
            "Effects by result after treatment and by contact with an employment adviser are descriptive: what splits "
            "them comes after the treatment began."
        ),
        (
            "Referrals before September 2020 come in version 1.5 of the data set: a problem is a provisional diagnosis "
            "there, and contact with an employment adviser is not known."
        ),
        (
            "A benefit counts where a spell covers the 15th of a month; amounts are 52/12 times a week's, and spells "
            "of one benefit that overlap count as their mean."
        ),
    ),
)
