"""The library: tables in, tables out. It knows neither Dagster nor logging."""
