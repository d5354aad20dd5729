# Everything a person runs. On a fresh Debian machine with Python 3.11+ and make, nothing else is needed.
.PHONY: demo test check environment system lint ui validation
.DEFAULT_GOAL := check

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
	.venv/bin/pytest -n 2 --dist loadfile --ignore=tests/browser
# The browser's driver leaves an event loop in its process, which Dagster's runs must not meet.
	.venv/bin/pytest -n 2 --dist loadfile tests/browser

check: lint test

# docs/validation.md, from what the tests reach.
validation: environment
	.venv/bin/pytest -n 2 --dist loadfile -m validates --validation docs/validation.md tests/unit tests/reference tests/simulation

# The web pages, with their history in .dagster.
ui: environment
	@mkdir -p .dagster && cp .ci/dagster.yaml .dagster/dagster.yaml
	DAGSTER_HOME=$(CURDIR)/.dagster .venv/bin/dagster dev
