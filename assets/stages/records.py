"""Stages 1 to 3: a delivery becomes accepted sources and a spine."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from assets.resources import Causeway
from assets.stages.made_from import code, protocols
from pipeline.engine.store import Result, write_note, write_table
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.errors import DeliveryRefused, Fault
from pipeline.vocabulary.outcomes import Outcome
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.demographics import DEMOGRAPHICS
from pipeline.vocabulary.schemas.panels import linked_panel_columns, linked_panel_schema
from pipeline.vocabulary.schemas.schema import Schema
from pipeline.vocabulary.schemas.sources import LINKS_PERSON, SOURCES

if TYPE_CHECKING:
    from pipeline.records.ingestion import Delivery

SPINE_SOURCES = ("hes_apc", "census", "deaths", "links/person", "links/nino")


def concerned(folder: Path) -> list[Protocol]:
    """The evaluations that a delivery is for: those whose index events are in it.

    Where it has none of any evaluation, those that have any of their sources in it, which will say what is missing.
    """
    declared = protocols().values()
    found = [p for p in declared if any((folder / source).is_dir() for source in _telling(p))]
    return found or [p for p in declared if any((folder / source).is_dir() for source in p.evaluation.sources)]


def _telling(protocol: Protocol) -> tuple[str, ...]:
    """The sources that say who was treated."""
    return protocol.evaluation.design.told_by


def known_sources() -> set[str]:
    """Every source that can be read: those with fixed columns, and the panels of evaluations."""
    return {*SOURCES, *(source for protocol in protocols().values() for source in protocol.evaluation.sources)}


def linked_here(folder: Path) -> bool:
    """Whether a delivery has demographic fields and no links from health ids to people: those are then made."""
    return not (folder / LINKS_PERSON.name).is_dir() and any((folder / source).is_dir() for source in DEMOGRAPHICS)


def source_schema(source: str) -> Schema:
    """A source's schema: fixed, or for a panel as its evaluation declares it."""
    return SOURCES[source] if source in SOURCES else linked_panel_schema(*_panel(source))


def source_columns(causeway: Causeway, source: str) -> Mapping[str, str]:
    """Causeway's column names to the owner's: from ``configs/columns.toml``, or for a panel from its evaluation."""
    return causeway.settings.columns[source] if source in SOURCES else linked_panel_columns(*_panel(source))


def _panel(source: str) -> tuple[LinkedPanel, tuple[Outcome, ...]]:
    declared = [(p.evaluation.design, p.evaluation.outcomes) for p in protocols().values()]
    return next((d, o) for d, o in declared if isinstance(d, LinkedPanel) and d.source == source)


def delivery(causeway: Causeway) -> Result:
    """What was delivered: every file with its digest; refused if a source that its evaluations need is missing."""
    from pipeline.records.ingestion import read_delivery

    needed = {source for protocol in concerned(causeway.folder) for source in protocol.evaluation.sources}
    if linked_here(causeway.folder) and LINKS_PERSON.name in needed:
        needed = needed - {LINKS_PERSON.name} | set(DEMOGRAPHICS)
    read = read_delivery(causeway.folder, required=needed)
    if not needed:
        raise DeliveryRefused(Fault(what="the delivery holds no source of any evaluation", file="delivery.json"))
    causeway.results.check_registered(read.id, read.digests)
    files = [{"source": f.source, "name": f.name, "size": f.size, "sha256": f.sha256} for f in read.files]
    note = {"id": read.id, "cut_off": read.cut_off.isoformat(), "files": files}
    return causeway.results.make(
        "delivery",
        code=code("records/ingestion"),
        settings=note,
        build=lambda folder: write_note(note, folder, "delivery"),
    )


def register(causeway: Causeway) -> None:
    """Bind the delivery's id to its files: the same id with other files is refused from now on."""
    delivered = causeway.recorded("delivery")
    if delivered is not None:
        read = read_back(causeway, delivered)
        causeway.results.register(read.id, read.digests)


def read_back(causeway: Causeway, delivered: Result) -> "Delivery":
    """The delivery as stage 1 saw it, its digests not computed again."""
    from pipeline.records.ingestion import DeliveredFile, Delivery

    note = delivered.note("delivery")
    files = (DeliveredFile(path=causeway.folder / f["source"] / f["name"], **f) for f in note["files"])
    cut_off = date.fromisoformat(note["cut_off"])
    return Delivery(id=note["id"], cut_off=cut_off, folder=causeway.folder, files=tuple(files))


def ingested(causeway: Causeway, delivered: Result, source: str) -> Result:
    """A source's files as one typed table, rows that cannot be typed beside it."""
    from pipeline.records.ingestion import ingest

    read = read_back(causeway, delivered)
    if source == LINKS_PERSON.name and not read.of(source):
        return linked_by_fields(causeway, delivered)
    schema, columns = source_schema(source), source_columns(causeway, source)
    clear = causeway.settings.validation.clear_identifiers

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            ingest(connection, read, schema, columns=columns, clear_identifiers=clear, target=folder)

    files = {file.name: file.sha256 for file in read.of(source)}
    settings = {"files": files, "columns": dict(columns), "schema": schema.names, "clear_identifiers": clear}
    return causeway.results.make(f"ingested/{source}", code=code("records/ingestion"), settings=settings, build=build)


