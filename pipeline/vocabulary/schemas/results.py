"""The tables of results, before and after the disclosure door."""

from __future__ import annotations

import pyarrow as pa

from pipeline.vocabulary.schemas.schema import Column, Schema

_PUBLISHED_ESTIMATE = (
    Column(name="evaluation", type=pa.string(), nullable=False),
    Column(name="design", type=pa.string(), nullable=False),
    Column(name="estimator", type=pa.string(), nullable=False),
    Column(name="role", type=pa.string(), nullable=False, allowed=("headline", "robustness", "subgroup")),
    Column(name="outcome", type=pa.string(), nullable=False),
    Column(name="unit", type=pa.string(), nullable=False),
    Column(name="price_base", type=pa.string(), nullable=False),
    Column(name="subgroup", type=pa.string(), nullable=False),
    Column(name="subgroup_value", type=pa.string(), nullable=False),
    Column(name="period", type=pa.string(), nullable=False),
    Column(name="months_from", type=pa.int32(), nullable=False),
    Column(name="months_to", type=pa.int32(), nullable=False),
    Column(name="estimate", type=pa.float64(), role="statistic"),
    Column(name="std_error", type=pa.float64(), role="statistic"),
    Column(name="ci_lower", type=pa.float64(), role="statistic"),
    Column(name="ci_upper", type=pa.float64(), role="statistic"),
    Column(name="band_lower", type=pa.float64(), role="statistic"),
    Column(name="band_upper", type=pa.float64(), role="statistic"),
    Column(name="n_treated", type=pa.int64(), role="count", unit="people"),
    Column(name="n_comparison", type=pa.int64(), role="count", unit="people"),
    Column(name="obs_status", type=pa.string(), nullable=False, allowed=("", "c")),
    Column(name="evidence", type=pa.string(), nullable=False),
)

_ESTIMATE_KEY = (
    "evaluation", "estimator", "role", "outcome", "subgroup", "subgroup_value", "months_from", "months_to",
)  # fmt: skip

ESTIMATES = Schema(
    name="estimates",
    grain="estimator x outcome x subgroup x event-time bin",
    key=_ESTIMATE_KEY,
    columns=(
        *_PUBLISHED_ESTIMATE,
        Column(name="residual_df", type=pa.int64(), role="count", nullable=False),
        Column(name="covariance", type=pa.list_(pa.float64()), role="statistic"),
    ),
)
"""What leaves ``inference``, in published units: the reference bin has no row. ``covariance`` is this bin's row of the
covariance matrix with all bins of the same model, in order of ``months_from``; ``obs_status`` is still empty."""

PUBLISHED_ESTIMATES = Schema(
    name="published_estimates",
    grain="publishable number",
    key=_ESTIMATE_KEY,
    columns=_PUBLISHED_ESTIMATE,
)
"""``estimates.csv``: counts rounded, a suppressed cell empty with ``obs_status`` ``c``."""

DIAGNOSTICS = Schema(
    name="diagnostics",
    grain="check x estimator x outcome",
    key=("evaluation", "check", "estimator", "outcome"),
    columns=(
        Column(name="evaluation", type=pa.string(), nullable=False),
        Column(name="check", type=pa.string(), nullable=False),
        Column(name="estimator", type=pa.string(), nullable=False),
        Column(name="outcome", type=pa.string(), nullable=False),
        Column(name="status", type=pa.string(), nullable=False, allowed=("pass", "review", "fail", "not evaluated")),
        Column(name="figure", type=pa.float64(), role="statistic"),
        Column(name="threshold", type=pa.float64(), role="statistic"),
        Column(name="sentence", type=pa.string(), nullable=False),
    ),
)

_DECOMPOSITION_PARTS = (
    "sun_abraham", "timing_group_weights", "other_months_after", "months_before", "not_told_apart", "fixed_effects",
    "timing_group", "static", "treated_versus_never_treated", "earlier_versus_later_treated",
    "later_versus_earlier_treated", "not_by_pairs",
)  # fmt: skip

_PUBLISHED_DECOMPOSITION = (
    Column(name="evaluation", type=pa.string(), nullable=False),
    Column(name="outcome", type=pa.string(), nullable=False),
    Column(name="unit", type=pa.string(), nullable=False),
    Column(name="price_base", type=pa.string(), nullable=False),
    Column(name="months_from", type=pa.int32(), nullable=False),
    Column(name="months_to", type=pa.int32(), nullable=False),
    Column(name="part", type=pa.string(), nullable=False, allowed=_DECOMPOSITION_PARTS),
    Column(name="treated_in", type=pa.string(), nullable=False),
    Column(name="estimate", type=pa.float64(), role="statistic"),
    Column(name="positive_weight", type=pa.float64(), role="statistic"),
    Column(name="negative_weight", type=pa.float64(), role="statistic"),
    Column(name="n_treated", type=pa.int64(), role="count", unit="people"),
    Column(name="n_comparison", type=pa.int64(), role="count", unit="people"),
    Column(name="obs_status", type=pa.string(), nullable=False, allowed=("", "c")),
)

_DECOMPOSITION_KEY = ("evaluation", "outcome", "months_from", "months_to", "part", "treated_in")

DECOMPOSITION = Schema(
    name="decomposition",
    grain="outcome x event-time bin x part",
    key=_DECOMPOSITION_KEY,
    columns=(*_PUBLISHED_DECOMPOSITION, Column(name="n_in_bin", type=pa.int64(), role="count", nullable=False)),
)
"""Why ``ons_fixed_effects`` and ``sun_abraham`` differ. In each bin ``sun_abraham`` and the four parts after it add up
to ``fixed_effects``; rows ``timing_group``, by when people were treated, add up to those parts but ``not_told_apart``.
``static`` is one effect for all months: the comparisons after it, each times its ``positive_weight``, and
``not_by_pairs`` add up to it. ``n_in_bin`` are the treated people of the row
in the bin's own months."""

