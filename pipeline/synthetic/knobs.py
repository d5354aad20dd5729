"""What a person may turn: who is in the delivery, how dirty it is, and each thing that breaks an analysis."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Knobs(BaseModel):
    """The settings of a synthetic delivery; ranges keep every probability inside (0, 1) and all pay positive.

    Attributes
    ----------
    treated_share
        Share of people with a bariatric operation in 2014-2022. An extract enriched with treated people, as an owner
        cuts it for an evaluation; the national prevalence is about 0.0015.
    obesity_share
        Share of people without such an operation who have a hospital episode with an obesity diagnosis.
    no_effect
        Nobody's work changes with the operation.
    anticipation
        Referral dip: percentage points of employment lost in the twelve months before the operation because of it. It
        is an effect, so the truth holds it before the index; it also sits in the reference months.
    differential_trend
        Pounds a month by which treated people's pay in work drifts away from others' with each calendar year,
        whether operated or not. The truth does not change; an estimate does.
    selection_on_gains
        0.5: effects of those operated first are 1.5 times, of those operated last 0.5 times the usual.
    informative_linkage
        How much less likely a National Insurance number is linked for people seldom in work and, among treated
        people, for those who gain less than the mean. The truth is that of the people who are linked.
    informative_death
        Percentage points by which employment falls over the last two years of life; treated people then die at four
        times the usual rate. The truth does not change; an estimate does.
    interference
        Percentage points of employment that untreated people have lost when everybody has been operated, in
        proportion to the operations done so far. The truth does not change; an estimate does.
    dirt
        Multiplies the rate of every kind of dirt; 0 is a clean delivery, 1 a realistic one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    treated_share: float = Field(default=0.02, gt=0, le=0.3)
    obesity_share: float = Field(default=0.06, ge=0, le=0.5)
    no_effect: bool = False
    anticipation: float = Field(default=0.0, ge=0, le=5)
    differential_trend: float = Field(default=0.0, ge=-40, le=40)
    selection_on_gains: float = Field(default=0.0, ge=0, le=0.5)
    informative_linkage: float = Field(default=0.0, ge=0, le=0.5)
    informative_death: float = Field(default=0.0, ge=0, le=5)
    interference: float = Field(default=0.0, ge=0, le=5)
    dirt: float = Field(default=1.0, ge=0, le=3)


DEFAULT = Knobs()
"""An unbiased, realistically dirty delivery with the published effects."""
