"""A spine and index events go in; eligible people leave, every exclusion counted."""
