"""Two-by-two comparisons of timing groups: their cells, nuisance models, influence, and what they add up to."""
