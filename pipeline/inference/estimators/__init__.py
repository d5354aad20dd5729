"""A panel goes in; a frozen result leaves, one estimator a file."""
