"""One file a source, named like it (``a_b`` for ``a/b``), that defines READING: what its types do not say."""
