"""Shards go in; sums that add leave. No estimator is named here."""
