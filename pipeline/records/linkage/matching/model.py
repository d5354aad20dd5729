"""The linkage model: what is compared, at which levels, and which pairs are compared at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from splink import SettingsCreator
    from splink.internals.comparison_creator import ComparisonCreator

BLOCKS = (
    ("birth_date", "last_name_sound"),
    ("birth_date", "first_name_sound"),
    ("birth_date", "postcode_sector"),
    ("first_name", "last_name", "postcode_sector"),
)
"""Pairs that share the columns of any of these are compared: who changed both names and moved is not found."""

TRAINED_ON = (("birth_date", "last_name_sound"), ("birth_date", "first_name_sound"), ("first_name", "last_name"))
"""Expectation maximisation runs within each of these; a column is learnt about where it is not one of them."""

EXACT = ("birth_date", "first_name", "last_name")
"""Who agrees on all of these is one person, nearly surely; with the declared recall they give the prior."""

_TWO_PARTS = (
    "(CAST(birth_year_l = birth_year_r AS INTEGER) + CAST(birth_month_l = birth_month_r AS INTEGER) "
    "+ CAST(birth_day_l = birth_day_r AS INTEGER)) = 2"
)


def model(prior: float) -> SettingsCreator:
    """The model before it is trained; agreement on a rare name weighs more than on a common one."""
    from splink import SettingsCreator, block_on
    from splink.comparison_library import ExactMatch

    return SettingsCreator(
        link_type="link_only",
        probability_two_random_records_match=prior,
        comparisons=[
            _name("first_name"),
            _name("last_name"),
            _birth_date(),
            ExactMatch("sex"),
            _postcode(),
        ],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKS],
        retain_matching_columns=False,
    )


def _name(column: str) -> ComparisonCreator:
    from splink import comparison_level_library as level
    from splink.comparison_library import CustomComparison

    return CustomComparison(
        output_column_name=column,
        comparison_levels=[
            level.NullLevel(column),
            level.ExactMatchLevel(column, term_frequency_adjustments=True),
            level.ExactMatchLevel(f"{column}_sound"),
            level.ElseLevel(),
        ],
    )


def _birth_date() -> ComparisonCreator:
    from splink import comparison_level_library as level
    from splink.comparison_library import CustomComparison

    return CustomComparison(
        output_column_name="birth_date",
        comparison_levels=[
            level.NullLevel("birth_date"),
            level.ExactMatchLevel("birth_date"),
            level.CustomLevel(_TWO_PARTS, label_for_charts="Two of day, month and year agree"),
            level.ElseLevel(),
        ],
    )


def _postcode() -> ComparisonCreator:
    from splink import comparison_level_library as level
    from splink.comparison_library import CustomComparison

    return CustomComparison(
        output_column_name="postcode",
        comparison_levels=[
            level.NullLevel("postcode_sector"),
            level.ExactMatchLevel("postcode_sector"),
            level.ExactMatchLevel("postcode_district"),
            level.ElseLevel(),
        ],
    )