PUBLISHED_DECOMPOSITION = Schema(
    name="published_decomposition",
    grain="outcome x event-time bin x part",
    key=_DECOMPOSITION_KEY,
    columns=_PUBLISHED_DECOMPOSITION,
)
"""``decomposition.csv``: counts rounded, a suppressed cell empty with ``obs_status`` ``c``."""

CONTRIBUTIONS = Schema(
    name="contributions",
    grain="outcome x subgroup x event-time bin x arm",
    key=("outcome", "subgroup", "subgroup_value", "months_from", "months_to", "side"),
    columns=(
        Column(name="outcome", type=pa.string(), nullable=False),
        Column(name="subgroup", type=pa.string(), nullable=False),
        Column(name="subgroup_value", type=pa.string(), nullable=False),
        Column(name="months_from", type=pa.int32(), nullable=False),
        Column(name="months_to", type=pa.int32(), nullable=False),
        Column(name="side", type=pa.string(), nullable=False, allowed=("n_treated", "n_comparison")),
        Column(name="largest", type=pa.float64(), role="outcome", nullable=False),
        Column(name="second", type=pa.float64(), role="outcome", nullable=False),
        Column(name="total", type=pa.float64(), role="outcome", nullable=False),
    ),
)
"""What the two largest contributors to an amount and everybody together have, without signs: records' values, which
the disclosure door compares and nothing publishes."""

BALANCE = Schema(
    name="balance",
    grain="characteristic x level",
    key=("characteristic", "level"),
    columns=(
        Column(name="characteristic", type=pa.string(), nullable=False),
        Column(name="level", type=pa.string(), nullable=False),
        Column(name="n_treated", type=pa.int64(), role="count", unit="people"),
        Column(name="n_comparison", type=pa.int64(), role="count", unit="people"),
        Column(name="share_treated", type=pa.float64(), role="statistic", unit="share"),
        Column(name="share_comparison", type=pa.float64(), role="statistic", unit="share"),
        Column(name="smd", type=pa.float64(), role="statistic", unit="standard deviations"),
    ),
)
"""``smd`` is the standardised mean difference of the level's indicator, treated minus comparison."""

_STATUS = Column(name="obs_status", type=pa.string(), nullable=False, allowed=("", "c"))

SUPPORT = Schema(
    name="support",
    grain="event-time bin x year of treatment",
    key=("evaluation", "months_from", "months_to", "treated_in"),
    columns=(
        Column(name="evaluation", type=pa.string(), nullable=False),
        Column(name="months_from", type=pa.int32(), nullable=False),
        Column(name="months_to", type=pa.int32(), nullable=False),
        Column(name="treated_in", type=pa.string(), nullable=False),
        Column(name="n_treated", type=pa.int64(), role="count", unit="people"),
        Column(name="n_with_reference", type=pa.int64(), role="count", unit="people"),
    ),
)
"""Who identifies which bin: the treated people seen in it by when they were treated, and of them those seen in the
reference too. ``treated_in`` is a calendar year (in a linked panel a period), empty for everybody."""

PUBLISHED_SUPPORT = Schema(
    name="published_support",
    grain="event-time bin x year of treatment",
    key=SUPPORT.key,
    columns=(*SUPPORT.columns, _STATUS),
)
"""``support.csv``: counts rounded, a suppressed cell empty with ``obs_status`` ``c``."""

PUBLISHED_ATTRITION = Schema(
    name="published_attrition",
    grain="evaluation x arm x exclusion step",
    key=("evaluation", "arm", "step"),
    columns=(
        Column(name="evaluation", type=pa.string(), nullable=False),
        Column(name="arm", type=pa.string(), nullable=False, allowed=("treated", "comparison")),
        Column(name="step", type=pa.int32(), nullable=False),
        Column(name="reason", type=pa.string(), nullable=False),
        Column(name="excluded", type=pa.int64(), role="count", unit="people"),
        Column(name="remaining", type=pa.int64(), role="count", unit="people"),
        _STATUS,
    ),
)

PUBLISHED_LINKAGE_QUALITY = Schema(
    name="published_linkage_quality",
    grain="link x characteristic x level",
    key=("link", "characteristic", "level"),
    columns=(
        Column(name="link", type=pa.string(), nullable=False),
        Column(name="characteristic", type=pa.string(), nullable=False),
        Column(name="level", type=pa.string(), nullable=False),
        Column(name="n_people", type=pa.int64(), role="count", unit="people"),
        Column(name="n_linked", type=pa.int64(), role="count", unit="people"),
        Column(name="link_rate", type=pa.float64(), role="statistic", unit="per cent"),
        _STATUS,
    ),
)

PUBLISHED_BALANCE = Schema(
    name="published_balance",
    grain="evaluation x characteristic x level",
    key=("evaluation", "characteristic", "level"),
    columns=(Column(name="evaluation", type=pa.string(), nullable=False), *BALANCE.columns, _STATUS),
)

DISCLOSURE_LOG = Schema(
    name="disclosure_log",
    grain="table x rule",
    key=("table", "rule"),
    columns=(
        Column(name="table", type=pa.string(), nullable=False),
        Column(name="rule", type=pa.string(), nullable=False),
        Column(name="cells", type=pa.int64(), role="count", nullable=False),
        Column(name="affected", type=pa.int64(), role="count", nullable=False),
        Column(name="action", type=pa.string(), nullable=False),
    ),
)
