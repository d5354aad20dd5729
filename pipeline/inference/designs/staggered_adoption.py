"""People treated in different periods against people never treated: every estimator, outcome and subgroup."""

from __future__ import annotations

import pyarrow as pa

from pipeline.engine.settings import Inference
from pipeline.inference.designs.rows import Context, rows
from pipeline.inference.estimators import fit_of
from pipeline.vocabulary.effects import Model, specified
from pipeline.vocabulary.panels import Panel
from pipeline.vocabulary.protocol import Protocol
from pipeline.vocabulary.schemas.people import AT_INDEX
from pipeline.vocabulary.schemas.results import ESTIMATES


def estimates(panel: Panel, protocol: Protocol, settings: Inference) -> pa.Table:
    """One row an estimator, outcome, subgroup level and bin, in published units (schema ``ESTIMATES``).

    The declared headline estimator's effects for everybody have the role ``headline``, other estimators'
    ``robustness``. Effects by subgroup have the role ``subgroup`` where the levels share month and age effects, and
    ``robustness`` where they share nothing. An effect that the panel does not identify is null. A characteristic
    without a level in the panel has no rows.

    Raises
    ------
    NotEstimable
        If the panel cannot answer the question.
    RequestError
        If an estimator is not there.
    """
    design = protocol.evaluation.design
    specification = specified(
        where="configs/inference.toml",
        window=design.window,
        age_spline=design.age_spline,
        small_sample=settings.small_sample,
        confidence=settings.confidence,
        draws=settings.band_draws,
        seed=settings.seed,
    )
    found = []
    for name in design.estimators:
        fit = fit_of(name)
        for outcome in protocol.evaluation.outcomes:
            context = Context(protocol=protocol, estimator=name, outcome=outcome)
            for models in _models(panel, protocol, headline=name == design.headline):
                studies = fit(panel, outcome.name, specification=specification, models=models)
                for model, study in zip(models, studies, strict=True):
                    found += rows(study, context, role=_role(model, headline=name == design.headline))
    return ESTIMATES.conform(
        pa.Table.from_pylist(found, schema=pa.schema([(c.name, c.type) for c in ESTIMATES.columns]))
    )


def _models(panel: Panel, protocol: Protocol, *, headline: bool) -> tuple[tuple[Model, ...], ...]:
    """Everybody, then each subgroup: what one walk through the panel estimates together.

    Levels share month and age effects, and with the headline estimator, in a model of their own, also nothing; but for
    characteristics that an index event tells of treated people only, since nobody untreated is of their levels.

    One characteristic at a time keeps memory to one set of sums; all at once would be faster by a third but hold six.
    """
    subgroups = [name for name in protocol.evaluation.subgroups if panel.levels.get(name)]
    apart = ("bins", "all") if headline else ("bins",)
    ways = {name: ("bins",) if name in AT_INDEX else apart for name in subgroups}
    return ((Model(),), *(tuple(Model(subgroup=name, interact=how) for how in hows) for name, hows in ways.items()))


def _role(model: Model, *, headline: bool) -> str:
    if not headline or model.interact == "all":
        return "robustness"
    return "headline" if model.subgroup is None else "subgroup"
