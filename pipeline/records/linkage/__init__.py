"""Accepted sources go in; the spine, its id maps and linkage quality leave."""
