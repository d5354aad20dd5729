"""An event study goes in; intervals that hold although trends were not parallel leave, and how far that may go.

Rambachan and Roth (2023), A more credible approach to parallel trends, doi 10.1093/restud/rdad018. Two ways to limit by
how much treated and comparison people would have drifted apart after the index, each with one number: relative to the
largest drift seen before (``relative_magnitude``), or by how much a straight line may bend (``smoothness``).
"""

from pipeline.inference.diagnostics.honest_did.coefficients import (
    Coefficients,
    average_weights,
    coefficients,
    months_weights,
    of_bins,
)
from pipeline.inference.diagnostics.honest_did.sensitivity import Bounds, bounds, breakdown

__all__ = [
    "Bounds", "Coefficients", "average_weights", "bounds", "breakdown", "coefficients", "months_weights", "of_bins",
]  # fmt: skip
