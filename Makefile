# The two commands of the README: make up, make test. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# One Mac (SHAPE=mvp) or the whole hospital; STACK is what `make preview` looks at.
SHAPE ?= prod
STACK ?= lab
NAME ?= http-failover
RUNS ?= 3
# How many clinicians `make load` signs in, for how long, and how many requests a minute they are to make.
USERS ?= 200
DURATION ?= 120
RATE ?= 1500
# Whose images `make bundle` copies, and the hospital's signing key.
PROCESSOR ?= arm64
KEY ?= bundle-signing-key
export PRONTUARIO_LAB ?= $(if $(filter mvp,$(SHAPE)),hospital-mvp,hospital)

ifeq ($(filter $(SHAPE),prod mvp),)
$(error SHAPE=$(SHAPE): there is prod (the whole hospital) and mvp (one Mac))
endif

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
LAB_STACK := $(if $(filter mvp,$(SHAPE)),lab-mvp,lab)

$(VENV)/ready: requirements.txt
	@echo "python: installing $(shell grep -c '==' requirements.txt) pinned requirements into $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "Python 3.11 is needed, as on the machines: name it with make PYTHON=/path/to/python3.11 (found: $$($(PYTHON) --version 2>&1))" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check "$$(sed -n 's/^\(uv==[0-9.]*\).*/\1/p' requirements.txt)"
	@$(VENV)/bin/uv pip install --quiet --require-hashes -r requirements.txt
	@echo "$(CURDIR)" > "$$($(PY) -c 'import site; print(site.getsitepackages()[0])')/prontuario.pth"
	@touch $@

.PHONY: help up down status detector-status replace upgrade preview test test-fast drill load doctor clean distclean release bundle bundle-pins lint lock page sbis schema

help:  ## List what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

up: $(VENV)/ready  ## Build what is missing, boot the virtual hospital, deploy it (SHAPE=mvp: one Mac)
	@$(PY) -m toolchain build
	@$(PY) -m toolchain build --cluster
	@$(PY) -m lab image
	@$(PY) -m lab.images build
	@$(PY) -m app.release --part plain
	@$(PY) -m lab up --stack $(LAB_STACK)
	@$(PY) -m lab exec -- $(PY) -m lab.stack up --stack $(LAB_STACK)

down: $(VENV)/ready  ## Power the virtual hospital off and forget it; nothing stays but caches
	@$(PY) -m lab down

status: $(VENV)/ready  ## Say which machines run, who holds the address, where to connect
	@$(PY) -m lab status

detector-status: $(VENV)/ready  ## What the failure detectors see of each other, and decided (asks NODE=witness)
	@echo exec prontuario-detector | $(PY) -m lab shell $(or $(NODE),witness)

preview: $(VENV)/ready  ## What would change on STACK=lab|mvp|prod; needs no Mac, cloud account or network
	@$(PY) -m toolchain build
	@$(PY) -m toolchain.workspace preview --stack $(STACK)

test: $(VENV)/ready  ## Every test: the fast ones first, then engine, lab and drills
	@$(MAKE) --no-print-directory lint test-fast
	@$(PY) -m toolchain build --all
	@$(PY) -m toolchain build --cluster
	@$(MAKE) --no-print-directory release
	@$(PY) -m pytest -m "engine or build" tests
	@$(PY) -m lab image
	@$(PY) -m lab.images build
	@$(PY) -m pytest -m lab --durations=15 tests

test-fast: $(VENV)/ready  ## Tests that need neither engine nor a running lab; under a minute
	@$(PY) -m lab image
	@$(PY) -m pytest -n auto --durations=15 -m "not engine and not build and not lab" tests

drill: $(VENV)/ready  ## Break the hospital on purpose: NAME=http-failover RUNS=3
	@$(PY) -m lab exec -- $(PY) -m drills run $(NAME) --runs $(RUNS)

load: $(VENV)/ready  ## Let USERS=200 clinicians work, check every write: BASE=https://name [AUTHORITY=FILE CONNECT=ADDRESS PASSWORD=FILE]
	@$(PY) -m load --base "$(BASE)" --users $(USERS) --seconds $(DURATION) --rate $(RATE) $(if $(AUTHORITY),--authority "$(AUTHORITY)") $(if $(CONNECT),--connect "$(CONNECT)") $(if $(PASSWORD),--password "$(PASSWORD)")

replace: $(VENV)/ready  ## Make a machine a new member of the cluster: NODE=mac-b
	@$(PY) -m lab exec -- $(PY) -m infra.operations.replace "$(NODE)" --stack $(LAB_STACK)

upgrade: $(VENV)/ready  ## Take the cluster to this checkout's Kubernetes, one machine after the other
	@$(PY) -m toolchain build --cluster
	@$(PY) -m lab.images build
	@$(PY) -m app.release --part plain
	@$(PY) -m lab exec -- $(PY) -m infra.operations.upgrade --stack $(LAB_STACK)

doctor: $(VENV)/ready  ## What is installed, what would be built, and what each costs
	@$(PY) -m toolchain doctor
	@$(PY) -m lab doctor

lint: $(VENV)/ready  ## ruff and mypy --strict
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy .

release: $(VENV)/ready  ## Build the service's immutable release for every architecture
	@$(PY) -m app.release --arch x86_64
	@$(PY) -m app.release --arch aarch64

bundle: $(VENV)/ready  ## For a hospital: copy upstream's images by digest and sign them (PROCESSOR=arm64 KEY=FILE)
	@$(PY) -m toolchain build --cluster
	@$(PY) -m lab.images copy --processor $(PROCESSOR) --key "$(KEY)"
	@$(PY) -m app.release
	@$(PY) -m lab.images services --key "$(KEY)"

bundle-pins: $(VENV)/ready  ## Write down which digest each of upstream's images has today, for review
	@$(PY) -m lab.images pin

lock: $(VENV)/ready  ## Pin requirements.in and those in app/ anew
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url requirements.in -o requirements.txt
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url -c requirements.txt app/requirements.in -o app/requirements.txt
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url -c requirements.txt app/requirements-plain.in -o app/requirements-plain.txt
	@$(VENV)/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url -c requirements.txt app/requirements-face.in -o app/requirements-face.txt

page: $(VENV)/ready  ## Write docs/drills.md from the last results in build/drills
	@$(PY) -m drills.page

sbis: $(VENV)/ready  ## Write docs/sbis.md: which requirement is shown by which test
	@$(PY) -m tests.sbis.page

schema: $(VENV)/ready  ## Write infra/schema/stack.schema.json from the models
	@$(PY) -m infra.config.schema

clean:  ## Remove what this checkout built; downloads and the toolchain stay in the user's cache
	@rm -rf build $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: $(VENV)/ready  ## Also remove the user's cache: toolchain, machine image
	@$(PY) -m toolchain clean --all
	@if [ "$$(uname)" = Linux ]; then $(PY) -m lab down && $(PY) -m lab image --remove; fi
	@$(MAKE) --no-print-directory clean
