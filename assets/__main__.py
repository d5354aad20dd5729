"""``python -m assets`` is ``causeway``."""

from assets.cli import main

if __name__ == "__main__":
    main()
