"""Linkage weights: one over the rate at which people like oneself are linked to a National Insurance number."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.engine.database import database
from pipeline.engine.settings import read_settings
from pipeline.records.linkage import spine
from pipeline.records.linkage.weights import link_rates
from pipeline.vocabulary.schemas.sources import CENSUS, DEATHS, LINKS_NINO, LINKS_PERSON

SMOOTHED = 0.01
"""The ridge penalty, and main effects where the rates multiply, move a rate of some thousand people by less."""
OTHERWISE = {"sex": "female", "age": "40-49", "ethnic_group": "White", "region": "London", "imd_quintile": "3"}


def _cells(*cells):
    return pa.Table.from_pylist([OTHERWISE | {"n_people": 1_000} | cell for cell in cells])


def _spine(tmp_path, *, men_linked, people=40, least=0.05):
    """Men and women in turn; every woman is linked, and the first ``men_linked`` men."""
    record = dict.fromkeys(CENSUS.names) | {
        "census_year": 2021, "birth_year": 1975, "birth_quarter": 1, "ethnic_group": "White", "region": "London",
        "imd_quintile": 3, "imputed": False,
    }  # fmt: skip
    sexes = ["male" if n % 2 else "female" for n in range(people)]
    census = [record | {"census_id": f"C{n:03d}", "sex": sex} for n, sex in enumerate(sexes)]
    linked = [n for n in range(people) if n % 2 == 0 or n // 2 < men_linked]
    ninos = [dict(zip(LINKS_NINO.names, (f"N{n}", f"C{n:03d}", 2021, False), strict=True)) for n in linked]
    tables = {CENSUS: census, DEATHS: [], LINKS_PERSON: [], LINKS_NINO: ninos}
    with database(read_settings().engine, spill=tmp_path / "spill") as connection:
        for schema, rows in tables.items():
            arrow = pa.schema([(column.name, column.type) for column in schema.columns])
            connection.register(f"given_{schema.name.replace('/', '_')}", pa.Table.from_pylist(rows, schema=arrow))
        spine(
            connection, census="given_census", deaths="given_deaths", links_person="given_links_person",
            links_nino="given_links_nino", hes=None, target=tmp_path / "made", least_link_rate=least,
        )  # fmt: skip
        made = connection.sql(f"SELECT * FROM '{tmp_path}/made/spine/*.parquet' ORDER BY person_id").to_arrow_table()
    return {row["sex"]: row["linkage_weight"] for row in made.to_pylist()}


def test_people_linked_half_as_often_weigh_more_than_those_who_always_are(tmp_path):
    weights = _spine(tmp_path, men_linked=10)
    # Forty people are few: the ridge penalty draws 1/2 and 1 together.
    assert weights["male"] == pytest.approx(2.0, abs=0.35)
    assert weights["female"] == pytest.approx(1.0, abs=0.15)


def test_where_everybody_is_linked_nobody_stands_for_another(tmp_path):
    assert _spine(tmp_path, men_linked=20) == {"male": 1.0, "female": 1.0}


def test_nobody_stands_for_more_people_than_is_declared(tmp_path):
    assert _spine(tmp_path, men_linked=0, least=0.5)["male"] == 2.0


def test_rates_of_large_cells_are_their_own():
    rates = link_rates(_cells({"n_linked": 950}, {"sex": "male", "n_linked": 900}))
    np.testing.assert_allclose(rates, [0.95, 0.90], atol=SMOOTHED)


def test_a_cell_of_one_person_borrows_from_people_like_them():
    cells = _cells(
        {"n_linked": 950},
        {"sex": "male", "n_linked": 900},
        {"region": "North East", "n_linked": 950},
        {"sex": "male", "region": "North East", "n_people": 1, "n_linked": 0},
    )
    assert link_rates(cells)[3] == pytest.approx(0.90, abs=SMOOTHED)
