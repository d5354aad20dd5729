"""A first operation for endometriosis against waiting for it, among women whom hospital had diagnosed before."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.context import PublishedWaits
from pipeline.vocabulary.designs import AgeSpline, NotYetTreated, StaggeredAdoption
from pipeline.vocabulary.index_events import OperationOnceDiagnosed
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.robustness import HalfComparisonPlacebo
from pipeline.vocabulary.untreated import UntreatedComparison
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="Surgery for endometriosis",
    question="What does a first operation for endometriosis do to monthly pay, employment and health-related benefits "
    "over the next four years, compared with not having had it yet?",
    population="Women aged 25 to 54 in England with an earlier hospital diagnosis of endometriosis who had a first "
    "operation for it",
    intervention="a first operation for endometriosis",
    design=StaggeredAdoption(
        index_event=OperationOnceDiagnosed(
            codelist="endometriosis_operations_opcs4", diagnosis="endometriosis_icd10", first_since=date(2009, 4, 1)
        ),
        comparison=NotYetTreated(),
        # Work goes on changing after a diagnosis: women are compared with those diagnosed in the same year.
        covariates=("year_of_diagnosis",),
        # Women are operated when they do badly. The year before the operation is allowed for and shown; the reference
        # is the year before that one, which pay records hold for everybody operated since April 2016.
        window=Window(before=35, after=48, reference=(-23, -12), bins="ons"),
        age_spline=AgeSpline(df=5, boundary=(0.10, 0.90)),
        anticipation=12,
        # A pooled regression comes first: its errors hold where a month has one or two operations. The other compares
        # with women not operated yet, also those operated later, and with nobody operated already. Group-time effects
        # would need women diagnosed in every year among those operated in each month.
        estimators=("ons_fixed_effects", "imputation"),
        headline="ons_fixed_effects",
        subgroup_estimators=("ons_fixed_effects",),
        robustness=(HalfComparisonPlacebo(),),
        untreated=UntreatedComparison(
            whom="women with an earlier hospital diagnosis of endometriosis, not operated in the months studied",
            characteristics=("year_of_diagnosis", "imd_quintile", "qualification"),
        ),
    ),
    eligibility=Eligibility(ages=(25, 54), sex="female"),
    treated_between=("2016-04", "2022-12"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55),
    outcomes=("pay", "pay_in_work", "employed", "benefits", "benefit_amount"),
    subgroups=("operation",),
    sources=("hes_apc", "paye_rti", "dwp_benefits", "census", "deaths", "links/person", "links/nino", "prices/cpih"),
    context=PublishedWaits(specialties=("C_502",)),  # gynaecology
    causal_model=CausalModel(
        treatment="operation",
        outcome="change",
        variables=(
            Variable(name="age", title="age", measured_by=("age",)),
            Variable(name="month", title="the calendar month", measured_by=("index_month",)),
            Variable(name="diagnosed", title="the year of diagnosis", measured_by=("year_of_diagnosis",)),
            Variable(
                name="background", title="schooling and deprivation", measured_by=("qualification", "imd_quintile")
            ),
            Variable(name="illness", title="how ill she is"),
            Variable(name="past", title="work before the reference ends", measured_by=("past_outcomes",)),
            Variable(name="operation", title="an operation"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            *(
                (cause, effect)
                for cause in ("age", "month", "diagnosed", "background")
                for effect in ("operation", "change")
            ),
            ("background", "past"),
            ("illness", "past"),
            ("illness", "operation"),
            ("past", "operation"),
            ("past", "change"),
            ("operation", "change"),
        ),
        absent=(
            Absent(
                cause="illness",
                effect="change",
                because="how ill she was shows in her work before and in the year of diagnosis, and women operated are "
                "compared with women alike in both",
            ),
        ),
    ),
    limitations=(
        (
            "When a woman is operated is not drawn by lot: those who wait longer may be less ill, or may have chosen "
            "otherwise. Whether the two developed alike before the operation can be seen; why they wait cannot."
        ),
        (
            "The comparison is women diagnosed and not operated in the months studied, whether or not they are "
            "operated later: some of them need no operation. To ask for a later one would leave out those who get well."
        ),
        "Women first diagnosed in the operation's own hospital stay are left out: they were not seen to wait.",
        (
            "The list of operations is ours and has had no clinical review: excision or destruction of lesions of the "
            "peritoneum or the ovary. Operations on bowel, bladder or uterus, hysterectomy among them, do not count."
        ),
        (
            "Women are compared with those diagnosed in the same calendar year; what they were like then is known from "
            "the census and their pay only."
        ),
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
    ),
)
