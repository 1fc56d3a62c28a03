# What developers do. README.md says how to install what these need.
.PHONY: help check lint types test night bench demo requirements
.DEFAULT_GOAL := help

help:          ## this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 24

check: lint types test  ## everything that has to hold before a change lands
	bot check

lint:          ## style
	ruff check .

types:         ## types
	mypy

test:          ## the tests
	python -m pytest -n 2

night:         ## the long proof, all of it (some hours): docs/proof.md
	python tests/faults/night.py --programs --report night.md
	python tests/faults/flowfiles.py

bench:         ## the project of the load test, for a driver on port 9000
	bot run --config tests/bench/load/config.yaml --log warning

demo:          ## try it
	bot demo

requirements:  ## pin the dependencies of pyproject.toml anew, with hashes and no address in them
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links --upgrade \
	  pyproject.toml -o requirements/core.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links \
	  pyproject.toml --extra dev -c requirements/core.txt -o requirements/dev.txt
