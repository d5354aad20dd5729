"""What a person may turn: who is in the delivery, how dirty it is, and each thing that breaks an analysis."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Knobs(BaseModel):
    """The settings of a synthetic delivery; ranges keep every probability inside (0, 1) and all pay positive.

    Those from ``anticipation`` on each break an analysis. Where a knob changes what the operation does, or whom an
    evaluation can include, the truth changes with it; where it only makes people differ, the truth stays.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    treated_share: float = Field(default=0.02, gt=0, le=0.3)
    """Share of people with a bariatric operation in 2014-2022: an extract enriched with treated people, as an owner
    cuts it for an evaluation. The national prevalence is about 0.0015."""

    therapy_share: float = Field(default=0.06, ge=0, le=0.6)
    """Share of people referred for NHS Talking Therapies in 2014-2022, enriched as operations are: three in four
    complete a first course. About 0.03 of working-age adults did."""

    endometriosis_share: float = Field(default=0.05, ge=0, le=0.5)
    """Share of women of 18 to 57, of those in no other evaluation, whom hospital first diagnoses with endometriosis in
    2012-2022, enriched as operations are. They are comparison people of other
    evaluations, whose estimates for pay move by some pounds at 0.12."""

    elective_share: float = Field(default=0.10, ge=0, le=0.5)
    """Share of people of 25 to 74, of those in no other evaluation, who get a new hip or knee from a waiting list that
    they join in 2015-2020, enriched as operations are."""

    queue_spread: float = Field(default=3.0, ge=0, le=4)
    """Standard deviation, in months, of how long those wait who join a provider's list in one month and not another: at
    0 the queue is no instrument."""

    waiting_effect: float = Field(default=1.0, ge=0, le=3)
    """Multiplies what a month of waiting, and being more ill than others on the list, does to work and benefits. The
    truth changes."""

    obesity_share: float = Field(default=0.06, ge=0, le=0.5)
    """Share of the other people who have a hospital episode with an obesity diagnosis."""

    tested_share: float = Field(default=0.25, ge=0, le=0.6)
    """Share of people with a blood test for diabetes in 2015-2022, enriched as operations are: one in six is at 42 to
    47 mmol/mol, and three in five of these are referred to the Diabetes Prevention Programme."""

    programme_effect: float = Field(default=0.0, ge=-5, le=5)
    """Percentage points of employment that a referral to the Diabetes Prevention Programme brings within a year. Nought
    unless turned: no effect on work is published. The truth holds it."""

    dirt: float = Field(default=1.0, ge=0, le=3)
    """Multiplies the rate of every kind of dirt: 0 is a clean delivery, 1 a realistic one."""

    linked_by_fields: bool = False
    """Hashed names, sex, dates of birth and postcodes in place of the table ``links/person``, with the published rates
    of errors: links are then made on the way. Who is whom is in ``links.csv`` beside the true effects."""

    no_effect: bool = False
    """Nobody's work or benefits change with an operation or a therapy: the truth is nought."""

    anticipation: float = Field(default=0.0, ge=0, le=5)
    """Referral dip: percentage points of employment lost in the twelve months before the operation because of it. An
    effect, so the truth holds it before the index; it also sits in the reference months."""

    referral_dip: float = Field(default=0.0, ge=0, le=10)
    """Percentage points of employment lost before therapy by everybody who has a session, from six months before the
    referral (at most a year before the session): people are referred when they do badly. The truth holds it before the
    index."""

    differential_trend: float = Field(default=0.0, ge=-40, le=40)
    """Pounds a month by which treated people's pay in work drifts away from others' with each calendar year, operated
    or not. The truth stays."""

    selection_on_gains: float = Field(default=0.0, ge=0, le=0.5)
    """At 0.5 the effects on those operated first are 1.5 times the usual, on those operated last 0.5 times. The truth
    changes."""

    informative_linkage: float = Field(default=0.0, ge=0, le=0.5)
    """How much less likely a National Insurance number is linked for people seldom in work and, among treated people,
    for those who gain less than the mean. The truth is that of the people who are linked."""

    informative_death: float = Field(default=0.0, ge=0, le=5)
    """Percentage points by which employment falls over the last two years of life; treated people then die at four
    times the usual rate. The truth stays, but for who is alive."""

    interference: float = Field(default=0.0, ge=0, le=5)
    """Percentage points of employment that untreated people have lost when everybody has been operated, in proportion
    to the operations done so far. The truth stays."""

    waiting_confounded: float = Field(default=0.0, ge=0, le=2)
    """Months by which whoever is a standard deviation more ill than others on a list is taken sooner. The more ill do
    worse whenever they are taken, so that waiting looks better than it is. The truth stays."""

    manipulation_at_42: float = Field(default=0.0, ge=0, le=0.9)
    """Share of blood tests with a result of 41 mmol/mol for which 42 is written down, so that the person may be
    referred: what the check of the density looks for. The truth stays, but for who is referred."""


DEFAULT = Knobs()
"""An unbiased, realistically dirty delivery with the published effects."""
