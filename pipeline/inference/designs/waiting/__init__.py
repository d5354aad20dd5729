"""People who joined a waiting list go in; what each month of waiting costs leaves, and whether it may be believed.

``path`` follows people from joining to treatment, month by month, against their own months before and people not
waiting. ``queues`` and ``congestion`` use how long the others waited whom the same provider was sent in the same month
as an instrument for one's own wait; ``exclusion`` asks whether the queue is related to what it cannot have caused.
``dose_response`` compares people of one specialty who waited for different times, and believes that what is measured of
them says all that moves both wait and outcome. A frame has one row a person; the outcome is best a change from before.
``estimates`` and ``checks`` do all of it as a protocol declares.
"""

from pipeline.inference.designs.waiting.checking import checks
from pipeline.inference.designs.waiting.estimating import estimates

__all__ = ["checks", "estimates"]
