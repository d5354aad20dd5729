"""The NHS Diabetes Prevention Programme at its threshold, HbA1c 42: those just above it against those just below."""

from __future__ import annotations

from datetime import date

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.designs import Threshold
from pipeline.vocabulary.index_events import BloodTest
from pipeline.vocabulary.protocol import Eligibility, Evaluation, Prices
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="NHS Diabetes Prevention Programme at the threshold",
    question="What does a referral to the NHS Diabetes Prevention Programme do to monthly pay, employment and "
    "health-related benefits of people who are referred because their HbA1c is 42 mmol/mol and not lower?",
    population="Adults aged 25 to 64 in England with a first HbA1c of 35 to 47 mmol/mol",
    intervention="a blood test that leads to a referral to the NHS Diabetes Prevention Programme",
    design=Threshold(
        index_event=BloodTest(take_up_within_months=6, first_since=date(2015, 4, 1)),
        running="HbA1c in mmol/mol",
        # 42 to 47 is the programme's range (NHS England service specification); at 48 people have diabetes, another
        # pathway begins, and take-up would fall inside the upper side.
        cutoff=42,
        values=(35, 47),
        lottery=(41, 42),
        # From one mmol/mol to the next the slope of the change since the year before may differ by that much. A whole
        # HbA1c carries measurement error of about one mmol/mol, which smooths whatever depends on the true one.
        curvature={"pay": 5.0, "employed": 0.2, "benefits": 0.2},
        take_up_curvature=0.005,
        # Results fall off by about a fifth a unit: an exponential that falls by r differs from its neighbours' mean by
        # about r^2 / 2, and its logarithm does not bend. Twice that, and some bending, are allowed.
        frequency_bend=0.04,
        log_frequency_curvature=0.05,
        smooth={"age": 0.1, "female": 0.005},
        # Two years on: all practices refer from April 2018, and everybody tested by December 2020 is seen so long.
        window=Window(before=23, after=24, reference=(-11, 0)),
        estimators=("honest_local_linear", "local_randomisation"),
    ),
    eligibility=Eligibility(ages=(25, 64), linked=("ndpp", "paye_rti")),
    treated_between=("2018-04", "2020-12"),
    observed_between=("2014-04", "2022-12"),
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
    # As things are at the cutoff, where HbA1c itself is held and only the side differs (the limiting graph of Steiner,
    # Kim, Hall and Su 2017, doi 10.1177/0049124115582272).
    causal_model=CausalModel(
        treatment="referral",
        outcome="change",
        variables=(
            Variable(name="side", title="the side of the cutoff", measured_by=("running",)),
            Variable(name="choice", title="what makes a person come and a practice refer"),
            Variable(name="referral", title="a referral"),
            Variable(name="change", title="the change in work since the reference"),
        ),
        arrows=(
            ("side", "referral"),
            ("choice", "referral"),
            ("choice", "change"),
            ("referral", "change"),
        ),
        absent=(
            Absent(
                cause="side",
                effect="change",
                because="from one mmol/mol to the next work changes little by itself, within the declared curvature, "
                "and nothing begins at 42 but the referral and being told of the risk, which count as one",
            ),
            Absent(
                cause="choice",
                effect="side",
                because="a laboratory's result is nobody's choice; the checks of density show whether there is a heap",
            ),
        ),
    ),
    limitations=(
        "Pay is employees' pay only: self-employed people count as not employed and earn £0 here.",
        (
            "The effect is of a referral, on people at 42 mmol/mol who are referred because they are not at 41. People "
            "further up, or referred on another test, may gain more or less."
        ),
        (
            "It needs the tests of people at 42 and above who were not referred: where a delivery lacks them, all "
            "people above took up, and the comparison is of those chosen with those not."
        ),
        (
            "People at 42 are also told that they are at risk of diabetes, which may change what they do without any "
            "referral: the two are not told apart."
        ),
        "People who died within two years of the test are left out, so that the same people stand behind each horizon.",
        "Tests from 2018 to 2020: the second half of most people's two years lies in the pandemic.",
    ),
)
