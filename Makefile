PYTHON ?= .venv/bin/python

.PHONY: test lint docs golden models

test:
	$(PYTHON) -m pytest -n auto --dist worksteal

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) docs/make.py --check
	$(PYTHON) sample_models/make.py --check
	$(PYTHON) -m maskctl lint --strict sample_models

docs:
	$(PYTHON) docs/make.py

golden:
	MASKCTL_REGOLD=1 $(PYTHON) -m pytest -q tests/cli

models:
	$(PYTHON) sample_models/make.py
