"""What ingestion does with files: formats, columns, repeats, rejections, refusals."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from pipeline.engine.database import database
from pipeline.engine.settings import read_settings
from pipeline.records.ingestion import Ingestion, ingest, read_delivery, repeats
from pipeline.vocabulary.errors import DeliveryRefused
from pipeline.vocabulary.schemas.sources import SOURCES

SECRET = "ZEBRA77"
"""A value that must never be spoken."""

PAY = ("valid_nino", "month", "pay", "days_worked", "rti_scheme_sk", "payment_date")


def payment(nino: str = "N1", month: str = "2020-4", pay: str = "100.00", **given: str) -> dict[str, str]:
    row = dict(zip(PAY, (nino, month, pay, "20", "7", "2020-04-28"), strict=True))
    return row | given


class Ingested:
    """A source's delivered files, and what became of them."""

    def __init__(self, folder: Path, source: str) -> None:
        self.folder, self.source = folder, source
        self.place = folder / "delivery" / source
        self.place.mkdir(parents=True)
        written = {"delivery": "d", "cut_off": "2026-10-31", "sources": {}}
        (folder / "delivery" / "delivery.json").write_text(json.dumps(written), encoding="utf-8")

    def text(self, name: str, content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        (self.place / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)

    def rows(self, name: str, rows: Sequence[dict[str, object]]) -> None:
        table = pa.Table.from_pylist(list(rows))
        if name.endswith(".parquet"):
            pq.write_table(table, self.place / name)
            return
        written = pa.BufferOutputStream()
        pc.write_csv(table, written)
        self.text(name, written.getvalue().to_pybytes())

    def ingest(self, target: str = "made") -> Ingestion:
        settings = read_settings()
        delivery = read_delivery(self.folder / "delivery", required=[self.source])
        with database(settings.engine, spill=self.folder / "spill") as connection:
            return ingest(
                connection,
                delivery,
                SOURCES[self.source],
                columns=settings.columns[self.source],
                clear_identifiers=settings.validation.clear_identifiers,
                target=self.folder / target,
            )

    def table(self, name: str, target: str = "made") -> list[dict[str, Any]]:
        table = pq.ParquetDataset(self.folder / target / name).read()
        return sorted(table.to_pylist(), key=lambda row: (row["source_file"], row["row"]))

    def typed(self, target: str = "made") -> list[dict[str, Any]]:
        return self.table("typed", target)


@pytest.fixture
def pay(tmp_path: Path) -> Iterator[Ingested]:
    return Ingested(tmp_path, "paye_rti")


def test_pay_becomes_pence_and_a_month_a_number(pay):
    pay.rows("a.csv", [payment("N1", "2020-4", "1234.56"), payment("N2", "2020-12", "-0.29")])
    pay.ingest()
    first, second = pay.typed()
    assert first == {
        "valid_nino": "N1", "month": 2020 * 12 + 4, "pay_pence": 123456, "days_worked": 20, "rti_scheme_sk": "7",
        "payment_date": date(2020, 4, 28), "source_file": "a.csv", "row": 1,
    }  # fmt: skip
    assert (second["month"], second["pay_pence"], second["row"]) == (2020 * 12 + 12, -29, 2)


def test_csv_gzip_and_parquet_of_any_column_order_make_one_table(pay):
    pay.rows("a.csv", [payment("N1")])
    pay.rows("b.csv.gz", [dict(reversed(payment("N2").items()))])
    typed = {"pay": 100.0, "days_worked": 20, "rti_scheme_sk": 7, "payment_date": date(2020, 4, 28)}
    pay.rows("c.parquet", [payment("N3") | typed])
    pay.rows("d.parquet", [payment("N4")])
    result = pay.ingest()
    rows = pay.typed()
    assert [row["valid_nino"] for row in rows] == ["N1", "N2", "N3", "N4"]
    assert len({(row["month"], row["pay_pence"], row["payment_date"], row["rti_scheme_sk"]) for row in rows}) == 1
    assert result.files == {"a.csv": 1, "b.csv.gz": 1, "c.parquet": 1, "d.parquet": 1}


def test_typed_columns_have_the_types_of_the_schema(pay):
    pay.rows("a.csv", [payment()])
    pay.ingest()
    written = pq.read_schema(pay.folder / "made" / "typed" / "part-00000.parquet")
    for column in SOURCES["paye_rti"].columns:
        assert written.field(column.name).type == column.type


def test_column_names_match_whatever_their_case_and_an_exact_name_first(pay):
    upper = {name.upper(): value for name, value in payment("N1").items()}
    pay.rows("a.csv", [upper])
    pay.rows("b.csv", [payment("N2") | {"PAY": "1"}])
    result = pay.ingest()
    assert [row["pay_pence"] for row in pay.typed()] == [10000, 10000]
    assert result.unknown_columns == {"b.csv": ("PAY",)}


def test_unknown_columns_are_kept_out_and_noted(pay):
    pay.rows("a.csv", [payment() | {"employer_mood": SECRET}])
    result = pay.ingest()
    assert result.unknown_columns == {"a.csv": ("employer_mood",)}
    assert "employer_mood" not in pay.typed()[0]
    note = (pay.folder / "made" / "ingestion.json").read_text(encoding="utf-8")
    assert json.loads(note)["rows_delivered"] == 1
    assert SECRET not in note


def test_exact_duplicates_are_dropped_and_counted_across_files_and_formats(pay):
    pay.rows("a.csv", [payment("N1"), payment("N1"), payment("N2")])
    pay.rows("b.parquet", [payment("N1") | {"pay": 100.0}])
    result = pay.ingest()
    assert result.exact_duplicates == 2
    assert [(row["valid_nino"], row["row"]) for row in pay.typed()] == [("N1", 1), ("N2", 3)]


def test_payments_by_two_schemes_stay_two_rows(pay):
    pay.rows("a.csv", [payment(rti_scheme_sk="7"), payment(rti_scheme_sk="8")])
    assert pay.ingest().rows_typed == 2


@pytest.mark.parametrize("value", ["lots", "NaN", "inf", "1,5", "1e20", "0x10"])
def test_pay_that_is_no_amount_rejects_its_row(pay, value):
    pay.rows("a.csv", [payment(f"N{n}") for n in range(9)] + [payment("bad", pay=value)])
    result = pay.ingest()
    assert (result.rows_typed, result.rows_rejected, result.rules) == (9, 1, {"type:pay_pence": 1})
    assert pay.table("rejected") == [{"source_file": "a.csv", "row": 10, "rules": ["type:pay_pence"]}]


def test_a_row_without_a_person_is_rejected_and_every_rule_is_named(pay):
    pay.rows("a.csv", [payment(f"N{n}") for n in range(9)] + [payment("  ", month="April")])
    result = pay.ingest()
    assert result.rules == {"missing:valid_nino": 1, "type:month": 1}
    assert pay.table("rejected")[0]["rules"] == ["missing:valid_nino", "type:month"]


def test_missing_numbers_of_pandas_are_missing_not_wrong(pay):
    pay.rows("a.parquet", [payment() | {"days_worked": float("nan")}, payment("N2") | {"days_worked": 3.0}])
    pay.ingest()
    assert [row["days_worked"] for row in pay.typed()] == [None, 3]


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_repeats_are_the_same_however_many_hashes_are_counted_at_once(pay, monkeypatch, at_once):
    monkeypatch.setattr(repeats, "HASHES_AT_ONCE", at_once)
    pay.rows("a.parquet", [payment(nino=f"N{n}") for n in range(40)])
    pay.rows("b.csv", [payment(nino=f"N{n}") for n in range(20, 60)])
    assert (pay.ingest().exact_duplicates, pay.ingest("again").rows_typed) == (20, 60)


def test_every_delivered_row_is_typed_rejected_duplicate_or_superseded(pay):
    rows = [payment(f"N{n}") for n in range(8)]
    pay.rows("a.csv", [*rows, rows[0], payment("bad", pay="?")])
    result = pay.ingest()
    left = result.rows_rejected + result.exact_duplicates + result.superseded
    assert result.rows_typed + left == result.rows_delivered == 10


def test_the_order_of_files_does_not_matter(tmp_path):
    rows = [[payment("N1"), payment("N2")], [payment("N2"), payment("N3")]]
    found = []
    for name, order in (("one", (0, 1)), ("two", (1, 0))):
        made = Ingested(tmp_path / name, "paye_rti")
        for place, rows_at in enumerate(order):
            made.rows(f"{place}.csv", rows[rows_at])
        made.ingest()
        found.append(sorted(row["valid_nino"] for row in made.typed()))
    assert found[0] == found[1] == ["N1", "N2", "N3"]


def test_values_may_hold_commas_doubled_quotes_and_line_breaks(pay):
    header = ",".join(PAY)
    pay.text("a.csv", f'{header}\r\n"N,1",2020-4,1,20,"a ""b""",2020-04-28\r\n"N\n2",2020-4,1,20,7,2020-04-28')
    pay.ingest()
    assert [row["valid_nino"] for row in pay.typed()] == ["N,1", "N\n2"]
    assert pay.typed()[0]["rti_scheme_sk"] == 'a "b"'


def refusal(ingested: Ingested) -> str:
    """The message of a refused delivery, once it is sure that nothing of it stayed readable and nothing was spoken."""
    with pytest.raises(DeliveryRefused, match=rf"source {ingested.source}, file ") as refused:
        ingested.ingest()
    assert refused.value.exit_code == 3
    assert SECRET not in str(refused.value)
    assert not (ingested.folder / "made" / "ingestion.json").exists()
    return str(refused.value)


HEADER = ",".join(PAY)
GOOD = "N1,2020-4,1.00,20,7,2020-04-28"


def test_a_missing_column_is_refused_in_every_file_that_lacks_it(pay):
    for name in ("a.csv", "b.parquet", "c.csv"):
        row = payment(SECRET)
        if name != "c.csv":
            del row["pay"]
        pay.rows(name, [row])
    message = refusal(pay)
    assert message.count("column pay: required column is missing") == 2
    assert "file c.csv" not in message


def test_a_truncated_parquet_file_is_refused(pay):
    pay.rows("a.parquet", [payment(SECRET)])
    whole = (pay.place / "a.parquet").read_bytes()
    (pay.place / "a.parquet").write_bytes(whole[: len(whole) // 2])
    assert "file a.parquet" in refusal(pay)


def test_a_parquet_file_with_a_damaged_page_is_refused(pay):
    pay.rows("a.parquet", [payment(SECRET)])
    whole = (pay.place / "a.parquet").read_bytes()
    (pay.place / "a.parquet").write_bytes(whole[:4] + b"\x00" * 60 + whole[64:])
    assert "cut short or damaged" in refusal(pay)


@pytest.mark.parametrize("line", [f'"{SECRET},2020-4,1,20,7,2020-04-28', f'"{SECRET}"x,2020-4,1,20,7,2020-04-28'])
def test_a_broken_quote_is_refused_even_where_it_would_swallow_the_rows_after_it(pay, line):
    pay.text("a.csv", f"{HEADER}\n{GOOD}\n{line}\n{GOOD}\n")
    assert "column valid_nino: a quote is not closed (1 lines)" in refusal(pay)


def test_a_quote_that_opens_in_a_later_column_is_found_there(pay):
    pay.text("a.csv.gz", "\n".join([HEADER, GOOD, f'N1,2020-4,1,20,"{SECRET},2020-04-28', GOOD, ""]))
    assert "file a.csv.gz, column rti_scheme_sk: a quote is not closed (1 lines)" in refusal(pay)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_told_from_a_broken_quote(pay, delimiter):
    quoted = ",".join(f'"{name}"' for name in HEADER.split(","))
    pay.text("a.csv", f"{quoted}\n{GOOD}".replace(",", delimiter))
    assert "file a.csv, column header: the header's names are not separated by commas (1 line)" in refusal(pay)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_another_delimiter_is_refused(pay, delimiter):
    pay.text("a.csv", f"{HEADER}\n{GOOD}\n{SECRET}".replace(",", delimiter))
    message = refusal(pay)
    assert "separated by commas" in message
    assert "valid_nino, month, pay" in message


def test_a_line_with_too_few_values_is_refused(pay):
    pay.text("a.csv", f"{HEADER}\n{GOOD}\n{SECRET},2020-4\n")
    assert "column pay: a line has another number of values than the header (1 lines)" in refusal(pay)


def test_latin_1_is_refused_with_its_column_and_lines(pay):
    bad = f"N1,2020-4,1,20,Café {SECRET},2020-04-28"
    pay.text("a.csv", f"{HEADER}\n{GOOD}\n{bad}\n{bad}".encode("latin-1"))
    assert "column rti_scheme_sk: text is not UTF-8 (2 lines)" in refusal(pay)


def test_latin_1_in_a_column_nobody_asked_for_is_refused_too(pay):
    pay.text("a.csv", f"{HEADER},town\n{GOOD},Pré{SECRET}\n".encode("latin-1"))
    assert "column town: text is not UTF-8" in refusal(pay)


def test_a_gzip_that_is_cut_short_is_refused(pay):
    pay.rows("a.csv.gz", [payment(f"N{n}") for n in range(500)])
    whole = (pay.place / "a.csv.gz").read_bytes()
    (pay.place / "a.csv.gz").write_bytes(whole[: len(whole) // 2])
    assert "damaged or cut short" in refusal(pay)


def test_a_column_of_another_type_is_refused_not_quarantined(pay):
    pay.rows("a.csv", [payment("N1", pay=SECRET), payment("N2", pay=SECRET), payment("N3")])
    assert "column pay: half or more of the rows do not have the column's type (2 of 3 rows)" in refusal(pay)


def test_a_source_without_rows_is_refused(pay):
    pay.text("a.csv", f"{HEADER}\n")
    assert "the source has no rows (0 rows)" in refusal(pay)


def test_an_empty_file_beside_a_full_one_is_no_fault(pay):
    pay.text("a.csv", f"{HEADER}\n")
    pay.rows("b.csv", [payment()])
    assert pay.ingest().files == {"a.csv": 0, "b.csv": 1}


def test_a_file_of_no_bytes_is_refused(pay):
    pay.text("a.csv", "")
    assert "the header is not a list of names" in refusal(pay)


def nhs_number(nine: int) -> str:
    """Nine digits with the check digit of an NHS number; 10 where there is none."""
    digits = f"{nine:09d}"
    check = -sum(int(d) * w for d, w in zip(digits, range(10, 1, -1), strict=True)) % 11
    return f"{digits}{check}"


NHS = [number for number in map(nhs_number, range(943476500, 943476560)) if len(number) == 10]


@pytest.mark.parametrize("kind", ["text", "spaced", "number"])
def test_nhs_numbers_in_clear_are_refused_and_counted(pay, kind):
    written = {"text": NHS, "spaced": [f"{n[:3]} {n[3:6]} {n[6:]}" for n in NHS], "number": [int(n) for n in NHS]}
    pay.rows("a.parquet", [payment() | {"valid_nino": number} for number in written[kind]])
    message = refusal(pay)
    assert "column valid_nino: an identifier column holds valid NHS numbers in clear" in message
    assert f"({len(NHS)} values)" in message
    assert NHS[0] not in message


def test_pseudonyms_of_another_shape_cannot_hide_nhs_numbers(pay):
    pseudonyms = [payment(f"P{n:015d}") for n in range(1000)]
    pay.rows("a.csv", pseudonyms + [payment(number) for number in NHS])
    assert f"({len(NHS)} values)" in refusal(pay)


def test_random_ten_digit_pseudonyms_are_accepted(pay):
    pay.rows("a.csv", [payment(f"{4_000_000_000 + 7919 * n}") for n in range(500)])
    assert pay.ingest().rows_typed == 500


def test_ninos_in_clear_are_refused_and_invalid_ones_are_pseudonyms(tmp_path):
    clear, made_up = Ingested(tmp_path / "clear", "paye_rti"), Ingested(tmp_path / "made_up", "paye_rti")
    clear.rows("a.csv", [payment(f"ab {n:02d} 34 56 c") for n in range(30)])
    assert "holds valid National Insurance numbers in clear" in refusal(clear)
    made_up.rows("a.csv", [payment(f"QQ{n:06d}C") for n in range(30)])
    assert made_up.ingest().rows_typed == 30


def test_numbers_in_a_column_that_identifies_nobody_are_no_matter(pay):
    pay.rows("a.csv", [payment(f"N{n}", rti_scheme_sk=number) for n, number in enumerate(NHS)])
    assert pay.ingest().rows_typed == len(NHS)
