"""Effects by timing group and month: saturated or imputed, pooled to bins, and what a regression makes of them."""
