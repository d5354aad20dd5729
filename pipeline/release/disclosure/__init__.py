"""The only door out: tables go in, a Release leaves, or a DisclosureError."""
