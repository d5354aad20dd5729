"""Published effects go in; inline SVG with a text alternative leaves. Nothing withheld is drawn."""
