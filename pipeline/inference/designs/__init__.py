"""A protocol and a panel go in; a table of estimates leaves, one design a file."""
