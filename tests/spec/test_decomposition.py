"""Why the estimators differ, as a table of an evaluation and past the disclosure door: drawn tables in and out."""

from __future__ import annotations

from dataclasses import replace

import csvw
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluations import load
from pipeline.engine.settings import DisclosureProfile, read_settings
from pipeline.inference.designs import staggered_adoption
from pipeline.inference.diagnostics import decomposition
from pipeline.inference.estimators import ons_fixed_effects, sun_abraham
from pipeline.inference.moments.people.frames import FrameColumns, frame_panel
from pipeline.release.disclosure import disclose
from pipeline.release.disclosure.decomposition import disclose_decomposition
from pipeline.release.publication import Facts
from pipeline.release.publication.files import write_tables
from pipeline.vocabulary.effects import Specification
from pipeline.vocabulary.errors import NotEstimable
from pipeline.vocabulary.schemas.people import ATTRITION, LINKAGE_QUALITY
from pipeline.vocabulary.schemas.results import BALANCE, DECOMPOSITION, DIAGNOSTICS, PUBLISHED_ESTIMATES

ONS = DisclosureProfile(threshold=10, suppress_zero=False, round_to=5, minimum_residual_df=10)
PARTS = ("timing_group_weights", "other_months_after", "months_before")
# Asked of the project: an identity of sums that are solved in two ways.
IDENTITY = 1e-10


def drawn_protocol(name: str = "hospitalisation_and_earnings", *, estimators=("ons_fixed_effects", "sun_abraham")):
    """The registered evaluation with these estimators and its first outcome alone."""
    protocol = load(name)
    design = protocol.evaluation.design.model_copy(update={"estimators": estimators})
    changes = {"design": design, "outcomes": protocol.evaluation.outcomes[:1]}
    return replace(protocol, evaluation=protocol.evaluation.model_copy(update=changes))


def drawn_panel(outcome: str, *, first: int = 7, n_months: int = 4, seed: int = 1):
    """People treated in the second, third and last month, and people never treated; everybody in every month."""
    random = np.random.default_rng(seed)
    n = 80
    person, month = np.repeat(np.arange(n), n_months), first + np.tile(np.arange(n_months), n)
    treated = random.choice([first + 1, first + 2, first + n_months - 1, np.nan], n)[person]
    born = first - random.integers(300, 700, n)[person]
    effect = np.where(month >= treated, (month - treated + 1) * np.nan_to_num(treated - first), 0.0)
    frame = pd.DataFrame({"person": person, "month": month, "treated": treated, "born": born})
    frame[outcome] = random.normal(20, 4, n)[person] + effect + random.normal(size=len(person))
    frame["male"] = np.where(person % 2, "1", "0")
    names = {"outcome": outcome, "person": "person", "month": "month", "treatment_month": "treated"}
    return frame_panel(frame, FrameColumns(**names, birth_month="born", characteristics=("male",)))


def test_every_bin_has_both_estimates_and_the_parts_between_them():
    protocol = drawn_protocol()
    panel = drawn_panel("earnings")
    rows = decomposition.table(panel, protocol).to_pandas()
    specification = Specification(window=protocol.evaluation.design.window, draws=1000)
    for name, part in ((ons_fixed_effects, "fixed_effects"), (sun_abraham, "sun_abraham")):
        (study,) = name.fit(panel, "earnings", specification=specification)
        found = rows[rows["part"] == part].set_index("months_from")["estimate"]
        np.testing.assert_allclose(found, study.att[0], atol=IDENTITY)
    bridge = rows[rows["treated_in"] == ""].pivot_table(index="months_from", columns="part", values="estimate")
    between = bridge[["sun_abraham", *PARTS]].sum(axis=1)
    np.testing.assert_allclose(between[bridge["fixed_effects"].notna()], bridge["fixed_effects"].dropna(), atol=1e-9)