def linked_by_fields(causeway: Causeway, delivered: Result) -> Result:
    """The table of links that a delivery lacks, made from its demographic fields, as if it were ingested."""
    from pipeline.records.ingestion import write_made
    from pipeline.records.linkage.matching import person_links

    sides = {source: accepted(causeway, delivered, source) for source in (*DEMOGRAPHICS, "census")}
    health, demographics, census = (result.scan("accepted") for result in sides.values())
    settings = causeway.settings.linkage

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            links = person_links(connection, health=health, demographics=demographics, census=census, settings=settings)
        write_made(links, LINKS_PERSON, target=folder)

    return causeway.results.make(
        f"ingested/{LINKS_PERSON.name}",
        inputs=tuple(sides.values()),
        code=code("records/linkage", "records/ingestion"),
        settings=settings.model_dump(),
        build=build,
    )


def validated(causeway: Causeway, delivered: Result, source: str) -> Result:
    """What Great Expectations finds in a source; kept in the store whether or not the source is then refused."""
    from pipeline.records.validation import validate

    typed = ingested(causeway, delivered, source)
    schema = source_schema(source)
    settings = causeway.settings
    tolerance = settings.validation.sources.get(source, settings.validation.default).rejected_rows
    cut_off = read_back(causeway, delivered).cut_off

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            validate(
                connection,
                schema=schema,
                typed=typed.table("typed"),
                rejected=typed.table("rejected"),
                ingestion=typed.note("ingestion"),
                rows_per_batch=settings.engine.rows_per_batch,
                tolerance=tolerance,
                cut_off=cut_off,
                target=folder,
            )

    return causeway.results.make(
        f"validation/{source}",
        inputs=(typed,),
        code=code("records/validation"),
        settings={"tolerance": tolerance, "cut_off": cut_off.isoformat()},
        build=build,
    )


def reported(causeway: Causeway, delivered: Result, source: str) -> Path:
    """The page that tells the data owner what was found in a source of this delivery."""
    from pipeline.records.validation import Validation, report

    held = validated(causeway, delivered, source)
    found = Validation.read(held.note("validation"))
    made = causeway.results.make(
        f"report/{source}",
        inputs=(held,),
        code=code("records/validation"),
        settings=causeway.delivery_id,
        build=lambda folder: report([found], delivery=causeway.delivery_id, target=folder),
    )
    return made.path / "validation.html"


def accepted(causeway: Causeway, delivered: Result, source: str) -> Result:
    """A source's rows without those in quarantine; refused if its suite does not hold."""
    from pipeline.records.validation import Validation, accept

    typed = ingested(causeway, delivered, source)
    held = validated(causeway, delivered, source)
    schema = source_schema(source)

    def build(folder: Path) -> None:
        validation = Validation.read(held.note("validation"))
        with causeway.database() as connection:
            accept(
                connection,
                schema=schema,
                typed=typed.table("typed"),
                quarantine=held.table("quarantine"),
                validation=validation,
                target=folder,
            )

    return causeway.results.make(source, inputs=(typed, held), code=code("records/validation"), build=build)


def area_waits(causeway: Causeway, delivered: Result) -> Result:
    """Published waits by area and specialty; no rows where the delivery has no published file."""
    from pipeline.population.area_waits import waits_in_england
    from pipeline.vocabulary.schemas.rtt import AREA_WAITS, RTT

    given = read_back(causeway, delivered).of(RTT.name)
    sources = (accepted(causeway, delivered, RTT.name),) if given else ()

    def build(folder: Path) -> None:
        made = [waits_in_england(source.table("accepted")) for source in sources] or [AREA_WAITS.arrow.empty_table()]
        write_table(made[0], folder / "area_waits", AREA_WAITS)

    return causeway.results.make("area_waits", inputs=sources, code=code("population"), build=build)


def spine(causeway: Causeway, sources: Mapping[str, Result]) -> Result:
    """One row a person, the id maps, and how well the sources link."""
    from pipeline.records import linkage

    settings = causeway.settings
    tolerated = settings.validation.ids_linked_to_several_people
    least_link_rate = settings.linkage.least_link_rate
    scans = {source: result.scan("accepted") for source, result in sources.items()}

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            linkage.spine(
                connection,
                census=scans["census"],
                deaths=scans["deaths"],
                links_person=scans["links/person"],
                links_nino=scans["links/nino"],
                hes=scans["hes_apc"],
                target=folder,
                ids_linked_to_several_people=tolerated,
                least_link_rate=least_link_rate,
            )

    return causeway.results.make(
        "spine",
        inputs=tuple(sources.values()),
        code=code("records/linkage"),
        settings=[tolerated, least_link_rate],
        build=build,
    )
