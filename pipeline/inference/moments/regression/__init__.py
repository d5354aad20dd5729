"""Regressions with person effects from sums over people: normal equations, clustered errors, intervals."""
