"""What the door lets out: drawn tables in, a release or a refusal out."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evaluations import load as load_evaluation
from pipeline.engine.settings import DisclosureProfile
from pipeline.release.disclosure import Release, disclose, load, save
from pipeline.release.disclosure.inputs import PUBLISHED, refuse_unruled
from pipeline.release.disclosure.labels import undeclared
from pipeline.vocabulary.errors import DisclosureError
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DIAGNOSTICS, DISCLOSURE_LOG, ESTIMATES, PUBLISHED_ESTIMATES
from pipeline.vocabulary.schemas.schema import Column, Schema

ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)
STRICT = DisclosureProfile(threshold=8, suppress_zero=True, round_to=3, minimum_residual_df=5)
FIGURES = ("estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper")
NUMBERS = (*FIGURES, "n_treated", "n_comparison")
QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def protocol():
    declared = load_evaluation("bariatric_surgery")
    return {"evaluation": declared.evaluation.model_dump(mode="json"), "digest": declared.digest, "codelists": {}}


@pytest.fixture
def tables(protocol):
    """Tables of one evaluation in which nothing is small."""
    return {
        "evaluation": "bariatric_surgery",
        "protocol": protocol,
        "profile_name": "ons_10_5",
        "profile": ONS,
        "estimates": estimates([estimate()]),
        "attrition": attrition([(0, "operated", 0, 1003), (1, "not linked to pay", 52, 951)]),
        "linkage_quality": linkage([("all", "all", 1003, 951), ("sex", "female", 702, 671), ("sex", "male", 301, 280)]),
        "balance": balance([("sex", "female", 702, 671), ("sex", "male", 301, 280)]),
        "diagnostics": diagnostics(),
    }


def estimate(**changes):
    """One row: pay of everybody in months 55 to 60, with many people behind it."""
    figures = dict.fromkeys(FIGURES, 84.12345)
    row = {
        "evaluation": "bariatric_surgery", "design": "staggered_adoption", "estimator": "ons_fixed_effects",
        "role": "headline", "outcome": "pay", "unit": "pounds a month", "price_base": "2023", "subgroup": "all",
        "subgroup_value": "", "period": "months 55 to 60", "months_from": 55, "months_to": 60, **figures,
        "n_treated": 951, "n_comparison": 1203, "obs_status": "", "evidence": "not assessed", "residual_df": 5000,
        "covariance": [1.0],
    }  # fmt: skip
    return row | changes


def level(subgroup, value, n_treated, **changes):
    named = {"role": "subgroup", "subgroup": subgroup, "subgroup_value": value, "n_treated": n_treated}
    return estimate(**named, **changes)


def estimates(rows):
    return ESTIMATES.conform(
        pa.Table.from_pylist(rows, schema=pa.schema([(c.name, c.type) for c in ESTIMATES.columns]))
    )


def attrition(steps, arm="treated"):
    names = ("step", "reason", "excluded", "remaining")
    return ATTRITION.conform(pa.Table.from_pylist([{"arm": arm, **dict(zip(names, s, strict=True))} for s in steps]))


def linkage(rows):
    names = ("characteristic", "level", "n_people", "n_linked")
    made = [{"link": "census to paye_rti", **dict(zip(names, row, strict=True))} for row in rows]
    return LINKAGE_QUALITY.conform(pa.Table.from_pylist(made))


def balance(rows):
    names = ("characteristic", "level", "n_treated", "n_comparison")
    exact = {"share_treated": 0.123456, "share_comparison": 0.654321, "smd": 0.111111}
    return BALANCE.conform(pa.Table.from_pylist([dict(zip(names, row, strict=True)) | exact for row in rows]))


def diagnostics(**changes):
    row = {
        "evaluation": "bariatric_surgery", "check": "pre_trend", "estimator": "ons_fixed_effects", "outcome": "pay",
        "status": "pass", "figure": 0.123456789, "threshold": 0.05, "sentence": "The paths do not differ, p = 0.123.",
    }  # fmt: skip
    return DIAGNOSTICS.conform(pa.Table.from_pylist([row | changes]))


def shown(table, *names):
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


def test_safe_tables_leave_with_exactly_the_published_columns(tables):
    release = disclose(**tables)
    for name, schema in PUBLISHED.items():
        assert tuple(getattr(release, name).column_names) == schema.names
        assert getattr(release, name).num_rows == (tables[name].num_rows if name in tables else 0)


def test_the_covariance_and_the_degrees_of_freedom_stay(tables):
    assert {"covariance", "residual_df"}.isdisjoint(disclose(**tables).estimates.column_names)


def test_figures_leave_with_their_outcomes_decimals_and_counts_rounded(tables):
    rows = [estimate(), estimate(outcome="employed", unit="percentage points")]
    release = disclose(**tables | {"estimates": estimates(rows)})
    assert shown(release.estimates, "estimate", "n_treated", "n_comparison") == [
        (84.12, 950, 1205),
        (84.123, 950, 1205),
    ]


@pytest.mark.parametrize(
    "few",
    [{"n_treated": 9}, {"n_comparison": 9}, {"n_treated": 0}, {"residual_df": 9}],
    ids=lambda few: next(iter(few)),
)
def test_a_number_with_too_little_behind_it_is_suppressed_whole(tables, few):
    release = disclose(**tables | {"estimates": estimates([estimate(**few)])})
    assert shown(release.estimates, "obs_status", *NUMBERS) == [("c", *[None] * len(NUMBERS))]


def test_a_number_with_just_enough_behind_it_leaves(tables):
    row = estimate(n_treated=10, n_comparison=10, residual_df=10)
    release = disclose(**tables | {"estimates": estimates([row])})
    assert shown(release.estimates, "obs_status", "n_treated", "n_comparison") == [("", 10, 10)]


def test_an_effect_that_is_not_identified_is_empty_and_not_suppressed(tables):
    release = disclose(**tables | {"estimates": estimates([estimate(**dict.fromkeys(FIGURES))])})
    assert shown(release.estimates, "obs_status", "estimate", "n_treated") == [("", None, 950)]


def test_a_small_level_is_not_everybody_minus_the_levels_shown(tables):
    rows = [
        estimate(),
        *(level("region", name, n) for name, n in (("East Midlands", 6), ("North East", 600), ("South East", 345))),
    ]
    release = disclose(**tables | {"estimates": estimates(rows)})
    assert shown(release.estimates, "subgroup_value", "obs_status") == [
        ("", ""), ("East Midlands", "c"), ("North East", ""), ("South East", "c"),
    ]  # fmt: skip


def test_the_other_bins_and_subgroups_of_a_small_level_are_untouched(tables):
    rows = [
        level("sex", "male", 6), level("sex", "female", 600), level("region", "East Midlands", 300),
        level("sex", "male", 60, months_from=1, months_to=1), level("sex", "female", 600, months_from=1, months_to=1),
    ]  # fmt: skip
    release = disclose(**tables | {"estimates": estimates(rows)})
    assert shown(release.estimates, "obs_status") == [("c",), ("c",), ("",), ("",), ("",)]


@QUICK
@given(
    counts=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80), st.integers(0, 30)), min_size=1, max_size=8),
    rules=st.sampled_from([ONS, STRICT]),
)
def test_whatever_comes_no_published_estimate_gives_people_away(tables, counts, rules):
    rows = [level("region", str(n), t, n_comparison=c, residual_df=df) for n, (t, c, df) in enumerate(counts)]
    release = disclose(**tables | {"estimates": estimates(rows), "profile": rules})
    published = release.estimates.to_pylist()
    for row in published:
        numbers = [row[name] for name in NUMBERS]
        assert row["obs_status"] != "c" or numbers == [None] * len(NUMBERS)
        assert row["obs_status"] == "c" or all(n >= rules.threshold and n % rules.round_to == 0 for n in numbers[-2:])
    hidden = [true for true, row in zip(counts, published, strict=True) if row["obs_status"] == "c"]
    if hidden and len(hidden) < len(counts):
        assert all(sum(side) == 0 or sum(side) >= rules.threshold for side in list(zip(*hidden, strict=True))[:2])


def test_a_small_exclusion_is_suppressed_and_rounding_hides_its_difference(tables):
    flow = attrition([(0, "operated", 0, 1003), (1, "not linked to pay", 6, 997), (2, "not alive", 0, 997)])
    release = disclose(**tables | {"attrition": flow})
    assert shown(release.attrition, "excluded", "remaining", "obs_status") == [
        (0, 1005, ""), (None, 995, "c"), (0, 995, ""),
    ]  # fmt: skip


def test_a_finer_rounding_hides_the_boxes_beside_a_small_exclusion(tables):
    fine = DisclosureProfile(threshold=10, suppress_zero=False, round_to=1, minimum_residual_df=10)
    flow = attrition([(0, "operated", 0, 1003), (1, "not linked", 6, 997), (2, "abroad", 97, 900)])
    release = disclose(**tables | {"attrition": flow, "profile": fine})
    assert shown(release.attrition, "excluded", "remaining") == [(0, 1003), (None, None), (None, 900)]


def test_a_flow_that_does_not_add_up_is_refused(tables):
    flow = attrition([(0, "operated", 0, 1003), (1, "not linked", 50, 900)])
    with pytest.raises(DisclosureError, match=r"source attrition, column remaining: .* \(1 rows\)"):
        disclose(**tables | {"attrition": flow})


def test_a_count_written_into_a_reason_is_treated_as_a_count(tables):
    flow = attrition([(0, "aged 25 to 64 in April 2014 under icd10", 0, 1003), (1, "4 and 1,003 others", 52, 951)])
    release = disclose(**tables | {"attrition": flow})
    assert shown(release.attrition, "reason") == [
        ("aged 25 to 64 in April 2014 under icd10",), ("[c] and 1,005 others",),
    ]  # fmt: skip


def test_the_length_of_a_robustness_run_declares_no_count(tables):
    lengths = {run.get("months") for run in tables["protocol"]["evaluation"]["design"]["robustness"]}
    assert {6, 12} <= lengths
    flow = attrition([(0, "everybody", 0, 1003), (1, "6 without a link, 12 with two", 52, 951)])
    release = disclose(**tables | {"attrition": flow})
    assert shown(release.attrition, "reason")[1] == ("[c] without a link, 10 with two",)


def test_a_run_passes_the_door_as_any_estimate_and_its_bins_declare_no_count(tables):
    run = "ons_fixed_effects:placebo_half_comparison"
    rows = [estimate(), *(estimate(estimator=run, role="robustness", months_from=m, months_to=m) for m in (1, 2, 3))]
    rows[1] |= {"n_treated": 9}
    said = diagnostics(sentence="The paths of 3 people differ.")
    release = disclose(**tables | {"estimates": estimates(rows), "diagnostics": said})
    assert shown(release.estimates, "obs_status") == [("",), ("c",), ("",), ("",)]
    assert shown(release.diagnostics, "status", "sentence") == [("pass", "The paths of [c] people differ.")]


def test_a_link_rate_is_made_from_rounded_counts(tables):
    release = disclose(**tables)
    assert shown(release.linkage_quality, "n_people", "n_linked", "link_rate")[0] == (1005, 950, 94.53)


def test_few_who_were_not_linked_hide_their_level_and_another(tables):
    rows = [
        ("all", "all", 1003, 951),
        ("age", "20-29", 300, 297),
        ("age", "30-39", 400, 370),
        ("age", "40-49", 303, 284),
    ]
    release = disclose(**tables | {"linkage_quality": linkage(rows)})
    assert shown(release.linkage_quality, "obs_status", "n_people", "n_linked", "link_rate")[1:] == [
        ("c", None, None, None), ("", 400, 370, 92.5), ("c", None, None, None),
    ]  # fmt: skip


def test_conflicts_are_no_parts_of_a_whole(tables):
    rows = [
        ("all", "all", 1003, 951),
        ("conflicts", "several people", 500, 497),
        ("conflicts", "several ids", 500, 480),
    ]
    release = disclose(**tables | {"linkage_quality": linkage(rows)})
    assert shown(release.linkage_quality, "obs_status") == [("",), ("c",), ("",)]


def test_more_linked_than_people_is_refused(tables):
    with pytest.raises(DisclosureError, match=r"column n_linked: more are linked than there are people \(1 rows\)"):
        disclose(**tables | {"linkage_quality": linkage([("all", "all", 900, 951)])})


def test_shares_and_differences_are_made_from_rounded_counts(tables):
    release = disclose(**tables)
    first = shown(release.balance, "n_treated", "n_comparison", "share_treated", "share_comparison", "smd")[0]
    assert first == (700, 670, round(700 / 1005, 4), round(670 / 950, 4), -0.019)


def test_a_small_level_of_one_arm_hides_the_row_and_another(tables):
    rows = [("sex", "female", 702, 671), ("sex", "male", 301, 280), ("sex", "missing", 30, 4)]
    release = disclose(**tables | {"balance": balance(rows)})
    assert shown(release.balance, "obs_status", "n_treated", "smd")[1:] == [("c", None, None), ("c", None, None)]


def test_a_check_on_a_suppressed_model_is_withheld(tables):
    release = disclose(**tables | {"estimates": estimates([estimate(n_treated=5)])})
    assert shown(release.diagnostics, "status", "figure", "sentence") == [
        ("not evaluated", None, "Withheld: an estimate of this model is suppressed."),
    ]  # fmt: skip


def test_a_check_leaves_with_four_digits(tables):
    assert shown(disclose(**tables).diagnostics, "status", "figure", "threshold") == [("pass", 0.1235, 0.05)]


def test_tables_without_rows_pass(tables):
    empty = {"linkage_quality": linkage([("all", "all", 0, 0)]).slice(0, 0), "diagnostics": diagnostics().slice(0, 0)}
    release = disclose(**tables | empty | {"balance": tables["balance"].slice(0, 0)})
    assert release.linkage_quality.num_rows == release.diagnostics.num_rows == release.balance.num_rows == 0


def test_the_log_says_what_each_rule_did(tables):
    rows = [estimate(), level("sex", "male", 6), level("sex", "female", 600)]
    log = disclose(**tables | {"estimates": estimates(rows)}).log
    assert tuple(log.column_names) == DISCLOSURE_LOG.names
    said = {(row["table"], row["rule"]): (row["cells"], row["affected"]) for row in log.to_pylist()}
    assert said["estimates", "contributors"] == (24, 8)
    assert said["estimates", "complement"] == (24, 8)
    assert said["estimates", "rounded counts"] == (2, 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_is_refused(tables, value):
    with pytest.raises(DisclosureError, match=r"source estimates, column std_error: .* not a finite number \(1 rows\)"):
        disclose(**tables | {"estimates": estimates([estimate(std_error=value)])})


def test_a_negative_count_is_refused_without_its_value(tables):
    with pytest.raises(DisclosureError, match=r"column n_treated: count is below zero \(1 rows\)") as refused:
        disclose(**tables | {"estimates": estimates([estimate(n_treated=-41)])})
    assert "41" not in str(refused.value)


def test_a_figure_without_its_people_is_refused(tables):
    with pytest.raises(DisclosureError, match="figure without the number of people behind it"):
        disclose(**tables | {"estimates": estimates([estimate(n_comparison=None)])})


@pytest.mark.parametrize(("anticipation", "said"), [(0, "[c]"), (12, "7")])
def test_how_many_periods_lie_before_the_index_and_its_anticipation_is_no_count(tables, anticipation, said):
    before = [estimate(months_from=first, months_to=first + 5) for first in range(-53, 0, 6)]
    evaluation = tables["protocol"]["evaluation"]
    design = evaluation["design"] | {"anticipation": anticipation}
    declared = tables["protocol"] | {"evaluation": evaluation | {"design": design}}
    sentence = diagnostics(sentence="A joint test of 7 periods.")
    release = disclose(**tables | {"protocol": declared, "estimates": estimates(before), "diagnostics": sentence})
    assert shown(release.diagnostics, "sentence") == [(f"A joint test of {said} periods.",)]


def test_an_outcome_without_declared_decimals_is_refused(tables):
    with pytest.raises(DisclosureError, match="outcome is not in the protocol"):
        disclose(**tables | {"estimates": estimates([estimate(outcome="savings")])})


def test_a_column_that_is_not_declared_is_refused(tables):
    surplus = tables["balance"].append_column("median_pay", pa.array([1.0, 2.0]))
    with pytest.raises(DisclosureError, match="source balance, column median_pay: column is not declared"):
        disclose(**tables | {"balance": surplus})


def test_a_missing_column_is_refused(tables):
    with pytest.raises(DisclosureError, match="source balance, column smd: column is missing"):
        disclose(**tables | {"balance": tables["balance"].drop_columns(["smd"])})


@pytest.mark.parametrize(
    "column",
    [
        Column(name="median", type=pa.float64(), role="statistic"),
        Column(name="who", type=pa.string(), role="identifier"),
    ],
    ids=lambda column: column.name,
)
def test_a_published_column_without_a_rule_is_refused(column):
    grown = Schema(name="published_estimates", grain="number", columns=(*PUBLISHED_ESTIMATES.columns, column))
    ruled = {"months_from", "months_to", *NUMBERS}
    with pytest.raises(DisclosureError, match=f"column {column.name}: column has no disclosure rule"):
        refuse_unruled("estimates", grown, ruled=ruled)


def test_a_profile_other_than_the_registered_one_is_refused(tables):
    with pytest.raises(DisclosureError, match="not the one that the evaluation registered"):
        disclose(**tables | {"profile_name": "nhs_hes_7_5"})


def test_rows_of_another_evaluation_are_refused(tables):
    with pytest.raises(DisclosureError, match=r"row of another evaluation \(1 rows\)"):
        disclose(**tables | {"evaluation": "talking_therapies", "diagnostics": diagnostics().slice(0, 0)})


def test_nothing_but_disclosure_makes_a_release(tables):
    release = disclose(**tables)
    with pytest.raises(DisclosureError, match="a Release is made by disclosure alone"):
        replace(release, estimates=release.estimates.slice(0, 0))
    with pytest.raises(DisclosureError, match="a Release is made by disclosure alone"):
        Release(**{name: getattr(release, name) for name in Release.__dataclass_fields__ if name != "door"})


def test_a_release_comes_back_from_the_store_as_it_was(tables, tmp_path):
    release = disclose(**tables)
    save(release, tmp_path)
    assert load(tmp_path) == release


def test_a_release_changed_in_the_store_is_refused(tables, tmp_path):
    release = disclose(**tables)
    save(release, tmp_path)
    part = next((tmp_path / "estimates").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(DisclosureError, match=r"not what disclosure wrote \(1 tables changed\)"):
        load(tmp_path)


def test_a_release_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DisclosureError, match="not what disclosure wrote"):
        load(tmp_path)


def test_the_name_of_a_level_that_nobody_declared_and_few_share_is_left_out():
    names = pd.Series(["female", "a record's words", "shared words", "shared words", "25-34"])
    within = pd.Series(["sex", "region", "region", "region", "age_band"])
    hidden = pd.Series([True, True, True, False, True])
    assert undeclared(names, within=within, hidden=hidden).tolist() == [False, True, False, False, False]
