"""Waiting for a new hip or knee: what a year more on the list does to employee pay, employment and benefits."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.context import PublishedWaits
from pipeline.vocabulary.designs import GeneralPopulation, Waiting
from pipeline.vocabulary.list_events import ElectiveList
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.waiting import DoseResponse, Standard, WaitingPath
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="Waiting for a new hip or knee",
    question="What does a year more on the waiting list for a new hip or knee do to monthly pay, employment and "
    "health-related benefits over the three years from joining it?",
    population="Adults aged 25 to 64 in England who joined a list for what became their first new hip or knee",
    intervention="joining the waiting list with a year more to wait",
    design=Waiting(
        index_event=ElectiveList(codelist="hip_and_knee_opcs4", first_since=date(2009, 4, 1)),
        comparison=GeneralPopulation(n=50_000, strata=("sex", "five_year_band")),
        # The year before joining is the reference; half-years before it show whether the queue is related to what came
        # earlier. Everybody studied is seen for three years from joining, by which all have been operated for a year.
        window=Window(before=23, after=36, reference=(-11, 0)),
        longer_by=12,
        standards=(Standard(name="18 weeks", days=126),),
        longest=24,
        specialty="operation",
        path=WaitingPath(
            window=Window(before=23, after=12, reference=(-11, 0), bins="single"), estimator="ons_fixed_effects"
        ),
        dose_response=DoseResponse(shortest=4, covariates=("age", "female", "before")),
    ),
    eligibility=Eligibility(ages=(25, 64)),
    treated_between=("2016-04", "2020-01"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55, 65),
    outcomes=("pay", "employed", "benefits"),
    sources=("hes_apc", "paye_rti", "dwp_benefits", "census", "deaths", "links/person", "links/nino", "prices/cpih"),
    context=PublishedWaits(specialties=("C_110",)),  # trauma and orthopaedics
    # As things are within a provider and a month: the queue is what is left of it beside both.
    causal_model=CausalModel(
        treatment="wait",
        outcome="change",
        variables=(
            Variable(
                name="queue",
                title="a queue longer than usual for the provider and the month",
                measured_by=("others_mean_wait",),
            ),
            Variable(name="age", title="age", measured_by=("age",)),
            Variable(name="sex", title="sex", measured_by=("sex",)),
            Variable(name="urgency", title="how bad the joint is"),
            Variable(name="wait", title="a longer wait"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            *((cause, effect) for cause in ("age", "sex", "urgency") for effect in ("wait", "change")),
            ("queue", "wait"),
            ("wait", "change"),
        ),
        absent=(
            Absent(
                cause="queue",
                effect="change",
                because="a long queue makes people wait, and neither the operation nor those operated differ for it",
            ),
            Absent(
                cause="urgency",
                effect="queue",
                because="who joins does not depend on how long the queue is in that month; the checks "
                "show whether the queue is related to what came before",
            ),
        ),
    ),
    limitations=(
        (
            "The estimate is the effect of waiting only if the length of a provider's queue in the month of joining "
            "bears on work through the wait alone (the exclusion restriction). If hospitals with long queues also "
            "operate in more haste, or if other people join when a queue is long, it is not. That people do not differ "
            "before they join can be checked; that the operation is the same cannot."
        ),
        (
            "It is of people whose wait the queue moves, and of a month more at the waits that it moves; a year is "
            "twelve such months, which holds only if each month does the same."
        ),
        (
            "Hospital records know of a wait when it has ended: who is still waiting, went elsewhere or died on the "
            "list is in none. Waits of more than 24 months are left out, since of those who joined last they would "
            "not be seen to end."
        ),
        (
            "A wait runs from the decision to admit (ELECDATE) to admission. The standard of 18 weeks runs from the "
            "general practitioner's referral, which these records do not hold: a wait that meets it here may not."
        ),
        (
            "The path of people who wait, month by month, is compared with people on no list. It holds what the joint "
            "itself does, and is no effect of waiting."
        ),
        (
            "The dose-response believes that age, sex, joint, month of joining, and the outcome before it say all that "
            "moves both wait and outcome."
        ),
        "The list of operations is ours and has had no clinical review.",
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
    ),
)
