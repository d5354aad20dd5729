"""Typed tables go in; accepted rows, quarantined keys and a report leave, within tolerance."""
