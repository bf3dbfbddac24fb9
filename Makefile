# Everything that a person types. Each target makes .venv first, so that none needs another command before it.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
.DEFAULT_GOAL := help
.PHONY: help setup policy up down test test-long check aws images scan drill drill-ensemble model chaos controls bench bench-failover
SEED ?= 1
MINUTES ?= 5

help:  ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: .venv/ready  ## Make .venv with everything that the command line and the tests need

.venv/ready: requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

policy: policy/.venv/ready  ## Make the policy pack's own environment, for fleet preview --policies

policy/.venv/ready: policy/requirements.txt
	$(PYTHON) -m venv policy/.venv
	policy/.venv/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

up: setup  ## Start the sandbox and bring the fleet of Pulumi.local.yaml up on it
	$(BIN)/fleet up --stack local

down: setup  ## Stop the sandbox: no process and no port is left
	$(BIN)/fleet sandbox down

test: setup  ## Run the tests, on the real engine and real API servers
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not long"

test-long: setup policy  ## Run the tests that take long: updates cut off, regions away, policies, releases, AWS, mutants
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long

check: setup  ## Lint, types, schema and the rules of the house, in under a minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/fleet config schema --check
	$(BIN)/fleet config check
	$(BIN)/fleet lint
	$(BIN)/hadolint images/*/*Dockerfile
	$(BIN)/python -m pytest -q tests/unit/test_house.py

aws: .venv/moto/ready  ## Create against moto what the stack on AWS declares: it must take everything, and refuse mistakes
	$(BIN)/python -m pytest tests/moto

.venv/moto/ready: .venv/ready tests/moto/requirements.txt
	$(PYTHON) -m venv .venv/moto
	.venv/moto/bin/pip install --quiet --disable-pip-version-check -r tests/moto/requirements.txt
	touch $@

images: setup  ## Build every image that packages suffice for, and start each; wants root, buildah and mmdebstrap
	$(BIN)/fleet images build
	$(BIN)/python -m pytest tests/images

scan: .venv/scan/ready  ## Have checkov and kube-score look at everything that is rendered
	$(BIN)/python -m pytest tests/scanners

.venv/scan/ready: .venv/ready tests/scanners/requirements.txt
	$(PYTHON) -m venv .venv/scan
	.venv/scan/bin/pip install --quiet --disable-pip-version-check -r tests/scanners/requirements.txt
	touch $@

drill: setup  ## Break the code on purpose on the real engine: each mutant must be caught
	$(BIN)/python -m pytest tests/drills

drill-ensemble: setup  ## Break a real ensemble in all the ways we know, SEED=n: no acknowledged write may be lost
	$(BIN)/python -m drills.ensemble --seed $(SEED)

model: setup  ## Check the protocol's models in full, and that each weakness in them gives a counterexample
	$(BIN)/python -m pytest tests/model

chaos: setup  ## Kill, freeze, cut off and mislead agents, gates and ensemble, SEED=n MINUTES=m: never two that sign
	$(BIN)/python -m chaos --seed $(SEED) --minutes $(MINUTES)

controls: setup  ## Break failover on purpose: each mutant must be caught by chaos or the model; ONLY=options
	$(BIN)/python -m chaos.controls $(ONLY)

bench: setup  ## Measure again what bench/results holds
	$(BIN)/python -m bench

bench-failover: setup  ## Measure failover beside others, and the gate beside nginx; as root, an hour and a half
	$(BIN)/python -m bench.failover