def test_people_are_grouped_by_the_period_or_the_year_of_their_treatment():
    waves = decomposition.table(drawn_panel("earnings"), drawn_protocol()).to_pandas()
    assert set(waves.loc[waves["part"] == "timing_group", "treated_in"]) == {"wave 8", "wave 9", "wave 10"}
    # Months are year x 12 + month: December 2015 is 24,192, and people are treated in January, February and later.
    panel = drawn_panel("pay", first=2015 * 12 + 11, n_months=30)
    months = decomposition.table(panel, drawn_protocol("bariatric_surgery")).to_pandas()
    assert set(months.loc[months["part"] == "timing_group", "treated_in"]) == {"2015", "2016", "2018"}


def test_comparisons_of_timing_groups_and_what_they_leave_over_add_up_to_the_static_effect():
    table = decomposition.table(drawn_panel("earnings"), drawn_protocol()).to_pandas().set_index("part")
    kinds = ["treated_versus_never_treated", "earlier_versus_later_treated", "later_versus_earlier_treated"]
    assert table.loc[kinds, "positive_weight"].sum() == pytest.approx(1)
    averaged = (table.loc[kinds, "positive_weight"] * table.loc[kinds, "estimate"]).sum()
    assert averaged == pytest.approx(table.loc["static", "estimate"])
    assert "not_by_pairs" not in table.index
    with_ages = (
        decomposition.table(drawn_panel("pay", first=2015 * 12 + 11, n_months=30), drawn_protocol("bariatric_surgery"))
        .to_pandas()
        .set_index("part")
    )
    averaged = (with_ages.loc[kinds, "positive_weight"] * with_ages.loc[kinds, "estimate"]).sum()
    left = with_ages.loc["not_by_pairs", "estimate"]
    assert abs(left) > 1e-6
    assert averaged + left == pytest.approx(with_ages.loc["static", "estimate"])


@pytest.mark.parametrize("estimators", [("ons_fixed_effects",), ("ons_fixed_effects", "imputation")])
def test_an_evaluation_without_both_estimators_has_no_rows(estimators):
    table = decomposition.table(drawn_panel("earnings"), drawn_protocol(estimators=estimators))
    assert table.num_rows == 0
    assert table.schema.equals(DECOMPOSITION.arrow)


def test_an_outcome_that_an_estimator_cannot_answer_for_has_no_rows():
    panel = drawn_panel("earnings")
    treated = panel.shard.treatment_month.copy()
    never = np.flatnonzero(np.isnan(treated))
    treated[never[1:]] = 9.0  # one person is left to compare with
    alone = replace(panel, shard=replace(panel.shard, treatment_month=treated))
    window = drawn_protocol().evaluation.design.window
    with pytest.raises(NotEstimable, match="fewer than two people are never treated"):
        sun_abraham.fit(alone, "earnings", specification=Specification(window=window, draws=1000))
    assert decomposition.table(alone, drawn_protocol()).num_rows == 0


PROTOCOL = {"evaluation": load("bariatric_surgery").evaluation.model_dump(mode="json")}


def part(name: str, estimate: float = 1.23456, **changes):
    row = {
        "evaluation": "bariatric_surgery", "outcome": "pay", "unit": "pounds a month", "price_base": "2023",
        "months_from": 55, "months_to": 60, "part": name, "treated_in": "", "estimate": estimate,
        "positive_weight": 1.0345, "negative_weight": -0.0345, "n_treated": 951, "n_comparison": 1203,
        "obs_status": "", "n_in_bin": 951,
    }  # fmt: skip
    return row | changes


def year(label: int, n_treated: int, **changes):
    weights = {"positive_weight": None, "negative_weight": None}
    people = {"n_treated": n_treated, "n_in_bin": n_treated}
    return part("timing_group", **{"treated_in": str(label)} | weights | people | changes)


def rows_of_a_bin(*others):
    return [part("sun_abraham"), *(part(name) for name in PARTS), part("fixed_effects"), *others]


