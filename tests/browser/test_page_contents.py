"""What the published pages say, read from their HTML."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from evaluations import load
from pipeline.release.disclosure.release import Release
from pipeline.release.publication.facts import Facts
from pipeline.release.publication.pages import evaluation_page, index_page
from pipeline.vocabulary.errors import RequestError
from read_pages import words_of

NAMES = ("bariatric_surgery", "hospitalisation_and_earnings")


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def source(site: Path, name: str) -> str:
    return (site / name / "index.html").read_text(encoding="utf-8")


def _leaves(declared: Any) -> Iterator[str]:
    if isinstance(declared, dict):
        for value in declared.values():
            yield from _leaves(value)
    elif isinstance(declared, list | tuple):
        for value in declared:
            yield from _leaves(value)
    elif isinstance(declared, str):
        yield declared


def test_two_renderings_are_the_same_bytes(
    releases: Mapping[str, Release], facts: Facts, revisions: pa.Table, source: str, name: str
):
    assert evaluation_page(releases[name], facts, revisions=revisions) == source


def test_published_waits_are_shown_where_they_are_declared_as_what_they_are(site: Path):
    words = words_of((site / "bariatric_surgery" / "index.html").read_text(encoding="utf-8"))
    assert "How long people wait" in words
    assert "Context, not a result of this evaluation." in words
    assert "Open Government Licence v3.0" in words
    assert "Gynaecology" not in words
    front = words_of((site / "index.html").read_text(encoding="utf-8"))
    assert "People waiting in England at the end of December 2022" in front
    assert "How long people wait" not in words_of((site / NAMES[1] / "index.html").read_text(encoding="utf-8"))


def test_the_front_page_does_not_depend_on_the_order_of_releases(releases: Mapping[str, Release], facts: Facts):
    forwards = list(releases.values())
    assert index_page(forwards, facts) == index_page(forwards[::-1], facts)


def test_no_id_is_used_twice_on_a_page(source: str):
    ids = re.findall(r'\sid="([^"]+)"', source)
    assert ids
    assert len(ids) == len(set(ids))


def test_every_reference_to_an_id_finds_it(source: str):
    ids = set(re.findall(r'\sid="([^"]+)"', source))
    labels = {one for names in re.findall(r'aria-labelledby="([^"]+)"', source) for one in names.split()}
    links = set(re.findall(r'href="#([^"]+)"', source)) | set(re.findall(r"url\(#([^)]+)\)", source))
    assert (labels | links) - ids == set()


def test_everything_declared_is_on_the_page(releases: Mapping[str, Release], source: str, name: str):
    words = words_of(source)
    leaves = list(_leaves(releases[name].protocol["evaluation"]))
    assert [leaf for leaf in leaves if re.sub(r"\s+", " ", leaf) not in words] == []
    assert releases[name].protocol["digest"] in words


def test_every_outcome_has_a_headline_sentence(releases: Mapping[str, Release], source: str, name: str):
    sentences = re.findall(r'<p class="headline">(.*?)</p>', source)
    outcomes = releases[name].protocol["evaluation"]["outcomes"]
    assert len(sentences) == len(outcomes)
    assert all(outcome["title"] in html.unescape(said) for outcome, said in zip(outcomes, sentences, strict=True))


def test_a_page_says_that_evidence_is_not_assessed(releases: Mapping[str, Release], source: str, name: str):
    results = releases[name].diagnostics.num_rows
    runs = {"bariatric_surgery": 9, "hospitalisation_and_earnings": 3}[name]
    assert (
        "Evidence: not assessed. Behind these numbers stand 4 estimators (Callaway and Sant'Anna, imputation, ONS "
        f"fixed effects and Sun and Abraham), {runs} robustness runs and one credibility check (pre-trend). "
        f"1 of {results} results of checks is a fail. Treat every number as unreviewed."
    ) in words_of(source)


def test_every_estimator_is_on_the_chart_and_in_its_text_alternative(releases: Mapping[str, Release], source: str):
    charts = re.findall(r'<svg [^>]*aria-labelledby="[a-z_]+-chart-(?:wide|narrow)-title.*?</svg>', source, re.DOTALL)
    assert charts
    for chart in charts:
        (described,) = re.findall(r"<desc [^>]*>(.*?)</desc>", chart)
        drawn = chart.replace(described, "")
        assert "ONS fixed effects (headline)" in drawn
        for name in ("Callaway and Sant'Anna", "Imputation", "Sun and Abraham"):
            assert name in drawn
            assert f"{name}: " in described


def test_the_robustness_section_has_every_declared_run(releases: Mapping[str, Release], source: str, name: str):
    evaluation = load(name).evaluation
    section = source[source.index('<section id="robustness"') : source.index('<section id="flow"')]
    tables = re.findall(r"<table.*?</table>", section, re.DOTALL)
    assert len(tables) == len(evaluation.outcomes)
    for shown in tables:
        labels = [html.unescape(label) for label in re.findall(r'<th scope="row"[^>]*>(.*?)</th>', shown)]
        unit = evaluation.design.period_unit
        assert labels[0] == "Headline: ONS fixed effects"
        for run in evaluation.design.robustness:
            assert any(run.title(unit).lower() in label.lower() for label in labels)
        placebos = [run for run in evaluation.design.robustness if run.placebo]
        assert len(re.findall("zero, which the interval (?:includes|does not include)", shown)) == len(placebos)


def test_each_declared_run_is_said_in_words_in_the_protocol(source: str, name: str):
    design = load(name).evaluation.design
    words = words_of(source)
    for run in design.robustness:
        said = run.words(design.period_unit)
        assert f"{said[:1].upper()}{said[1:]} ({run.name(design.period_unit)})" in words


def test_every_drawing_has_a_title_and_a_description(source: str):
    drawings = re.findall(r"<svg .*?</svg>", source, flags=re.DOTALL)
    assert drawings
    for drawing in drawings:
        assert 'role="img"' in drawing
        assert re.search(r"<title [^>]*>(Effect on|Median wait in weeks) .+?</title>", drawing)
        assert re.search(r"<desc [^>]*>.+?</desc>", drawing)


def test_no_drawing_has_a_style_that_reaches_the_page(source: str):
    assert source.count("<style") == 1


def test_a_withheld_number_is_a_symbol_and_is_never_drawn(releases: Mapping[str, Release], site: Path):
    page = (site / "bariatric_surgery" / "index.html").read_text(encoding="utf-8")
    rows = [
        row
        for row in releases["bariatric_surgery"].estimates.to_pylist()
        if row["outcome"] == "pay" and row["role"] == "subgroup" and row["months_to"] == 60
    ]
    withheld = [row["subgroup_value"] for row in rows if row["obs_status"] == "c"]
    assert {"Mixed", "Other"} <= set(withheld)
    assert "Ethnic group: Mixed" in page
    forest = re.search(r'<svg [^>]*aria-labelledby="pay-subgroups-wide.*?</svg>', page, flags=re.DOTALL)
    assert forest is not None
    points = re.findall(r'<use [^>]*style="fill: #12436d; stroke: #12436d[;"]', forest[0])
    assert len(points) == len(rows) - len(withheld) + 1
    assert forest[0].count(">[c]<") == len(withheld)


def test_a_small_exclusion_is_withheld_in_the_flow_diagram(site: Path):
    page = (site / "bariatric_surgery" / "index.html").read_text(encoding="utf-8")
    assert "[c] left out: Died in the index month or before" in words_of(page)


def test_a_checks_result_is_a_word(source: str):
    results = re.findall(r"<td>(. (?:pass|fail|review|not evaluated))</td>", source)
    assert "✓ pass" in results
    assert "✗ fail" in results


def test_records_linked_by_their_owner_have_no_linkage_table(site: Path):
    page = (site / "hospitalisation_and_earnings" / "index.html").read_text(encoding="utf-8")
    assert "The records came linked by their owner" in page
    assert 'id="linkage-table"' not in page


def test_revisions_are_those_of_the_evaluation(site: Path):
    one, other = ((site / name / "index.html").read_text(encoding="utf-8") for name in NAMES)
    assert "Numbers: 2 changed." in words_of(one)
    assert "No number of this evaluation differs from an earlier version" in words_of(other)


def test_only_a_demonstration_says_that_it_is_one(releases: Mapping[str, Release], facts: Facts):
    official = replace(facts, profile="official")
    assert "Demonstration, not official statistics." in index_page(list(releases.values()), facts)
    assert "Demonstration" not in index_page([releases["bariatric_surgery"]], official)


def test_what_is_declared_cannot_write_markup(release_of: Callable[..., Release], facts: Facts, revisions: pa.Table):
    release = release_of(
        "hospitalisation_and_earnings", title="<script>alert(1)</script>", intervention="a <b>stay</b>"
    )
    for page in (evaluation_page(release, facts, revisions=revisions.slice(0, 0)), index_page([release], facts)):
        assert "<script" not in page
        assert "<b>stay" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_protocol_of_another_form_is_refused(release_of: Callable[..., Release], facts: Facts):
    release = release_of("hospitalisation_and_earnings", unheard_of="a field")
    with pytest.raises(RequestError, match="unheard_of"):
        index_page([release], facts)


def test_a_page_names_all_that_it_was_made_from(facts: Facts, source: str):
    words = words_of(source)
    digests = (facts.delivery_digest, facts.commit, facts.lock_digest, facts.settings_digest)
    assert [digest for digest in digests if digest not in words] == []
    assert f"Seed{facts.seed}" in words.replace(" ", "")
    assert "causeway run DELIVERY --store STORE" in words
    assert "causeway publish DELIVERY --store STORE" in words


def test_links_between_pages_and_files_are_relative(site: Path):
    for page in site.rglob("*.html"):
        for link in re.findall(r'(?:href|src)="([^"]+)"', page.read_text(encoding="utf-8")):
            assert not re.match(r"[a-z]+:|/", link), link


def test_an_evaluation_without_a_naive_run_has_no_section_on_a_dip(source: str):
    assert 'id="dip"' not in source


def test_a_split_before_treatment_is_not_called_descriptive(source: str):
    assert "Descriptive only" not in source
