"""People about a cutoff go in; the effect of being assigned, or of taking up, leaves, and whether it may be believed.

For a running variable of whole numbers, such as HbA1c in mmol/mol. ``honest`` bounds the bias by a declared curvature;
``path`` does so for several outcomes of the same people; ``local_randomisation`` assumes a lottery in a window.
``density`` asks whether people were moved across the cutoff, ``continuity`` whether something jumps that should not. A
frame has one row a person; the outcome is best a change from before: what people differ in for good is then gone.
``estimates`` and ``checks`` do what a protocol declares to a panel.
"""

from pipeline.inference.designs.threshold.checking import checks
from pipeline.inference.designs.threshold.estimating import estimates
from pipeline.inference.designs.threshold.results import Jump, ThresholdEstimate

__all__ = ["Jump", "ThresholdEstimate", "checks", "estimates"]
