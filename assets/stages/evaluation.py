"""Stages 4 to 7: a spine or a linked panel becomes the release of one evaluation."""

from collections.abc import Callable, Mapping
from pathlib import Path

from assets.resources import Causeway
from assets.stages.designs import stages_of
from assets.stages.made_from import code
from assets.stages.records import register
from pipeline.engine.store import Result, write_note, write_table
from pipeline.vocabulary.protocol import Protocol


def cohort(causeway: Causeway, protocol: Protocol, inputs: Mapping[str, Result]) -> Result:
    """Who is studied, from when to when, and how everybody else was excluded.

    A delivery that has come this far is accepted: from here on its id stands for these files.
    """
    stages = stages_of(protocol)

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            stages.cohort(connection, protocol, inputs, target=folder)

    made = _made(causeway, protocol, "cohort", inputs, room="population/cohort", build=build)
    register(causeway)
    return made


def panel(causeway: Causeway, protocol: Protocol, inputs: Mapping[str, Result]) -> Result:
    """The months of everybody in the cohort, in shards."""
    stages, engine = stages_of(protocol), causeway.settings.engine

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            stages.panel(connection, protocol, inputs, target=folder, engine=engine)

    return _made(causeway, protocol, "panel", inputs, room="population/panel", build=build)


def estimates(causeway: Causeway, protocol: Protocol, panel: Result) -> Result:
    """Every estimator, outcome, subgroup and bin that the protocol declares."""
    from pipeline.engine.panels import StoredPanel
    from pipeline.inference import designs

    settings = causeway.settings.inference

    def build(folder: Path) -> None:
        write_table(designs.estimates(StoredPanel(panel.path), protocol, settings), folder / "estimates")

    inputs = {panel.key: panel}
    return _made(causeway, protocol, "estimates", inputs, room="inference", build=build, settings=settings.model_dump())


def diagnostics(causeway: Causeway, protocol: Protocol, cohort: Result, panel: Result, estimates: Result) -> Result:
    """Whether estimates may be believed and what identifies them, by whom, how arms differ, and why estimators do."""
    from pipeline.engine.panels import StoredPanel
    from pipeline.inference.diagnostics import balance, contributions
    from pipeline.inference.identification import identification

    stages, settings = stages_of(protocol), causeway.settings

    def build(folder: Path) -> None:
        stored = StoredPanel(panel.path)
        found = stages.checks(stored, estimates.read("estimates"), protocol, settings)
        write_table(found, folder / "diagnostics")
        write_table(balance.table(cohort.read("cohort"), stages.compared(protocol)), folder / "balance")
        write_table(stages.decomposition(stored, protocol), folder / "decomposition")
        write_table(stages.support(stored, protocol), folder / "support")
        write_table(contributions.table(stored, protocol), folder / "contributions")
        model = protocol.evaluation.causal_model
        write_note(identification(model).record() if model else {}, folder, "identification")

    inputs = {result.key: result for result in (cohort, panel, estimates)}
    declared = settings.inference.model_dump() | {"precision": settings.linkage.precision.model_dump()}
    return _made(causeway, protocol, "diagnostics", inputs, room="inference", build=build, settings=declared)


def release(causeway: Causeway, protocol: Protocol, inputs: Mapping[str, Result]) -> Result:
    """What may leave: every number past the disclosure door."""
    from pipeline.release import disclosure
    from pipeline.release.disclosure import ledger
    from pipeline.release.disclosure.checker import write_for_checker
    from pipeline.vocabulary.schemas.people import LINKAGE_QUALITY

    name = protocol.evaluation.disclosure_profile
    profile = causeway.settings.disclosure[name]
    tables = {key.removeprefix(f"{protocol.name}/"): result for key, result in inputs.items()}
    store = causeway.results.root

    def build(folder: Path) -> None:
        linked = "spine" in tables
        counted = {
            "estimates": tables["estimates"].read("estimates"),
            "attrition": tables["cohort"].read("attrition"),
            "linkage_quality": (
                tables["spine"].read("linkage_quality") if linked else LINKAGE_QUALITY.arrow.empty_table()
            ),
            "balance": tables["diagnostics"].read("balance"),
        }
        released = disclosure.disclose(
            evaluation=protocol.name,
            protocol=registered(protocol) | {"identification": tables["diagnostics"].note("identification")},
            profile_name=name,
            profile=profile,
            **counted,
            diagnostics=tables["diagnostics"].read("diagnostics"),
            decomposition=tables["diagnostics"].read("decomposition"),
            support=tables["diagnostics"].read("support"),
            waits=tables["area_waits"].read("area_waits") if "area_waits" in tables else None,
            contributions=tables["diagnostics"].read("contributions"),
            earlier=ledger.read(store, evaluation=protocol.name),
        )
        disclosure.save(released, folder)
        write_for_checker(released, folder / "checker")
        cells = disclosure.cells_of_release(released, counted)
        ledger.save_cells(cells, folder, store=store, evaluation=protocol.name)

    latest = causeway.recorded(f"{protocol.name}/release")
    own = None if latest is None else ledger.stored_cells(latest.path)
    published = ledger.ledger_digest(store, evaluation=protocol.name, without=own)
    settings = {"name": name, "profile": profile.model_dump(), "published": published}
    return _made(causeway, protocol, "release", inputs, room="release/disclosure", build=build, settings=settings)


def registered(protocol: Protocol) -> dict[str, object]:
    """A protocol as JSON, as it stands in a release."""
    codelists = {
        name: {"source": listed.source, "version": listed.version, "codes": list(listed.codes)}
        for name, listed in protocol.codelists.items()
    }
    declared = protocol.evaluation.model_dump(mode="json")
    return {"evaluation": declared, "digest": protocol.digest, "codelists": codelists}


def _made(  # noqa: PLR0913 - what a stage is made from, each named
    causeway: Causeway,
    protocol: Protocol,
    stage: str,
    inputs: Mapping[str, Result],
    *,
    room: str,
    build: Callable[[Path], None],
    settings: object = None,
) -> Result:
    """A stage of an evaluation, kept under its protocol's digest."""
    return causeway.results.make(
        f"{protocol.name}/{stage}",
        inputs=tuple(inputs[key] for key in sorted(inputs)),
        code=code(room),
        settings={"protocol": protocol.digest, "settings": settings},
        build=build,
    )
