"""The command line: what a person runs, in their words, with an exit code for every refusal."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from assets.unforeseen import unforeseen
from pipeline.vocabulary.errors import CausewayError, RequestError

app = typer.Typer(
    name="causeway",
    help="What health interventions do to people's work: from a linked delivery to a published estimate. "
    "With any command, --debug shows tracebacks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DELIVERY", help="The folder that a data owner delivered.")]
StoreOption = Annotated[Path, typer.Option(help="Where results are kept between runs.")]
EvaluationOption = Annotated[
    list[str] | None, typer.Option("--evaluation", metavar="NAME", help="Only this evaluation; may be repeated.")
]


class Engine(StrEnum):
    """The engines that there are."""

    duckdb = "duckdb"


@app.command()
def evaluations() -> None:
    """What is defined: each evaluation with its design, outcomes and protocol digest."""
    from assets.tables import evaluations_table

    _say(evaluations_table())


@app.command()
def synth(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A new folder; the truth goes beside it, in DIR-truth.")
    ],
    *,
    people: Annotated[int, typer.Option(help="How many people.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    delivery: Annotated[str | None, typer.Option(help="The delivery's id (default: synthetic-SEED).")] = None,
    knob: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Turn a knob; causeway knobs lists them."),
    ] = None,
) -> None:
    """Make a synthetic delivery with known effects."""
    from assets.synth import synth as make_synthetic

    make_synthetic(folder, people=people, seed=seed, delivery=delivery, knobs=knob or ())
    typer.echo(f"Delivery in {folder}; its true effects in {folder}-truth/effects.csv.")


@app.command()
def knobs() -> None:
    """List what causeway synth --knob NAME=VALUE can turn."""
    from assets.tables import knobs_table

    _say(knobs_table())


@app.command()
def deliver(
    file: Annotated[Path, typer.Argument(help="A CSV, CSV.gz or Parquet file from its owner.")],
    folder: Annotated[Path, typer.Argument(help="The delivery to make.")],
    *,
    source: Annotated[str, typer.Option(help="Which source it is, for example panels/hrs_hospitalisation.")],
    delivery: Annotated[str, typer.Option(help="The delivery's id.")],
    cut_off: Annotated[str, typer.Option(help="The last day the data speak of, YYYY-MM-DD.")],
) -> None:
    """Make a delivery of one file as its owner gives it, its digest recorded."""
    from assets.deliver import deliver as make_delivery

    make_delivery(file, folder, source=source, delivery=delivery, cut_off=cut_off)
    typer.echo(f"Delivery {delivery} of {source} is in {folder}.")


@app.command()
def validate(
    folder: Folder,
    *,
    out: Annotated[Path, typer.Option(help="Where the report and the quarantined row keys go.")] = Path("validation"),
) -> None:
    """Read and check a delivery: a report that its owner can act on, whether or not the delivery is refused."""
    from assets.validate import validate as validate_delivery

    page = validate_delivery(folder, out=out)
    typer.echo(f"Every source holds. Report: {page}")


@app.command()
def run(
    context: typer.Context,
    folder: Folder,
    *,
    store: StoreOption,
    evaluation: EvaluationOption = None,
    engine: Annotated[Engine, typer.Option(help="What runs the stages.")] = Engine.duckdb,  # noqa: ARG001 - there is one
) -> None:
    """Take a delivery to releasable estimates. What is already made from the same inputs is not made again."""
    from assets.runs import run as run_evaluations

    done = run_evaluations(folder, store=store, chosen=evaluation or (), debug=context.obj)
    typer.echo(f"Ready to publish: {', '.join(done)}.")


@app.command()
def publish(
    context: typer.Context,
    folder: Folder,
    *,
    store: StoreOption,
    out: Annotated[Path, typer.Option(help="Where releases are kept; a new version is added, none is changed.")],
    profile: Annotated[str, typer.Option(help="demo, or official: refuses what is not approved.")] = "demo",
) -> None:
    """Write a release of every evaluation that has been run on this delivery."""
    from assets.runs import publish as run_publication

    release = run_publication(folder, store=store, out=out, profile=profile, debug=context.obj)
    typer.echo(f"Released: {release / 'index.html'}")


@app.command()
def disclose(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The evaluation.")],
    *,
    store: StoreOption,
    delivery: Annotated[str, typer.Option(help="The delivery's id.")],
) -> None:
    """Say what each disclosure rule did to a release, and where an output checker opens it."""
    from assets.disclosures import disclosures

    table, folder = disclosures(name, store=store, delivery=delivery)
    _say(table)
    typer.echo(f"For SACRO-Viewer: {folder}")


def _say(table: object) -> None:
    from rich.console import Console

    Console().print(table)


def main() -> None:
    """Run the command line and leave with its exit code; a refusal is one paragraph on standard error.

    ``--debug`` may stand anywhere: it shows tracebacks, which may show values of records, so never in a log.
    """
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    try:
        app([argument for argument in arguments if argument != "--debug"], obj=debug)
    except KeyboardInterrupt:
        typer.echo("causeway: stopped; what was finished is kept, and the same command goes on from there.", err=True)
        sys.exit(130)
    except CausewayError as refusal:
        if debug:
            raise
        _refuse(refusal)
    except OSError as error:
        if debug:
            raise
        _refuse(RequestError(f"{error.strerror or 'a file could not be used'}: {error.filename or 'no file named'}"))
    except Exception as error:
        if debug:
            raise
        _refuse(unforeseen("causeway", error))


def _refuse(refusal: CausewayError) -> None:
    typer.echo(f"causeway: {refusal}", err=True)
    sys.exit(refusal.exit_code)
