"""A delivery with demographic fields in place of a table of links is linked on its way to the spine."""

import json
import shutil

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assets.resources import Causeway
from assets.stages import records as stages
from pipeline.synthetic import synthesise
from pipeline.synthetic.demographics import demographics
from pipeline.vocabulary.errors import DeliveryRefused, ValidationRefused
from pipeline.vocabulary.schemas.demographics import DEMOGRAPHICS

PEOPLE = 1_000
NAME = "Christopher"
LINKED_AGAIN = 0.97
"""Fields here are the same on both sides: only people whom nothing tells from another are lost."""

_PEOPLE = """
    CREATE TABLE links AS SELECT DISTINCT source, health_id, census_id FROM
        (SELECT * FROM read_parquet('{folder}/*.parquet') UNION ALL BY NAME
         SELECT * FROM read_csv('{folder}/*.csv', all_varchar = true));
    CREATE TABLE of_id AS SELECT source, health_id, min(census_id) AS person FROM links GROUP BY ALL;
    CREATE TABLE of_record AS SELECT census_id, min(person) AS person FROM links JOIN of_id USING (source, health_id)
        GROUP BY census_id;
    CREATE TABLE described AS SELECT person, f.* EXCLUDE (number, source, health_id) FROM
        (SELECT person, row_number() OVER (ORDER BY person) AS number FROM (SELECT DISTINCT person FROM of_record))
        JOIN (SELECT *, row_number() OVER (ORDER BY health_id) AS number FROM fields) AS f USING (number)"""


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("by_fields") / "delivery"
    synthesise(folder, people=PEOPLE, seed=7)
    return folder


@pytest.fixture
def unlinked(original, tmp_path):
    """The delivery with its table of links taken out, and two files of fields in its place."""
    folder = tmp_path / "delivery"
    shutil.copytree(original, folder)
    connection = duckdb.connect()
    connection.register("fields", demographics(3 * PEOPLE, seed=7).health)
    connection.execute(_PEOPLE.format(folder=folder / "links" / "person"))
    sides = {
        "health": "SELECT DISTINCT source, health_id, d.* EXCLUDE person FROM of_id JOIN described AS d USING (person)",
        "census": "SELECT DISTINCT census_id, d.* EXCLUDE person FROM of_record JOIN described AS d USING (person)",
    }
    for side, query in sides.items():
        place = folder / "links" / f"{side}_demographics"
        place.mkdir()
        pq.write_table(connection.sql(query).to_arrow_table(), place / "fields.parquet")
    shutil.rmtree(folder / "links" / "person")
    note = json.loads((folder / "delivery.json").read_text())
    (folder / "delivery.json").write_text(json.dumps(note | {"sources": {}}))
    pq.write_table(connection.sql("SELECT * FROM links").to_arrow_table(), tmp_path / "links.parquet")
    return folder


def _accepted(folder, store):
    causeway = Causeway(delivery=str(folder), store=str(store))
    return stages.accepted(causeway, stages.delivery(causeway), "links/person")


def test_the_links_that_were_taken_out_are_made_again(unlinked, tmp_path):
    made = _accepted(unlinked, tmp_path / "store").read("accepted").select(["source", "health_id", "census_id"])
    true = pq.read_table(tmp_path / "links.parquet")
    known = pa.table(true.columns, names=true.column_names)
    assert made.join(known, keys=made.column_names, join_type="inner").num_rows == made.num_rows
    assert made.num_rows > LINKED_AGAIN * true.num_rows


def test_a_delivery_of_one_side_alone_is_refused(unlinked, tmp_path):
    shutil.rmtree(unlinked / "links" / "census_demographics")
    with pytest.raises(DeliveryRefused, match=r"source links/census_demographics.*required source is missing"):
        _accepted(unlinked, tmp_path / "store")


@pytest.mark.parametrize("source", DEMOGRAPHICS)
def test_names_in_clear_are_refused_and_not_repeated(unlinked, tmp_path, source):
    file = unlinked / source / "fields.parquet"
    table = pq.read_table(file)
    names = pa.repeat(pa.scalar(NAME), table.num_rows)
    pq.write_table(table.set_column(table.column_names.index("first_name"), "first_name", names), file)
    with pytest.raises(ValidationRefused, match=source) as refusal:
        _accepted(unlinked, tmp_path / "store")
    assert NAME not in str(refusal.value)
