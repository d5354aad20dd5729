"""A number of people and a seed go in; a delivery with known effects leaves, its truth beside it."""
