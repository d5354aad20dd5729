"""Bariatric surgery and employee pay, by the specification that ONS published on 5 December 2024."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.context import PublishedWaits
from pipeline.vocabulary.designs import AgeSpline, GeneralPopulation, StaggeredAdoption
from pipeline.vocabulary.index_events import Procedure
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.robustness import (
    HalfComparisonPlacebo,
    LinkageWeighted,
    LongerReference,
    MovedIndexPlacebo,
    MovedReference,
    StoppedBefore,
)
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="Bariatric surgery",
    question="What does a first NHS bariatric operation do to monthly pay, employment and health-related benefits over "
    "the next five years?",
    population="Adults aged 25 to 64 in England living with obesity who had a first NHS bariatric operation",
    intervention="a first bariatric operation",
    design=StaggeredAdoption(
        index_event=Procedure(
            codelist="bariatric_opcs4",
            with_diagnosis="obesity_icd10",
            or_secondary_when_primary_in="bariatric_associated_icd10",
            first_since=date(2009, 4, 1),
        ),
        comparison=GeneralPopulation(n=50_000, strata=("sex", "five_year_band")),
        window=Window(before=59, after=60, reference=(-5, 0), bins="ons"),
        age_spline=AgeSpline(df=5, boundary=(0.10, 0.90)),
        estimators=("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham"),
        headline="ons_fixed_effects",
        # By subgroup the pooled regression alone: its errors hold in levels of a few dozen people, where estimators
        # that work group by group have timing groups of one or two, and too small an error.
        subgroup_estimators=("ons_fixed_effects",),
        robustness=(
            LongerReference(months=12),
            LongerReference(months=24),
            MovedReference(months=6),
            MovedReference(months=12),
            MovedReference(months=24),
            StoppedBefore(month="2020-03"),
            MovedIndexPlacebo(months=24),
            HalfComparisonPlacebo(),
            LinkageWeighted(),
        ),
    ),
    eligibility=Eligibility(ages=(25, 64)),
    treated_between=("2014-04", "2022-12"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55, 65),
    outcomes=("pay", "pay_in_work", "employed", "benefits", "benefit_amount"),
    subgroups=("sex", "age_band", "region", "ethnic_group", "imd_quintile"),
    sources=("hes_apc", "paye_rti", "dwp_benefits", "census", "deaths", "links/person", "links/nino", "prices/cpih"),
    context=PublishedWaits(specialties=("C_100",)),  # general surgery
    causal_model=CausalModel(
        treatment="operation",
        outcome="change",
        variables=(
            Variable(name="age", title="age", measured_by=("age",)),
            Variable(name="month", title="the calendar month", measured_by=("index_month",)),
            Variable(name="lasting", title="what lasts about a person"),
            Variable(name="obesity", title="living with obesity"),
            Variable(name="operation", title="an operation"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            *((cause, effect) for cause in ("age", "month") for effect in ("operation", "change")),
            ("lasting", "operation"),
            ("obesity", "operation"),
            ("operation", "change"),
        ),
        absent=(
            Absent(
                cause="lasting",
                effect="change",
                because="changes since the reference take out what stays the same in all months",
            ),
            Absent(
                cause="obesity",
                effect="change",
                because="the work of people living with obesity would have gone on as other people's did; the months "
                "before show whether it had until then",
            ),
        ),
    ),
    limitations=(
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
        "The comparison people are of the general population, not people living with obesity who had no operation.",
        "Sick pay cannot be told from other pay, nor hours from hourly pay.",
        (
            "A benefit counts where a spell covers the 15th of a month; amounts are 52/12 times a week's, and spells "
            "of one benefit that overlap count as their mean. ONS published no effect on benefits to hold these to."
        ),
    ),
)