def released(rows, *, suppressed: tuple[str, ...] = (), absent: tuple[str, ...] = ()):
    """What passes the door, by part and year, beside estimates of which some are ``suppressed`` or not there."""
    bins = sorted({(row["months_from"], row["months_to"]) for row in rows})
    estimates = [
        {
            **dict.fromkeys(PUBLISHED_ESTIMATES.names, ""), "estimator": name, "role": "headline", "outcome": "pay",
            "subgroup": "all", "months_from": first, "months_to": last,
            "obs_status": "c" if name in suppressed else "",
            **dict.fromkeys(("estimate", "std_error", "ci_lower", "ci_upper", "band_lower", "band_upper"), 1.0),
            "n_treated": 950, "n_comparison": 1205,
        }
        for name in ("ons_fixed_effects", "sun_abraham")
        for first, last in bins
        if name not in absent
    ]  # fmt: skip
    table = DECOMPOSITION.conform(pa.Table.from_pylist(rows, schema=DECOMPOSITION.arrow))
    published = PUBLISHED_ESTIMATES.conform(pa.Table.from_pylist(estimates, schema=PUBLISHED_ESTIMATES.arrow))
    disclosed = disclose_decomposition(table, estimates=published, protocol=PROTOCOL, rules=ONS)
    return {(row["part"], row["treated_in"]): row for row in disclosed.table.to_pylist()}


def shown(found):
    return {key for key, row in found.items() if row["obs_status"] == ""}


def test_safe_rows_leave_rounded():
    row = released(rows_of_a_bin())["timing_group_weights", ""]
    assert (row["estimate"], row["positive_weight"], row["negative_weight"]) == (1.23, 1.03, -0.03)
    assert (row["n_treated"], row["n_comparison"]) == (950, 1205)
    assert "n_in_bin" not in row


@pytest.mark.parametrize("few", [{"n_treated": 9, "n_in_bin": 9}, {"n_comparison": 9}])
def test_a_part_of_few_people_is_not_had_from_the_gap_and_the_other_parts(few):
    rows = [part("sun_abraham"), part(PARTS[0]), part(PARTS[1], **few), part(PARTS[2]), part("fixed_effects")]
    assert shown(released(rows)) == {("sun_abraham", ""), ("fixed_effects", "")}


@pytest.mark.parametrize("few", [{"n_treated": 9, "n_in_bin": 9}, {"n_comparison": 9}])
def test_few_people_whose_effects_are_not_told_apart_are_counted_with_other_months(few):
    apart = part("not_told_apart", 2.0, positive_weight=0.02, negative_weight=-0.02, **few)
    found = released(rows_of_a_bin(apart))
    assert ("not_told_apart", "") not in found
    assert shown(found) == set(found)
    row = found["other_months_after", ""]
    assert (row["estimate"], row["positive_weight"], row["negative_weight"]) == (3.23, 1.05, -0.05)
    alone = found["months_before", ""]
    assert (alone["estimate"], alone["positive_weight"]) == (1.23, 1.03)


def test_few_people_with_no_part_to_be_counted_with_hide_every_part():
    apart = part("not_told_apart", n_treated=9, n_in_bin=9)
    rows = [part("sun_abraham"), part(PARTS[0]), apart, part("fixed_effects")]
    assert shown(released(rows)) == {("sun_abraham", ""), ("fixed_effects", "")}


def test_a_comparison_of_few_people_hides_the_others_beside_the_static_effect():
    kinds = ("treated_versus_never_treated", "earlier_versus_later_treated", "later_versus_earlier_treated")
    rows = [part(kind, months_from=1, n_comparison=few) for kind, few in zip(kinds, (1203, 9, 951), strict=True)]
    assert shown(released([part("static", months_from=1), *rows])) == {("static", "")}


@pytest.mark.parametrize("state", ["suppressed", "absent"])
@pytest.mark.parametrize("estimator", ["ons_fixed_effects", "sun_abraham"])
def test_nothing_is_said_of_an_estimate_that_is_not_published(state, estimator):
    rows = rows_of_a_bin(year(2016, 400), year(2017, 551), part("static", months_from=1))
    assert shown(released(rows, **{state: (estimator,)})) == set()


def test_a_small_year_is_hidden_with_the_next_smallest():
    found = released(rows_of_a_bin(year(2016, 400), year(2017, 6), year(2018, 30), year(2019, 515)))
    years = {label for name, label in shown(found) if name == "timing_group"}
    assert years == {"2016", "2019"}


