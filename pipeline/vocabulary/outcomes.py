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


def _pounds(name: str, title: str, *, source: str = "paye_rti") -> Outcome:
    """An amount of money a month."""
    return Outcome(name=name, title=title, unit="pounds a month", prices=True, source=source)


def _share(name: str, title: str, *, source: str = "dwp_benefits") -> Outcome:
    """A share of people."""
    return Outcome(name=name, title=title, unit="percentage points", scale=100.0, decimals=3, source=source)


PAY = _pounds("pay", "monthly employee pay, £0 in months without pay")
PAY_IN_WORK = _pounds("pay_in_work", "monthly employee pay in months with pay")
EMPLOYED = _share("employed", "the share who are paid employees", source="paye_rti")

BENEFITS = _share("benefits", "the share who receive a health-related benefit")
INCAPACITY_BENEFITS = _share("incapacity_benefits", "the share who receive an incapacity benefit")
DISABILITY_BENEFITS = _share("disability_benefits", "the share who receive a disability benefit, in work or not")
BENEFIT_AMOUNT = _pounds(
    "benefit_amount",
    "the monthly amount of health-related benefits, £0 in months without",
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
