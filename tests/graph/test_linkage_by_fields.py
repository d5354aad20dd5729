"""A delivery with demographic fields in place of a table of links is linked on its way to the spine."""

import csv
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.resources import Causeway
from assets.runs import run
from assets.stages import records as stages
from pipeline.synthetic import Knobs, synthesise
from pipeline.vocabulary.errors import DeliveryRefused, ValidationRefused
from pipeline.vocabulary.schemas.demographics import DEMOGRAPHICS

PEOPLE = 2_000
NAME = "Christopher"
PRECISION, RECALL = 0.997, 0.96
"""Of 3,300 links three standard errors below 99.9%, and below the 98.4% that ``benchmarks/linkage.py`` finds."""


@pytest.fixture(scope="module")
def by_fields(tmp_path_factory):
    folder = tmp_path_factory.mktemp("by_fields") / "delivery"
    synthesise(folder, people=PEOPLE, seed=7, knobs=Knobs(linked_by_fields=True))
    return folder


@pytest.fixture
def changed(by_fields, tmp_path):
    """A copy whose files may be other than its ``delivery.json`` says."""
    folder = tmp_path / "delivery"
    shutil.copytree(by_fields, folder)
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"sources": {}}))
    return folder


def _accepted(folder, store):
    causeway = Causeway(delivery=str(folder), store=str(store))
    return stages.accepted(causeway, stages.delivery(causeway), "links/person")


def test_a_delivery_by_fields_has_no_table_of_links_and_its_true_links_beside_it(by_fields):
    assert not (by_fields / "links" / "person").exists()
    assert all((by_fields / source).is_dir() for source in DEMOGRAPHICS)
    assert not list(by_fields.rglob("links.csv"))
    assert (by_fields.parent / "delivery-truth" / "links.csv").is_file()


def test_it_runs_to_estimates_and_its_links_are_right_and_nearly_all_found(by_fields, tmp_path):
    run(by_fields, store=tmp_path / "store", chosen=["endometriosis_surgery"], debug=False)
    made = _accepted(by_fields, tmp_path / "store").read("accepted")
    with (by_fields.parent / "delivery-truth" / "links.csv").open() as lines:
        true = {(row["source"], row["health_id"], row["census_id"]) for row in csv.DictReader(lines)}
    found = {(row["source"], row["health_id"], row["census_id"]) for row in made.to_pylist()}
    assert {pair[0] for pair in found} == {"hes", "iapt", "ndpp"}
    # All sources together: of the three hundred ids of one alone chance moves the shares by a point.
    assert len(found & true) > PRECISION * len(found)
    assert len(found & true) > RECALL * len(true)


def test_a_delivery_of_one_side_alone_is_refused(changed, tmp_path):
    shutil.rmtree(changed / "links" / "census_demographics")
    with pytest.raises(DeliveryRefused, match=r"source links/census_demographics.*required source is missing"):
        _accepted(changed, tmp_path / "store")


@pytest.mark.parametrize("source", DEMOGRAPHICS)
def test_names_in_clear_are_refused_and_not_repeated(changed, tmp_path, source):
    file = changed / source / "part-0.parquet"
    table = pq.read_table(file)
    names = pa.repeat(pa.scalar(NAME), table.num_rows)
    pq.write_table(table.set_column(table.column_names.index("first_name"), "first_name", names), file)
    with pytest.raises(ValidationRefused, match=source) as refusal:
        _accepted(changed, tmp_path / "store")
    assert NAME not in str(refusal.value)
