"""A shard's people: by timing group and level, with their months, ages and covariates, and sums that add."""
