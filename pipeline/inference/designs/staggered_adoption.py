"""People treated in different periods against people never treated: every estimator, outcome, subgroup and run."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.designs.answers import answers
from pipeline.inference.designs.clustered import clustered
from pipeline.inference.designs.robustness import Timing, viewed
from pipeline.inference.designs.rows import Context, rows
from pipeline.inference.designs.untreated_comparison import untreated_rows
from pipeline.inference.estimators import fit_of
from pipeline.vocabulary.designs import Threshold, Waiting
from pipeline.vocabulary.effects import Model, Specification, specified
from pipeline.vocabulary.errors import Fault, RequestError
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AT_INDEX
from pipeline.vocabulary.schemas.results import ESTIMATES

_Rows = Iterator[dict[str, object]]


def estimates(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """One row an estimator (or run), outcome, subgroup level and bin, in published units (schema ``ESTIMATES``).

    The declared headline estimator's effects for everybody have the role ``headline``, other estimators'
    ``robustness``. Effects by subgroup have the role ``subgroup`` where the levels share month and age effects, and
    ``robustness`` where they share nothing. Declared robustness runs are of the headline estimator, for everybody;
    their ``estimator`` is its name, a colon and theirs. A declared comparison with untreated people has rows of the
    estimator ``aipw`` (:mod:`untreated_comparison`). An effect that the panel does not identify is null, and so is
    every effect of a model that it cannot answer for. A characteristic without a level in the panel has no rows.

    Raises
    ------
    NotEstimable
        If the panel cannot answer the headline's question for everybody.
    RequestError
        If an estimator is not there, or cannot do what is declared.
    """
    specification = _specification(protocol, settings)
    panel = clustered(panel, protocol)
    found = [
        *_of_estimators(panel, protocol, specification=specification),
        *_of_runs(panel, protocol, specification=specification),
        *untreated_rows(panel, protocol, specification=specification),
    ]
    return ESTIMATES.of_rows(found)


def _specification(protocol: Protocol, settings: Inference) -> Specification:
    design = protocol.evaluation.design
    if isinstance(design, Threshold | Waiting):
        kind = design.kind.replace("_", " ")
        raise RequestError(Fault(what=f"evaluation {protocol.name} is of a {kind}, not of a staggered adoption"))
    return specified(
        where="configs/inference.toml",
        window=design.window,
        age_spline=design.age_spline,
        anticipation=design.anticipation,
        comparison=design.compared_with,
        covariates=design.covariates,
        small_sample=settings.small_sample,
        confidence=settings.confidence,
        draws=settings.band_draws,
        seed=settings.seed,
    )


def _of_estimators(panel: Panel, protocol: Protocol, *, specification: Specification) -> _Rows:
    """The rows of every estimator for everybody and by subgroup; the headline for everybody must have an answer."""
    design = protocol.evaluation.design
    for name in design.estimators:
        fit, headline = fit_of(name), name == design.headline
        for outcome in protocol.evaluation.outcomes:
            context = Context(protocol=protocol, estimator=name, outcome=outcome)
            for models in _models(panel, protocol, estimator=name):
                required = headline and models == (Model(),)
                if required:
                    studies = fit(panel, outcome.name, specification=specification, models=models)
                else:
                    studies = answers(fit, panel, outcome.name, specification=specification, models=models)
                for model, study in zip(models, studies, strict=True):
                    yield from rows(study, context, role=_role(model, headline=headline))


def _of_runs(panel: Panel, protocol: Protocol, *, specification: Specification) -> _Rows:
    """The rows of every declared robustness run: the headline estimator on the panel as the run sees it."""
    design = protocol.evaluation.design
    fit, timing = fit_of(design.headline), Timing(window=design.window, anticipation=design.anticipation)
    for run in design.robustness:
        window = run.window(design.window, anticipation=design.anticipation)
        its_own = specification.model_copy(update={"window": window})
        for outcome in protocol.evaluation.outcomes:
            estimator = f"{design.headline}:{run.name(design.period_unit)}"
            context = Context(protocol=protocol, estimator=estimator, outcome=outcome)
            view = viewed(panel, run, outcome=outcome.name, timing=timing)
            (study,) = answers(fit, view, outcome.name, specification=its_own, models=[Model()])
            yield from rows(study, context, role="robustness")


def _models(panel: Panel, protocol: Protocol, *, estimator: str) -> tuple[tuple[Model, ...], ...]:
    """Everybody, then each subgroup: what one walk through the panel estimates together.

    Levels share month and age effects, and with the headline estimator, in a model of their own, also nothing; but for
    characteristics that an index event tells of treated people only, since nobody untreated is of their levels.

    One characteristic at a time keeps memory to one set of sums; all at once would be faster by a third but hold six.
    """
    design = protocol.evaluation.design
    declared = protocol.evaluation.subgroups if estimator in design.by_subgroup else ()
    subgroups = [name for name in declared if panel.levels.get(name)]
    apart = ("bins", "all") if estimator == design.headline else ("bins",)
    ways = {name: ("bins",) if name in AT_INDEX else apart for name in subgroups}
    return ((Model(),), *(tuple(Model(subgroup=name, interact=how) for how in hows) for name, hows in ways.items()))


def _role(model: Model, *, headline: bool) -> str:
    if not headline or model.interact == "all":
        return "robustness"
    return "headline" if model.subgroup is None else "subgroup"
