"""The words that every room uses. It imports nothing of the project."""
