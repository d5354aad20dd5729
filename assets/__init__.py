"""The Dagster face and the command line: each asset is one call into pipeline; the only place where stages meet."""
