"""The page on the estimators prints what it says it prints."""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "estimators.md"
BLOCK = re.compile(r"```python\n(.*?)```\n\n```text\n(.*?)```", flags=re.DOTALL)


def test_every_example_of_the_page_prints_what_stands_below_it(reference_data, monkeypatch):
    monkeypatch.setenv("CAUSEWAY_REFERENCE_DATA", str(reference_data))
    text, names = PAGE.read_text(), {}
    blocks = BLOCK.findall(text)
    assert len(blocks) == text.count("```python") >= 7
    for code, printed in blocks:
        out = StringIO()
        with redirect_stdout(out):
            exec(compile(code, PAGE.name, "exec"), names)
        assert out.getvalue() == printed
