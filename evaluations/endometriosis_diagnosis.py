"""Women's pay, employment and benefits before and after a first hospital diagnosis of endometriosis: no treatment."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import CausalModel, Variable
from pipeline.vocabulary.designs import AgeSpline, GeneralPopulation, StaggeredAdoption
from pipeline.vocabulary.index_events import Diagnosis
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.robustness import HalfComparisonPlacebo, StoppedBefore
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="Endometriosis: diagnosis, not treatment effect",
    question="How do monthly pay, employment and health-related benefits of women develop over the five years after a "
    "first hospital diagnosis of endometriosis?",
    population="Women aged 25 to 54 in England with a first hospital diagnosis of endometriosis",
    intervention="a first hospital diagnosis of endometriosis",
    design=StaggeredAdoption(
        # ONS has not published its code list: this one is the whole of N80, and another evaluation leaves N80.0 out.
        index_event=Diagnosis(codelist="endometriosis_icd10", first_since=date(2009, 4, 1)),
        comparison=GeneralPopulation(n=50_000, strata=("five_year_band",)),
        window=Window(before=59, after=60, reference=(-23, 0), bins="ons"),
        age_spline=AgeSpline(df=5, boundary=(0.10, 0.90)),
        estimators=("ons_fixed_effects", "sun_abraham"),
        headline="ons_fixed_effects",
        robustness=(StoppedBefore(month="2020-03"), HalfComparisonPlacebo()),
    ),
    eligibility=Eligibility(ages=(25, 54), sex="female"),
    treated_between=("2016-04", "2022-12"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55),
    outcomes=("pay", "pay_in_work", "employed", "benefits", "benefit_amount"),
    subgroups=("age_band", "ethnic_group"),
    sources=("hes_apc", "paye_rti", "dwp_benefits", "census", "deaths", "links/person", "links/nino", "prices/cpih"),
    # A diagnosis comes when the illness does its harm: no adjustment parts the two, and the model says so.
    causal_model=CausalModel(
        treatment="diagnosis",
        outcome="change",
        variables=(
            Variable(name="age", title="age", measured_by=("age",)),
            Variable(name="month", title="the calendar month", measured_by=("index_month",)),
            Variable(name="illness", title="endometriosis and how it develops"),
            Variable(name="diagnosis", title="a diagnosis"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            *((cause, effect) for cause in ("age", "month", "illness") for effect in ("diagnosis", "change")),
            ("diagnosis", "change"),
        ),
    ),
    limitations=(
        (
            "Diagnosis, not treatment effect: the estimates describe women's work around a diagnosis. They hold the "
            "illness, whatever was done about it and what made the diagnosis come when it did."
        ),
        "Endometriosis begins years before a hospital diagnosis: the reference is of women who are ill already.",
        (
            "ONS has not published its list of codes. This one is the whole of N80, adenomyosis (N80.0) included; the "
            "evaluation endometriosis_diagnosis_without_adenomyosis leaves that out."
        ),
        "Women diagnosed outside hospital only are among the comparison people.",
        "The comparison is women of the general population, sampled to five-year age bands.",
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
        (
            "Later horizons are of earlier years: months 55 to 60 are seen for women diagnosed by June 2018, months 37 "
            "to 42 for those diagnosed by December 2019."
        ),
    ),
)
