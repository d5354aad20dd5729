"""Stages 4 to 7: a spine or a linked panel becomes the release of one evaluation."""

from collections.abc import Callable, Mapping
from pathlib import Path

from assets.resources import Causeway
from assets.stages.made_from import code
from assets.stages.records import register
from pipeline.engine.store import Result, write_note, write_table
from pipeline.vocabulary.designs import LinkedPanel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AT_INDEX


def cohort(causeway: Causeway, protocol: Protocol, inputs: Mapping[str, Result]) -> Result:
    """Who is studied, from when to when, and how everybody else was excluded.

    A delivery that has come this far is accepted: from here on its id stands for these files.
    """
    from pipeline.population.cohort import linked_cohort, staggered_cohort

    design = protocol.evaluation.design

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            if isinstance(design, LinkedPanel):
                linked_cohort(connection, protocol, records=inputs[design.source].scan("accepted"), target=folder)
                return
            records = {source: inputs[source].scan("accepted") for source in design.index_event.sources}
            records |= {"health_person": inputs["spine"].scan("health_person")}
            staggered_cohort(connection, protocol, records=records, spine=inputs["spine"].scan("spine"), target=folder)

    made = _made(causeway, protocol, "cohort", inputs, room="population/cohort", build=build)
    register(causeway)
    return made


def panel(causeway: Causeway, protocol: Protocol, inputs: Mapping[str, Result]) -> Result:
    """The months of everybody in the cohort, in shards."""
    from pipeline.population import panel as population

    design = protocol.evaluation.design
    engine = causeway.settings.engine
    people = inputs[f"{protocol.name}/cohort"].scan("cohort")

    def build(folder: Path) -> None:
        with causeway.database() as connection:
            if isinstance(design, LinkedPanel):
                records = inputs[design.source].scan("accepted")
                population.linked_panel(
                    connection, protocol, cohort=people, records=records, target=folder, engine=engine
                )
                return
            population.panel(
                connection,
                protocol,
                cohort=people,
                paye=inputs["paye_rti"].scan("accepted"),
                nino_person=inputs["spine"].scan("nino_person"),
                cpih=inputs["prices/cpih"].scan("accepted"),
                benefits=inputs["dwp_benefits"].scan("accepted") if "dwp_benefits" in inputs else None,
                target=folder,
                engine=engine,
            )

    return _made(causeway, protocol, "panel", inputs, room="population/panel", build=build)


def estimates(causeway: Causeway, protocol: Protocol, panel: Result) -> Result:
    """Every estimator, outcome, subgroup and bin that the protocol declares."""
    from pipeline.engine.panels import StoredPanel
    from pipeline.inference.designs import staggered_adoption

    settings = causeway.settings.inference

    def build(folder: Path) -> None:
        write_table(staggered_adoption.estimates(StoredPanel(panel.path), protocol, settings), folder / "estimates")

    inputs = {panel.key: panel}
    return _made(causeway, protocol, "estimates", inputs, room="inference", build=build, settings=settings.model_dump())


def diagnostics(causeway: Causeway, protocol: Protocol, cohort: Result, panel: Result, estimates: Result) -> Result:
    """Whether the estimates may be believed, how the arms differ, why the estimators do, and what identifies them."""
    import pyarrow as pa

    from pipeline.engine.panels import StoredPanel
    from pipeline.inference.diagnostics import UNDECLARED, balance, checks, decomposition, untreated
    from pipeline.inference.identification import identification

    settings = causeway.settings.inference
    design = protocol.evaluation.design
    precision = UNDECLARED if isinstance(design, LinkedPanel) else causeway.settings.linkage.precision
    in_both_arms = (name for name in protocol.evaluation.subgroups if name not in AT_INDEX)
    characteristics = design.characteristics if isinstance(design, LinkedPanel) else (*in_both_arms, "rural_urban")

    def build(folder: Path) -> None:
        found = checks(estimates.read("estimates"), settings, anticipation=design.anticipation, precision=precision)
        compared = untreated.checks(StoredPanel(panel.path), protocol, settings)
        write_table(pa.concat_tables([found, compared]), folder / "diagnostics")
        write_table(balance.table(cohort.read("cohort"), characteristics), folder / "balance")
        write_table(decomposition.table(StoredPanel(panel.path), protocol), folder / "decomposition")
        model = protocol.evaluation.causal_model
        write_note(identification(model).record() if model else {}, folder, "identification")

    inputs = {result.key: result for result in (cohort, panel, estimates)}
    declared = settings.model_dump() | {"precision": precision.model_dump()}
    return _made(causeway, protocol, "diagnostics", inputs, room="inference", build=build, settings=declared)


def release(causeway: Causeway, protocol: Protocol, inputs: Mapping[str, Result]) -> Result:
    """What may leave: every number past the disclosure door."""
    from pipeline.release import disclosure
    from pipeline.vocabulary.schemas.people import LINKAGE_QUALITY

    name = protocol.evaluation.disclosure_profile
    profile = causeway.settings.disclosure[name]
    tables = {key.removeprefix(f"{protocol.name}/"): result for key, result in inputs.items()}

    def build(folder: Path) -> None:
        linked = "spine" in tables
        released = disclosure.disclose(
            evaluation=protocol.name,
            protocol=registered(protocol) | {"identification": tables["diagnostics"].note("identification")},
            profile_name=name,
            profile=profile,
            estimates=tables["estimates"].read("estimates"),
            attrition=tables["cohort"].read("attrition"),
            linkage_quality=(
                tables["spine"].read("linkage_quality") if linked else LINKAGE_QUALITY.arrow.empty_table()
            ),
            balance=tables["diagnostics"].read("balance"),
            diagnostics=tables["diagnostics"].read("diagnostics"),
            decomposition=tables["diagnostics"].read("decomposition"),
        )
        disclosure.save(released, folder)

    settings = {"name": name, "profile": profile.model_dump()}
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
