# Every task by name. `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python -m
READY  := $(VENV)/.ready
# Everything by its hash, what builds the rest first.
INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes

# code/ is what is deployed: no byte code beside it.
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help
help:  ## List the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY)  ## Watch the closed loop on the embedded local cloud, no account needed
	@$(RUN) scripts.demo

.PHONY: test
test: $(READY)  ## Run all tests, with the coverage of code/
	@$(RUN) pytest -n 2 --cov --cov-report=term:skip-covered

.PHONY: lint
lint: $(READY)  ## Check style, types, code/'s Python 3.6, and the exemptions' dates
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy code scripts
	@$(VENV)/bin/vermin --quiet --no-tips --target=3.6- --violations code
	@$(RUN) scripts.check_exemptions

.PHONY: format
format: $(READY)  ## Put code and tests into the house's form
	@$(RUN) ruff check --fix --quiet
	@$(RUN) ruff format

.PHONY: bundle
bundle: $(READY)  ## Make what Function Compute runs: build/function/ and build/function.zip
	@$(RUN) scripts.bundle

.PHONY: check-deploy
check-deploy: $(READY)  ## Refuse what a deploy would get wrong in silence (s deploy runs it first)
	@$(RUN) scripts.check_rule_id

.PHONY: cloud
cloud: $(READY)  ## Keep the local cloud up and print what to export to use it
	@$(RUN) scripts.cloud

.PHONY: apply
apply: $(READY)  ## Bring s.yaml to the account without the Serverless Devs client (ARGS="--dry-run")
	@$(RUN) scripts.bundle >&2
	@$(RUN) scripts.apply $(ARGS)

.PHONY: lock
lock: $(READY)  ## Pin all dependencies again, with hashes (needs uv)
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --group dev --output-file scripts/requirements.txt
	uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header \
	  --no-emit-index-url --no-emit-find-links --group build --output-file scripts/requirements-build.txt
	uv pip compile --quiet --python-version 3.10 --generate-hashes --no-header --no-deps --no-annotate \
	  --no-emit-index-url --no-emit-find-links code/requirements/function.in \
	  --output-file code/requirements/function.txt

.PHONY: clean
clean:  ## Remove what was built or installed here
	rm -rf build $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Made again when the lock changes; a half-made one is no .ready one.
$(READY): scripts/requirements-build.txt scripts/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12")'
	@echo "Installing what the scripts and tests need into $(VENV) (once; half a minute or so)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) --requirement scripts/requirements-build.txt
	@$(INSTALL) --no-build-isolation --use-pep517 --requirement scripts/requirements.txt
	@touch $@
