"""The command line: what a person runs, in their words, with an exit code for every refusal."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipeline.vocabulary.errors import CausewayError, RequestError

app = typer.Typer(
    name="causeway",
    help="What health interventions do to people's work: from a linked delivery to a published estimate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Folder = Annotated[Path, typer.Argument(metavar="DELIVERY", help="The folder that a data owner delivered.")]
StoreOption = Annotated[Path, typer.Option(help="Where results are kept between runs.")]
EvaluationOption = Annotated[
    list[str] | None, typer.Option("--evaluation", metavar="NAME", help="Only this evaluation; may be repeated.")
]


@app.callback()
def causeway(
    context: typer.Context,
    *,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks. They may show values of records: never in a log.")
    ] = False,
) -> None:
    """Keep what holds for every command."""
    context.obj = debug


@app.command()
def evaluations() -> None:
    """What is defined: each evaluation with its design, outcomes and protocol digest."""
    from assets.tables import evaluations_table

    _say(evaluations_table())


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
    context: typer.Context,
    folder: Folder,
    *,
    store: StoreOption = Path("store"),
    report: Annotated[Path | None, typer.Option(help="Where to put the report (default: inside the store).")] = None,
) -> None:
    """Read and check a delivery, and write a report that its owner can act on."""
    from assets.runs import validate as run_validation

    page = run_validation(folder, store=store, report=report, debug=context.obj)
    typer.echo(f"Every source holds. Report: {page}")


@app.command()
def run(
    context: typer.Context,
    folder: Folder,
    *,
    store: StoreOption,
    evaluation: EvaluationOption = None,
) -> None:
    """Take a delivery to releasable estimates. What is already made from the same inputs is not made again."""
    from assets.runs import run as run_evaluations

    done = run_evaluations(folder, store=store, evaluations=evaluation or (), debug=context.obj)
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


def _say(table: object) -> None:
    from rich.console import Console

    Console().print(table)


def main() -> None:
    """Run the command line and leave with its exit code; a refusal is one paragraph on standard error."""
    debug = "--debug" in sys.argv[1:]
    try:
        app()
    except CausewayError as refusal:
        if debug:
            raise
        typer.echo(f"causeway: {refusal}", err=True)
        sys.exit(refusal.exit_code)
    except OSError as error:
        if debug:
            raise
        wrong = RequestError(f"{error.strerror or 'a file could not be used'}: {error.filename or 'no file named'}")
        typer.echo(f"causeway: {wrong}", err=True)
        sys.exit(wrong.exit_code)
    except KeyboardInterrupt:
        typer.echo("causeway: stopped; what was finished is kept, and the same command goes on from there.", err=True)
        sys.exit(130)
