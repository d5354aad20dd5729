"""A panel goes in; effects with their uncertainty leave, and whether they may be believed."""
