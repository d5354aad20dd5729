"""One file, one evaluation: a typed declaration named EVALUATION. No Dagster, no dataframes."""
