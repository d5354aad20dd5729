"""What runs and keeps tables: DuckDB, the store, provenance, settings. Nothing statistical enters."""
