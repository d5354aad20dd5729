# Everything a person runs. On a fresh Debian machine with Python 3.11+ and make, nothing else is needed.
.PHONY: demo test check environment system lint
.DEFAULT_GOAL := check
CAUSEWAY := .venv/bin/causeway

environment:
	@sh .ci/environment

system: environment
	@sh .ci/system

demo: environment
	@sh .ci/demo

lint: environment
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

test: system
	.venv/bin/pytest -n 2 --dist loadfile

check: lint test
