"""A cohort and payments go in; one row a person with a list of months per outcome leaves."""
