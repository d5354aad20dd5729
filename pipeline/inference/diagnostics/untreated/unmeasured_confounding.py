"""Could something unseen, as strong as what is seen, explain the effect? Benchmarks by observed covariates."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from pipeline.inference.diagnostics.untreated.omitted_variable import (
    Benchmark,
    Coefficient,
    approximate_ratio,
    benchmarks,
    coefficient,
    e_value,
)
from pipeline.inference.diagnostics.untreated.verdict import Verdict, not_evaluated
from pipeline.inference.doubly_robust.people import People
from pipeline.vocabulary.errors import Fault, NotEstimable

CHECK = "unmeasured_confounding"


def verdict(people: People, *, alpha: float) -> Verdict:
    """The share of the effect that is left beside a confounder as strong as the strongest group of covariates.

    Of a regression of the first outcome on treatment and covariates, so that its effect is not the doubly robust one
    but near it. Passes if what is left still differs from zero, else is for review; ``not evaluated`` where the effect
    itself does not. The sentence adds the robustness value, with both treatment and outcome, and the E-value.

    Raises
    ------
    NotEstimable
        If there are not two people more than covariates.
    """
    known = people.of(np.isfinite(people.outcomes[:, 0]))
    outcome, treated = known.outcomes[:, 0], known.treated.astype(np.float64)
    if len(treated) < known.covariates.shape[1] + 4:
        raise NotEstimable(Fault(what="there are hardly more people than covariates"))
    with threadpool_limits(limits=1, user_api="blas"):
        found = coefficient(outcome, treated, known.covariates)
        if not found.differs(alpha=alpha):
            said = "the effect cannot be told from zero, so nothing unseen need explain it."
            return not_evaluated(CHECK, said)
        strengths = benchmarks(outcome, treated, known.covariates, groups=groups(known.names))
    if not strengths:
        return not_evaluated(CHECK, "no covariate is left to hold a confounder against.")
    return _verdict(found, strengths, standardised=found.estimate / float(outcome.std()), alpha=alpha)


def groups(names: tuple[str, ...]) -> dict[str, list[int]]:
    """Columns that belong together: the levels of a characteristic, age and its square, a past with its gaps."""
    found: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        whole = name.partition("=")[0].partition(",")[0].removesuffix(" squared")
        found.setdefault(whole, []).append(place)
    return found


def _verdict(found: Coefficient, strengths: tuple[Benchmark, ...], *, standardised: float, alpha: float) -> Verdict:
    left = {one.name: found.with_confounder(treatment=one.treatment, outcome=one.outcome) for one in strengths}
    worst = min(left, key=lambda name: left[name].estimate / found.estimate)
    share = left[worst].estimate / found.estimate
    passed = share > 0 and left[worst].differs(alpha=alpha)
    sentence = (
        f"Beside a confounder as strong as {worst.replace('_', ' ')}, {share:.1%} of the effect would be left, and "
        f"{'it would still differ' if passed else 'it would not differ'} from zero. To take all of it away one would "
        f"have to explain {found.robustness_value():.1%} of what is left of treatment and of outcome, or be "
        f"related to both by a risk ratio of about {e_value(approximate_ratio(standardised)):.2f}."
    )
    return Verdict(check=CHECK, status="pass" if passed else "review", figure=share, threshold=None, sentence=sentence)
