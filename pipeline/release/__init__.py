"""Effects go in; what may leave the secure environment comes out, as files."""
