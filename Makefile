# Everything works on a fresh machine with Python 3.11 or newer: each target makes its own virtual environment.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help demo test check explore format messages screens bench clean

help:            ## tell what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/:/'

demo: .venv/demo ## make demo.db: 2,000 members of Skyway, two years of flights; then serve its pages (not with NO_SERVE=1)
	$(BIN)/loyalty demo $(if $(NO_SERVE)$(CI),--no-serve)

test: .venv/test ## run all tests, on SQLite and on a PostgreSQL started from a wheel
	$(BIN)/pytest -n 2 --dist worksteal

check: .venv/test ## format, lint, types, import contracts, programs, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/loyalty program check
	$(MAKE) test

explore: .venv/test ## the properties on other and more examples than the tests draw
	PROPERTIES=explore $(BIN)/pytest -n 2 tests/model tests/program tests/benefits

format: .venv/test ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: .venv/test ## bring the catalogues of translations up to date with the templates and the code
	$(BIN)/python -m tests.messages.catalogue

screens: .venv/test ## pictures of every page and mail in var/screens, narrow and wide, light and dark (needs chromium, fonts-noto-cjk)
	$(BIN)/python -m tests.browser.screens

bench: .venv/test ## speed and memory, as ratios to a yardstick of the same run (MEMBERS=..., ACTIVITIES=...)
	$(BIN)/python tests/load/bench.py --members $(or $(MEMBERS),100000) --activities $(or $(ACTIVITIES),1000000)

clean:           ## remove what these targets made
	rm -rf .venv build *.egg-info var/screens demo.db demo.db-wal demo.db-shm

.venv/demo: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[demo]'
	touch $@

.venv/test: setup.cfg pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@
