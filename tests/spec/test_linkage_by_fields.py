"""Where there is no table of links, demographic fields make one: who links to whom, and who to nobody."""

from datetime import date

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from pipeline.engine.settings import read_settings
from pipeline.records.linkage.matching import links as matching
from pipeline.records.linkage.matching import person_links
from pipeline.synthetic.demographics import demographics
from pipeline.vocabulary.errors import LinkageRefused

N = 1_000
FIELDS = ("first_name", "first_name_sound", "last_name", "last_name_sound", "sex", "birth_date")
ANN = {
    "first_name": "Fann0000000000001",
    "first_name_sound": "fann0000000000001",
    "last_name": "Lrare000000000001",
    "last_name_sound": "lrare000000000001",
    "sex": "Female",
    "birth_date": date(1975, 3, 9),
    "postcode_sector": "Sann0000000000001",
    "postcode_district": "Dann0000000000001",
}
TWIN = ANN | {"first_name": "Fbea0000000000001", "first_name_sound": "fbea0000000000001"}


@pytest.fixture(scope="module")
def people():
    """A thousand people whom the model learns from."""
    return demographics(N, seed=5)


@pytest.fixture
def linked(people):
    """Links of the thousand and of drawn records beside them: ``(id, fields)`` and ``(id, fields, year, imputed)``."""

    def link(health=(), census=(), *, change=lambda table: table, order=lambda table: table):
        ids = [{"source": "hes", "health_id": name} | fields for name, fields in health]
        records = [{"census_id": name} | fields for name, fields, *_ in census]
        years = [{"census_id": name, "census_year": year, "imputed": imputed} for name, _, year, imputed in census]
        known = pa.table({"census_id": people.census["census_id"], "census_year": [2021] * N, "imputed": [False] * N})
        connection = duckdb.connect(config={"threads": 2})
        tables = {
            "health": change(_with(people.health, ids)),
            "demographics": change(_with(people.census, records)),
            "census": _with(known, years),
        }
        for name, table in tables.items():
            connection.register(f"given_{name}", order(table))
        scans = {name: f"given_{name}" for name in tables}
        return person_links(connection, **scans, settings=read_settings().linkage)

    return link


def _with(table, rows):
    return pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)]) if rows else table


def _of(links, *ids):
    drawn = links.filter(pc.is_in(links["health_id"], pa.array(ids, pa.string())))
    return list(zip(drawn["health_id"].to_pylist(), drawn["census_id"].to_pylist(), strict=True))


def test_two_records_of_one_person_are_linked_with_a_weight_and_its_method(linked):
    links = linked([("h", ANN)], [("c", ANN, 2021, False)])
    (ann,) = [row for row in links.to_pylist() if row["health_id"] == "h"]
    assert (ann["source"], ann["census_id"], ann["link_method"]) == ("hes", "c", "splink")
    assert ann["match_weight"] > read_settings().linkage.match_weight


def test_a_person_who_moved_and_is_recorded_on_another_day_is_linked(linked):
    changed = ANN | {"birth_date": date(1975, 3, 8)}
    assert _of(linked([("h", changed)], [("c", ANN, 2021, False)]), "h") == [("h", "c")]


def test_a_stranger_of_the_same_name_is_not_linked(linked):
    stranger = ANN | {"birth_date": date(1951, 7, 30), "postcode_sector": "Sx", "postcode_district": "Dx"}
    assert _of(linked([("h", stranger)], [("c", ANN, 2021, False)]), "h") == []


def test_a_twin_without_a_record_is_not_given_the_others(linked):
    links = linked([("ann", ANN), ("bea", TWIN)], [("c", ANN, 2021, False)])
    assert _of(links, "ann", "bea") == [("ann", "c")]


def test_two_ids_of_one_person_are_both_linked(linked):
    assert _of(linked([("h", ANN), ("k", ANN)], [("c", ANN, 2021, False)]), "h", "k") == [("h", "c"), ("k", "c")]


def test_an_id_from_before_a_person_moved_is_linked_beside_the_one_after(linked):
    before = ANN | {"postcode_sector": "Sold", "postcode_district": "Dold", "last_name": "Lmaiden0000000001"}
    links = linked([("h", ANN), ("k", before)], [("c", ANN, 2021, False)])
    assert _of(links, "h", "k") == [("h", "c"), ("k", "c")]


def test_a_twin_whom_another_source_knows_is_not_given_the_record_either(linked):
    links = linked([("ann", ANN), ("bea", TWIN | {"source": "iapt"})], [("c", ANN, 2021, False)])
    assert _of(links, "ann", "bea") == [("ann", "c")]


def test_a_person_is_linked_to_their_record_of_each_census(linked):
    links = linked([("h", ANN)], [("c11", ANN, 2011, False), ("c21", ANN, 2021, False)])
    assert _of(links, "h") == [("h", "c11"), ("h", "c21")]


def test_of_two_records_that_nothing_tells_apart_neither_is_linked(linked):
    assert _of(linked([("h", ANN)], [("c", ANN, 2021, False), ("d", ANN, 2021, False)]), "h") == []


def test_an_imputed_record_is_nobody(linked):
    assert _of(linked([("h", ANN)], [("c", ANN, 2021, True)]), "h") == []


def test_links_do_not_depend_on_the_order_of_rows(linked):
    def backwards(table):
        return table.take(pa.array(range(table.num_rows - 1, -1, -1)))

    assert linked().equals(linked(order=backwards))


def test_owners_without_sounds_and_districts_are_linked_too(linked, people):
    def without(table):
        missing = pa.nulls(table.num_rows, pa.string())
        for name in ("first_name_sound", "last_name_sound", "postcode_district"):
            table = table.set_column(table.column_names.index(name), name, missing)
        return table

    assert linked(change=without).num_rows > 0.9 * people.truth.num_rows


def test_names_hashed_with_different_keys_are_refused(linked, people):
    def other_key(table):
        if "source" not in table.column_names:
            return table
        return table.set_column(table.column_names.index("last_name"), "last_name", table["last_name_sound"])

    with pytest.raises(LinkageRefused, match=r"of records agree with any .* with the same key"):
        linked(change=other_key)


def test_what_splink_stops_on_is_refused_without_its_words(linked, monkeypatch):
    def stops(*_, **__):
        raise ValueError(ANN["last_name"])

    monkeypatch.setattr(matching, "score_pairs", stops)
    with pytest.raises(LinkageRefused, match="splink stopped on ValueError") as refusal:
        linked()
    assert ANN["last_name"] not in str(refusal.value)
    assert refusal.value.__cause__ is None
