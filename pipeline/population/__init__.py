"""A spine goes in; who is studied, when, and their months leave."""
