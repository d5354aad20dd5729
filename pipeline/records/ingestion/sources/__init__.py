"""One file a source, named like it in lower case (``a_b`` for ``a/B``): READING says what its types do not say."""
