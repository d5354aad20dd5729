"""What is measured about people's work, with its unit as published."""

from __future__ import annotations

from pipeline.vocabulary.declared import Declared, suggested


class Outcome(Declared):
    """An outcome as published.

    Attributes
    ----------
    name
        The word in ``estimates.csv``.
    title
        The words in a report: a noun in the singular, starting in lower case.
    unit
        What one unit of a published effect is.
    scale
        Published effect = estimated effect times ``scale`` (100 for percentage points).
    decimals
        How many decimals are published.
    prices
        Whether the outcome is money at a price base.
    source
        Where Causeway makes it from.
    column
        For an already linked panel: the owner's column. Empty for outcomes that Causeway makes itself.
    """

    name: str
    title: str
    unit: str
    scale: float = 1.0
    decimals: int = 2
    prices: bool = False
    source: str = "paye_rti"
    column: str = ""


PAY = Outcome(name="pay", title="monthly employee pay, £0 in months without pay", unit="pounds a month", prices=True)
PAY_IN_WORK = Outcome(
    name="pay_in_work", title="monthly employee pay in months with pay", unit="pounds a month", prices=True
)
EMPLOYED = Outcome(
    name="employed", title="the share who are paid employees", unit="percentage points", scale=100.0, decimals=3
)

BENEFITS = Outcome(
    name="benefits",
    title="the share who receive a health-related benefit",
    unit="percentage points",
    scale=100.0,
    decimals=3,
    source="dwp_benefits",
)
INCAPACITY_BENEFITS = Outcome(
    name="incapacity_benefits",
    title="the share who receive an incapacity benefit",
    unit="percentage points",
    scale=100.0,
    decimals=3,
    source="dwp_benefits",
)
DISABILITY_BENEFITS = Outcome(
    name="disability_benefits",
    title="the share who receive a disability benefit, in work or not",
    unit="percentage points",
    scale=100.0,
    decimals=3,
    source="dwp_benefits",
)
BENEFIT_AMOUNT = Outcome(
    name="benefit_amount",
    title="the monthly amount of health-related benefits, £0 in months without",
    unit="pounds a month",
    prices=True,
    source="dwp_benefits",
)

OUTCOMES = {
    outcome.name: outcome
    for outcome in (
        PAY,
        PAY_IN_WORK,
        EMPLOYED,
        BENEFITS,
        INCAPACITY_BENEFITS,
        DISABILITY_BENEFITS,
        BENEFIT_AMOUNT,
    )
}


def named_outcome(declared: object) -> object:
    """The outcome of a name; anything else as it is.

    Raises
    ------
    ValueError
        If no outcome has the name; says which there are.
    """
    if not isinstance(declared, str):
        return declared
    if declared not in OUTCOMES:
        raise ValueError(f"there is no outcome {declared} ({suggested(declared, tuple(OUTCOMES))})")
    return OUTCOMES[declared]
