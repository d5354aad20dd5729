"""What each published column means, in the words that go beside the numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A column's heading for people and what it holds."""

    title: str
    description: str


def _meaning(title: str, description: str) -> Meaning:
    return Meaning(title=title, description=description)


_FIGURE = "In the unit of the row; empty where suppressed."

COLUMNS = {
    "evaluation": _meaning("Evaluation", "Name of the evaluation; its protocol is in the manifest and on its page."),
    "design": _meaning("Design", "How treated people are compared with others."),
    "estimator": _meaning("Estimator", "Method by which the effect was estimated; after a colon, the declared "
                          "robustness run in which it was. A placebo run's months count from an index at which nothing "
                          "happened."),
    "role": _meaning("Role", "headline: the registered main result; robustness: the same question by another "
                     "specification; subgroup: some of the people."),
    "outcome": _meaning("Outcome", "What was measured."),
    "unit": _meaning("Unit", "Unit of the estimate, its errors, intervals and bands."),
    "price_base": _meaning("Price base", "Year at whose prices money is given; empty where the outcome is not money."),
    "subgroup": _meaning("Subgroup", "Characteristic by which people are divided; all for everybody."),
    "subgroup_value": _meaning("Subgroup value", "Level of the characteristic; empty for everybody."),
    "period": _meaning("Period", "The months or waves of the estimate in words."),
    "months_from": _meaning("From", "First month (or wave) of the period, counted from the index month, which is 1."),
    "months_to": _meaning("To", "Last month (or wave) of the period, counted from the index month, which is 1."),
    "estimate": _meaning("Estimate", "Average effect on the treated in the period; of a part of a gap, what it "
                         f"adds. {_FIGURE}"),
    "std_error": _meaning("Standard error", f"Standard error, clustered by person or as declared. {_FIGURE}"),
    "ci_lower": _meaning("95% interval, lower", f"Lower end of the pointwise 95% confidence interval. {_FIGURE}"),
    "ci_upper": _meaning("95% interval, upper", f"Upper end of the pointwise 95% confidence interval. {_FIGURE}"),
    "band_lower": _meaning("95% band, lower", f"Lower end of the band that covers all periods at once. {_FIGURE}"),
    "band_upper": _meaning("95% band, upper", f"Upper end of the band that covers all periods at once. {_FIGURE}"),
    "n_treated": _meaning("People treated", "Treated people behind the number, rounded; empty where suppressed."),
    "n_comparison": _meaning("People compared", "Comparison people behind the number, rounded; empty where "
                             "suppressed."),
    "n_with_reference": _meaning("People with a reference", "Of the treated people of the row, those who are also "
                                 "seen in the reference, rounded; empty where suppressed."),
    "obs_status": _meaning("Status", "c: a number of the row is suppressed because too few people are behind it; "
                           "empty: nothing is suppressed."),
    "evidence": _meaning("Evidence", "What has been decided about the credibility of the estimate. Descriptive: what "
                         "splits people came after the treatment, so that the row is no effect of it."),
    "check": _meaning("Check", "Name of the check."),
    "status": _meaning("Result", "pass, review, fail or not evaluated."),
    "figure": _meaning("Figure", "The number that the check decides by; empty where there is none or it is withheld."),
    "threshold": _meaning("Threshold", "What the figure is held against; empty where there is none."),
    "sentence": _meaning("In words", "The check's result in a sentence."),
    "arm": _meaning("Arm", "treated or comparison."),
    "step": _meaning("Step", "Order of the exclusion; step 0 is who was there before any."),
    "reason": _meaning("Reason", "Why people were excluded at this step."),
    "excluded": _meaning("People excluded", "People excluded at this step, rounded; empty where suppressed."),
    "remaining": _meaning("People remaining", "People left after this step, rounded; empty where suppressed."),
    "link": _meaning("Link", "From which source to which."),
    "characteristic": _meaning("Characteristic", "Characteristic by which people are divided; all for everybody."),
    "level": _meaning("Level", "Level of the characteristic."),
    "n_people": _meaning("People", "People who could be linked, rounded; empty where suppressed."),
    "n_linked": _meaning("People linked", "People who were linked, rounded; empty where suppressed."),
    "link_rate": _meaning("Link rate", "Linked of those who could be, in per cent, from the rounded counts."),
    "share_treated": _meaning("Share of treated", "Share of treated people at this level, from rounded counts."),
    "share_comparison": _meaning("Share of compared", "Share of comparison people at this level, from rounded counts."),
    "smd": _meaning("Standardised mean difference", "Treated minus comparison share in standard deviations, from "
                    "rounded counts."),
    "part": _meaning("Part", "sun_abraham and the parts of the gap add up to fixed_effects: timing_group_weights, "
                     "timing groups weighted otherwise than by their people; other_months_after and months_before, "
                     "effects of other periods; not_told_apart, effects that the data do not tell apart (within "
                     "other_months_after where of too few people to show). timing_group: what people treated then "
                     "add to the gap. static: one effect for all periods from the index on; the comparisons of timing "
                     "groups, each times its weight, and not_by_pairs add up to it."),
    "treated_in": _meaning("Treated in", "When the people of the row were treated; empty for everybody."),
    "positive_weight": _meaning("Weights above zero", "Sum of the positive weights that the regression gives to the "
                                "effects of the row; of a comparison, its weight in the static effect."),
    "negative_weight": _meaning("Weights below zero", "Sum of the negative weights that the regression gives to the "
                                "effects of the row."),
    "month": _meaning("Month", "The month at whose end people were waiting, as YYYY-MM."),
    "area": _meaning("Area", "Code of England, or of the board above the commissioner (an integrated care board since "
                     "July 2022)."),
    "area_name": _meaning("Name of the area", "As published in the month; the code where none is."),
    "specialty": _meaning("Specialty", "Treatment function code."),
    "specialty_name": _meaning("Name of the specialty", "As published in the month; the code where none is."),
    "n_waits": _meaning("People waiting", "Waits not ended by the end of the month, as published."),
    "n_within_18_weeks": _meaning("Within 18 weeks", "Of them, those that have lasted 18 weeks or less."),
    "n_in_open_band": _meaning("In the last band", "Of them, those in the published file's last band, which is open: "
                               "over 104 weeks since April 2021, over 52 before."),
    "median_weeks": _meaning("Median wait", "Half have waited this long or less; empty where it lies in the last "
                             "band."),
    "percentile_92_weeks": _meaning("92nd percentile", "92 per cent have waited this long or less; empty where it "
                                    "lies in the last band."),
    "within_18_weeks": _meaning("Share within 18 weeks", "Share of waits that have lasted 18 weeks or less."),
    "file": _meaning("File", "File of the release that holds the number."),
    "key": _meaning("Row", "The key of the row in that file."),
    "column": _meaning("Column", "Column of the number."),
    "old": _meaning("Before", "The number in the version before; empty where it was not there or suppressed."),
    "new": _meaning("Now", "The number in this version; empty where it is gone or suppressed."),
    "revision": _meaning("Revision", "added, removed or changed."),
}  # fmt: skip
"""Every column that a release's tables may have."""
