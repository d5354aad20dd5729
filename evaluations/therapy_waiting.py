"""Waiting for talking therapy: what three months more from referral to first session do to work and benefits."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.designs import GeneralPopulation, Waiting
from pipeline.vocabulary.list_events import TherapyList
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.waiting import DoseResponse, Standard, WaitingPath
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="Waiting for talking therapy",
    question="What do three months more from referral to the first session of NHS Talking Therapies do to monthly pay, "
    "employment and health-related benefits over the two years from referral?",
    population="Adults aged 25 to 64 in England at their first referral to NHS Talking Therapies who came to a session",
    intervention="a first referral for therapy with three months more to wait",
    design=Waiting(
        index_event=TherapyList(first_since=date(2012, 4, 1)),
        comparison=GeneralPopulation(n=50_000, strata=("sex", "five_year_band")),
        # People are referred when they do badly, whether the queue is long or short then: the year before referral is
        # the reference of what the queue does. Against the general population it would not do; see the path.
        window=Window(before=23, after=24, reference=(-11, 0)),
        # Few wait a year, so that a year would be far beyond what is seen.
        longer_by=3,
        # The NHS's own: three in four begin within 6 weeks, and 95 in a hundred within 18.
        standards=(Standard(name="6 weeks", days=42), Standard(name="18 weeks", days=126)),
        longest=12,
        # The year before referral shows the dip in which people are referred; the reference is the year before that.
        path=WaitingPath(
            window=Window(before=23, after=4, reference=(-23, -12), bins="single"), estimator="ons_fixed_effects"
        ),
        dose_response=DoseResponse(shortest=1.3, covariates=("age", "female", "before")),
    ),
    eligibility=Eligibility(ages=(25, 64), linked=("iapt", "paye_rti")),
    treated_between=("2016-04", "2020-12"),
    observed_between=("2014-04", "2022-12"),
    prices=Prices(base_year=2023, winsorise_above=0.9999),
    age_bands=(25, 35, 45, 55, 65),
    outcomes=("pay", "employed", "benefits"),
    sources=(
        "iapt/IDS101Referral",
        "paye_rti",
        "dwp_benefits",
        "census",
        "deaths",
        "links/person",
        "links/nino",
        "prices/cpih",
    ),
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
            Variable(name="urgency", title="how badly a person does"),
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
                because="a long queue makes people wait, and neither the therapy nor those treated differ for it",
            ),
            Absent(
                cause="urgency",
                effect="queue",
                because="who is referred does not depend on how long the queue is in that month; the checks "
                "show whether the queue is related to what came before",
            ),
        ),
    ),
    limitations=(
        (
            "The estimate is the effect of waiting only if the length of a provider's queue in the month of referral "
            "bears on work through the wait alone (the exclusion restriction). A provider with a long queue may also "
            "offer shorter courses, or other people may be referred. That people do not differ before referral can be "
            "checked; that the therapy is the same cannot."
        ),
        (
            "It is of people whose wait the queue moves, and of a month more at the waits that it moves; three months "
            "are three such months, which holds only if each month does the same."
        ),
        (
            "Only people who came to a first session are studied. Who gives up waiting is left out and counted: if a "
            "long queue makes people give up who would have done worse, waiting looks better than it is."
        ),
        "A later first session also means less time since therapy at each horizon: the estimate holds both.",
        (
            "The path of people who wait, month by month, is compared with people never referred. It holds what they "
            "were referred for, and is no effect of waiting."
        ),
        (
            "The dose-response believes that age, sex, month of referral, and the outcome before it say all that moves "
            "both wait and outcome."
        ),
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
    ),
)
