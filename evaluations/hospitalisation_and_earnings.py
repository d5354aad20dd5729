"""A hospital stay and earnings of older Americans: the Health and Retirement Study file of Dobkin et al. (2018)."""

from __future__ import annotations

from pipeline.vocabulary.causal_model import Absent, CausalModel, Variable
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.protocol import Evaluation
from pipeline.vocabulary.robustness import LongerReference, MovedIndexPlacebo, MovedReference
from pipeline.vocabulary.windows import Window

EVALUATION = Evaluation(
    title="A hospital stay and earnings",
    question="What does a first hospital stay do to earnings and out-of-pocket medical spending in the waves after it?",
    population="Health and Retirement Study respondents hospitalised for the first time in waves 8 to 11",
    intervention="a first hospital stay",
    design=LinkedPanel(
        source="panels/hrs_hospitalisation",
        person="hhidpn",
        period="wave",
        treatment_period="wave_hosp",
        period_unit="wave",
        periods=(7, 10),
        characteristics=("male", "spouse", "white", "black", "hispanic"),
        window=Window(before=2, after=3, reference=(0, 0), bins="single"),
        estimators=("ons_fixed_effects", "callaway_santanna", "imputation", "sun_abraham"),
        headline="ons_fixed_effects",
        # Half of 65 comparison people in three waves would leave too few of them in a bin to publish a placebo.
        robustness=(
            LongerReference(months=2),
            MovedReference(months=1),
            MovedIndexPlacebo(months=1),
        ),
    ),
    outcomes=(
        Outcome(
            name="earnings", title="income from employment in the year", unit="US dollars a year", column="riearnsemp"
        ),
        Outcome(
            name="out_of_pocket", title="out-of-pocket medical spending", unit="US dollars a year", column="oop_spend"
        ),
    ),
    sources=("panels/hrs_hospitalisation",),
    subgroups=("male",),
    causal_model=CausalModel(
        treatment="stay",
        outcome="change",
        variables=(
            Variable(name="wave", title="the wave", measured_by=("index_month",)),
            Variable(name="lasting", title="what lasts about a person"),
            Variable(name="health", title="failing health"),
            Variable(name="stay", title="a hospital stay"),
            Variable(name="change", title="the change in earnings since the reference"),
        ),
        arrows=(
            ("wave", "stay"),
            ("wave", "change"),
            ("lasting", "stay"),
            ("health", "stay"),
            ("stay", "change"),
        ),
        absent=(
            Absent(
                cause="lasting",
                effect="change",
                because="changes since the reference take out what stays the same in all waves",
            ),
            Absent(
                cause="health",
                effect="change",
                because="those who go to hospital later are ill as well, so that the wave of a stay is near to chance",
            ),
        ),
    ),
    limitations=(
        "Waves are about two years apart: an effect within a wave cannot be dated.",
        "The comparison people are those first hospitalised in wave 11, observed up to wave 10.",
        "US survey data, self-reported; nothing here speaks of the NHS.",
    ),
)