def test_a_year_with_few_people_in_the_bin_itself_is_hidden():
    found = released(rows_of_a_bin(year(2016, 400), year(2017, 300, n_in_bin=4), year(2018, 251)))
    years = {label for name, label in shown(found) if name == "timing_group"}
    assert years == {"2016"}


def test_a_year_with_nobody_in_the_bin_may_be_shown():
    found = released(rows_of_a_bin(year(2016, 400), year(2022, 551, n_in_bin=0)))
    assert ("timing_group", "2022") in shown(found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=2, max_size=8))
def test_years_that_are_hidden_are_never_few_together(people):
    found = released(rows_of_a_bin(*(year(2014 + place, n) for place, n in enumerate(people))))
    hidden = [n for place, n in enumerate(people) if found["timing_group", str(2014 + place)]["obs_status"] == "c"]
    assert not hidden or sum(hidden) >= ONS.threshold or len(hidden) == len(people)
    assert all(n in hidden or n >= ONS.threshold for n in people)


def test_a_suppressed_row_shows_no_number():
    found = released(rows_of_a_bin(year(2016, 6), year(2017, 945)))
    row = found["timing_group", "2016"]
    assert all(row[name] is None for name in ("estimate", "positive_weight", "n_treated", "n_comparison"))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The files of a release of one drawn panel: fixed effects, Sun-Abraham and what lies between them."""
    protocol = drawn_protocol()
    panel = drawn_panel("earnings")
    estimates = staggered_adoption.estimates(panel, protocol, read_settings().inference)
    release = disclose(
        evaluation=protocol.name,
        protocol={
            "evaluation": protocol.evaluation.model_dump(mode="json"), "digest": protocol.digest, "codelists": {},
        },
        profile_name="ons_10_5",
        profile=ONS,
        estimates=estimates,
        **{
            schema.name: schema.arrow.empty_table()
            for schema in (ATTRITION, LINKAGE_QUALITY, BALANCE, DIAGNOSTICS)
        },
        decomposition=decomposition.table(panel, protocol),
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("written")
    facts = Facts(
        **dict.fromkeys(("delivery_digest", "commit", "lock_digest", "settings_digest"), "5e"), delivery="2026-11",
        seed=1, versions={}, profile="demo", organisation="Causeway demonstration", contact="The team",
        revisions_policy="Never changed.", next_release="Not announced",
    )  # fmt: skip
    write_tables(folder, [release], facts=facts, title="Causeway", previous=None)
    return folder


def test_the_file_holds_the_published_estimates_and_what_lies_between_them(written):
    parts = pd.read_csv(written / "decomposition.csv", keep_default_na=False)
    estimates = pd.read_csv(written / "estimates.csv").query("subgroup == 'all'").set_index("months_from")
    names = {"fixed_effects": "ons_fixed_effects", "sun_abraham": "sun_abraham"}
    for name, estimator in names.items():
        found = parts[parts["part"] == name].set_index("months_from")["estimate"].astype(float)
        published = estimates.loc[estimates["estimator"] == estimator, "estimate"].dropna()
        assert len(published) > 3
        pd.testing.assert_series_equal(found, published, check_names=False)
    weights = parts.loc[parts["part"] == "timing_group_weights", "positive_weight"]
    assert weights.str.fullmatch(r"\d\.\d\d").all()


def test_the_file_is_described_for_machines(written):
    described = csvw.CSVW(str(written / "decomposition.csv-metadata.json"), validate=True)
    assert described.is_valid


def test_a_row_without_weights_says_in_the_spreadsheet_that_they_do_not_apply(written):
    sheet = openpyxl.load_workbook(written / "estimates.xlsx")["Decomposition"]
    (table,) = sheet.tables.values()
    header, *rows = [[cell.value for cell in row] for row in sheet[table.ref]]
    names = [str(name).split("\n")[0] for name in header]
    found = {row[names.index("Part")]: row[names.index("Weights above zero")] for row in rows}
    assert found["sun_abraham"] == "[z]"
    assert isinstance(found["static"], float)
