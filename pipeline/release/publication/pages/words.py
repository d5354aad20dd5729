"""Published numbers, units and event times in plain English."""

from __future__ import annotations

import math
from dataclasses import dataclass

MINUS = "\N{MINUS SIGN}"
"""What a reader should see before a negative number; a hyphen is shorter and breaks at line ends."""

SUPPRESSED = "[c]"
"""Confidential: withheld by disclosure control (the Government Analysis Function's shorthand)."""

NOT_AVAILABLE = "[x]"
"""Not available: the data cannot give this number."""

NOT_APPLICABLE = "[z]"
"""Not applicable: there could be no number here."""

_NAMES = {
    "age_band": "age at the index month",
    "five_year_band": "five-year age band at the index month",
    "imd_quintile": "deprivation quintile (IMD)",
    "ons_fixed_effects": "ONS fixed effects",
    "callaway_santanna": "Callaway and Sant'Anna",
    "sun_abraham": "Sun and Abraham",
    "employment_adviser": "contact with an employment adviser (descriptive)",
    "employment_at_referral": "employment status at referral",
    "result_after_treatment": "result after treatment (descriptive)",
    "honest_local_linear": "honest local linear",
    "density_heap": "heap at the cutoff",
    "density_jump": "jump of the density",
    "first_stage": "take-up at the cutoff",
    "congestion": "two-stage least squares by the queue",
    "dose_response": "dose-response",
    "congestion:least_squares": "least squares on the wait itself",
    "congestion:anderson_rubin": "the queue, with Anderson and Rubin's interval",
    "first_stage_of_wait": "queue and wait (first stage)",
    "exclusion": "queue and what came before (exclusion)",
    "anderson_rubin": "weak-instrument test (Anderson and Rubin)",
    "others_mean_wait": "the others' mean wait",
    "female": "sex",
    "before": "each outcome in the reference",
    "earlier": "each outcome's change from the window's first bin to the reference",
    "aipw": "doubly robust against untreated people",
    "pre_trend": "pre-trend",
    "pre_trend_power": "trends that the pre-trend test could miss",
    "detectable_effect": "minimum detectable effect",
    "estimator_agreement": "agreement of estimators",
    "overlap": "overlap with untreated people",
    "weighted_balance": "balance with untreated people",
    "data_subset": "subset of people",
    "unobserved_confounder": "simulated confounder",
    "unmeasured_confounding": "confounder as strong as those observed",
    "relative_magnitude": "departures from parallel trends",
    "false_links": "false links",
    "placebo_outcome": "outcome before the reference",
    "clusters": "number of clusters",
}
"""What a name of the code is called in a report, where its own words will not do."""

_ESTIMATORS = {
    "ons_fixed_effects": "event-time bins with person and calendar-period fixed effects, errors clustered by person or "
    "as declared (the specification published by ONS)",
    "callaway_santanna": "each treatment month's people against comparison people since the reference, added up "
    "(Callaway and Sant'Anna 2021)",
    "imputation": "outcomes less those imputed from untreated people and periods, by person and calendar-period fixed "
    "effects (Borusyak, Jaravel and Spiess 2024)",
    "sun_abraham": "fixed effects with an effect for each treatment month and event time, weighted by their people "
    "(Sun and Abraham 2021)",
    "honest_local_linear": "lines on both sides of the cutoff, the jump in the outcome over that in take-up, with "
    "intervals that allow for the worst bias under the declared curvature (Noack and Rothe 2024)",
    "congestion": "two-stage least squares with the queue of the provider in the month of joining as the instrument, "
    "errors clustered with Bell and McCaffrey's small-sample form",
    "dose_response": "the outcome by months waited, doubly robust, in the last bin of the window (Kennedy, Ma, McHugh "
    "and Small 2017)",
    "local_randomisation": "the same ratio from people next to the cutoff, as if a lottery had put them on their side "
    "(Cattaneo, Frandsen and Titiunik 2015)",
    "aipw": "treated people against untreated people who share their condition, weighted and adjusted to the same past "
    "(doubly robust, cross-fitted; effect on the treated)",
}


@dataclass(frozen=True, kw_only=True)
class Unit:
    """How an amount is written: ``£84 a month``, ``4.3 percentage points``."""

    prefix: str
    suffix: str


def unit_of(words: str) -> Unit:
    """The way an outcome's unit is written around a number."""
    if words.startswith("pounds"):
        return Unit(prefix="£", suffix=words.removeprefix("pounds"))
    return Unit(prefix="", suffix=f" {words}")


def number(value: float, decimals: int) -> str:
    """A number with a thousands separator and a true minus sign; never a negative zero."""
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and any(digit in "123456789" for digit in text)
    return f"{MINUS}{text}" if negative else text


def amount(value: float, unit: Unit, *, decimals: int) -> str:
    """An amount in its unit, without the words after the number; a minus sign stands before the pound sign."""
    text = number(value, decimals)
    return f"{MINUS}{unit.prefix}{text[1:]}" if text.startswith(MINUS) else f"{unit.prefix}{text}"


def readable_decimals(half_width: float, published: int) -> int:
    """As many decimals as an interval's half-width supports with one digit, at most those published."""
    if half_width <= 0:
        return published
    return min(max(math.ceil(-math.log10(half_width)), 0), published)


def span(first: int, last: int, *, unit: str) -> str:
    """A run of event times: ``months 55 to 60``, ``month 1``."""
    if first == last:
        return f"{unit} {number(first, 0)}"
    return f"{unit}s {number(first, 0)} to {number(last, 0)}"


def count(value: int | None, *, suppressed: bool) -> str:
    """A rounded count of people, or the symbol that says why there is none."""
    if value is None:
        return symbol(suppressed=suppressed)
    return f"{value:,}"


def statistic(value: float | None, decimals: int, *, suppressed: bool) -> str:
    """A published statistic, or the symbol that says why there is none."""
    if value is None:
        return symbol(suppressed=suppressed)
    return number(value, decimals)


def symbol(*, suppressed: bool) -> str:
    """Why a cell has no number."""
    return SUPPRESSED if suppressed else NOT_AVAILABLE


def estimator(name: str) -> str:
    """An estimator's file name with what it does, where that is known here."""
    return f"{name}: {_ESTIMATORS[name]}" if name in _ESTIMATORS else name


def named(name: str) -> str:
    """What a column, an estimator or a check is called inside a sentence."""
    return _NAMES.get(name, name.replace("_", " "))


def as_heading(name: str) -> str:
    """The same, starting with a capital."""
    words = named(name)
    return words[:1].upper() + words[1:]


def listed(words: tuple[str, ...]) -> str:
    """Words joined as a sentence joins them: ``a, b and c``."""
    if len(words) < 2:  # noqa: PLR2004 - one word needs no joining
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
