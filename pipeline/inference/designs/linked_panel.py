"""A panel its owner has linked: estimated as a staggered adoption is, whatever its periods are."""

from pipeline.inference.designs.staggered_adoption import estimates

__all__ = ["estimates"]
