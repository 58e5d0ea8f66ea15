# What is done to the project, by name. `make` alone lists the tasks. What is done to an account is
# scripts/resource-repair.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# These were tasks. They do nothing any more, and no variable that is set beside them is looked at:
# so this comes before all else.
VERBS := provision apply doctor verify evaluate sweep redrive status publish invoke audit test-alert \
  report pause resume undo remove check-deploy
ifneq ($(filter $(VERBS),$(MAKECMDGOALS)),)
$(error nothing was done. Say: $(foreach verb,$(filter $(VERBS),$(MAKECMDGOALS)),scripts/resource-repair $(verb)) (--help lists its options))
endif

PYTHON ?= python3
VENV   := .venv
RUN    := $(VENV)/bin/python -m
# What an operator needs, and what the tests and checks need besides.
READY  := $(VENV)/.ready
DEV    := $(VENV)/.ready-dev
# The locks are whole: nothing is resolved, so that what an index has besides cannot matter. Each
# file is taken by its hash. `pip check` says whether a lock is whole.
INSTALL = $(RUN) pip install --quiet --disable-pip-version-check --no-compile \
  --no-deps --require-hashes --no-build-isolation --use-pep517
CHECK   = found=$$($(RUN) pip --disable-pip-version-check check) || { echo "$$found" >&2; exit 1; }

# code/ is what is deployed: no byte code beside it. What is imported is compiled when it first is,
# which is a part of what is installed.
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/byte-code
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help
help:
	@awk -F ':.*## ' '/^##@ / {print "\n" substr($$0, 5) ":"} \
	  /^[a-z-]+:.*## / {printf "  make %-13s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nwhat is done to an account: scripts/resource-repair --help\n'

# Which Function Compute it goes on: 2.0, or with GENERATION=3 that.
ON := $(if $(GENERATION),--generation '$(GENERATION)')

##@ see it

.PHONY: demo
demo: $(READY)  ## Watch the closed loop on the embedded local cloud, no account needed (GENERATION=3: on Function Compute 3.0)
	@$(RUN) scripts.stage.demo $(ON)

.PHONY: cloud
cloud: $(READY)  ## Keep the local cloud up and print what to export to use it (ARGS=--deployed: with the product)
	@$(RUN) scripts.stage.serve $(ARGS)

##@ change it

# Several at a time on any machine: half of a test's time is waiting. What a run writes is in a folder
# of its own, so that two may go on at once.
AT_ONCE   := --dist worksteal -n
IN_ITS_OWN = own=$$(mktemp -d) && trap 'rm -rf "$$own"' EXIT && export COVERAGE_FILE="$$own/coverage"

# The function's own tests: they alone are to cover code/, and run apart, since coverage is slow.
ON_THE_WIRE := $(addprefix tests/contract/test_,connections.py handler.py hostile_wire.py \
  https_on_the_wire.py oss_denials.py oss_gateway.py oss_logging.py oss_policies_on_the_wire.py oss_state.py)
OWN_TESTS := $(ON_THE_WIRE) $(addprefix tests/unit/test_,audit_and_settle.py batch.py blunders.py \
  bucket_acl.py bucket_acl_promises.py damaged_messages.py envelopes.py exempt_tag.py exemptions.py \
  https.py judge.py naming.py notification.py oss_answers.py policy.py remediations.py repair.py \
  settings.py timing.py ways.py)

# The local cloud's own tests: it could be lifted out, and they with it.
CLOUD_TESTS := $(filter-out $(ON_THE_WIRE),$(wildcard tests/unit/test_localcloud_*.py $(addprefix \
  tests/contract/test_,alert_calls.py cloud_by_hand.py config_*.py coverage_table.py fc_*.py log_*.py \
  local_*.py mns_*.py oss_*.py pop_*.py ram_*.py results.py rollback.py serverless_*.py spreading.py \
  stranger.py sts_*.py)))

.PHONY: test
test: $(DEV)  ## Run the tests, with the coverage of code/; of the bad days, and on Function Compute 3.0, a sample
	@$(IN_ITS_OWN) && $(RUN) pytest $(AT_ONCE) 6 -m "not bad_days" \
	  $(addprefix --ignore=,$(OWN_TESTS) $(CLOUD_TESTS))
	@$(IN_ITS_OWN) && $(RUN) pytest $(AT_ONCE) 4 --cov --cov-report=term:skip-covered $(OWN_TESTS)
	@$(MAKE) --no-print-directory test-bundle

# What goes over the wire looks into what is deployed, too: there oss2 has stand-ins beside it.
.PHONY: test-bundle
test-bundle: $(DEV)  ## Run the function's tests of what it sends on the bundle in place of code/
	@$(IN_ITS_OWN) && $(RUN) scripts.bundling.bundle --output "$$own" >&2 \
	  && $(RUN) pytest $(AT_ONCE) 4 -o pythonpath="'$$own/function' ." $(ON_THE_WIRE)

.PHONY: test-cloud
test-cloud: $(DEV)  ## Run the local cloud's own tests, and see that its table of fidelity is true
	@$(IN_ITS_OWN) && $(RUN) pytest -p tests.fidelity $(AT_ONCE) 6 -m "not bad_days" $(CLOUD_TESTS)

.PHONY: test-all
test-all: $(DEV)  ## Run all tests, every bad day and all end-to-end on Function Compute 3.0 too (some minutes)
	@$(IN_ITS_OWN) && $(RUN) pytest $(AT_ONCE) 4

# The product on the strict cloud, with all that can happen at once; some minutes a seed.
SEEDS    ?= 20
MESSAGES ?= 2000
FIRST    ?= 1
.PHONY: storm
storm: $(DEV)  ## Messages, faults, owners and verbs at once, by seed; a checker holds the promises
	@$(RUN) tests.storm --seeds $(SEEDS) --messages $(MESSAGES) --first $(FIRST) $(ON) \
	  $(foreach each,$(SET),--set '$(each)')

# With a seed of its own, and its failures are to be repeated with that (which Hypothesis tells).
.PHONY: explore
explore: $(DEV)  ## Look for inputs that no property holds for (SEED=number gives the same again)
	@$(RUN) pytest -n 4 -m hypothesis --hypothesis-profile=explore \
	  $(if $(SEED),--hypothesis-seed="$(SEED)")

.PHONY: lint
lint: $(DEV)  ## Check style, types, floors, workflows, code/'s Python 3.6, the exemptions' dates, the tables in documents
	@$(RUN) ruff check
	@$(RUN) ruff format --check
	@$(RUN) mypy code scripts
	@PYTHONPATH=code:. $(VENV)/bin/lint-imports --no-cache --no-logo >/dev/null || \
	  PYTHONPATH=code:. $(VENV)/bin/lint-imports --no-cache
	@$(VENV)/bin/zizmor --offline --quiet --strict-collection .github
	@$(VENV)/bin/shellcheck .ci/run scripts/resource-repair
	@$(VENV)/bin/vermin --quiet --no-tips --target=3.6- --violations code
	@$(RUN) scripts check-exemptions
	@$(RUN) scripts.docs.permissions --check
	@$(RUN) scripts.localcloud.coverage --check

.PHONY: format
format: $(DEV)  ## Put code and tests into the house's form
	@$(RUN) ruff check --fix --quiet
	@$(RUN) ruff format

##@ deploy it

.PHONY: bundle
bundle: $(READY)  ## Make what Function Compute runs: build/function.zip (FULL=1: unpruned, in build/full/)
	@$(RUN) scripts.bundling.bundle $(if $(FULL),--full)

.PHONY: sbom
sbom: $(READY)  ## Write what the bundle is made of: build/sbom.cdx.json (CycloneDX)
	@$(RUN) scripts.upkeep.sbom

.PHONY: template
template: $(READY)  ## Make the template that `s init` takes, of the files under git: build/template/
	@$(RUN) scripts.upkeep.template

##@ keep it up

.PHONY: check-install
check-install: $(READY)  ## Try the installation on every Python here, and with newer releases out
	@$(RUN) tests.installation

.PHONY: foreign
foreign: $(READY)  ## Try SDKs that this project does not use on the local cloud (needs pip's index, npm)
	@$(RUN) tests.foreign

.PHONY: bench
bench: $(DEV)  ## Measure it beside the tutorial's way and the floor (ARGS=--quick for a look)
	@$(RUN) scripts.bench $(ARGS)

.PHONY: permissions
permissions: $(READY)  ## Write the verbs' permissions, as their code declares them, into docs/permissions.md
	@$(RUN) scripts.docs.permissions
	@$(RUN) tests.permission_map

.PHONY: fidelity
fidelity: $(DEV)  ## Write how faithful the local cloud is, as its tests show, into docs/local-cloud.md
	@$(IN_ITS_OWN) && $(RUN) pytest -p tests.fidelity --write-fidelity $(AT_ONCE) 6 \
	  -m "fidelity and not bad_days" $(CLOUD_TESTS)

.PHONY: coverage
coverage: $(READY)  ## Write what the local cloud covers, as its tables declare it, into its COVERAGE.md
	@$(RUN) scripts.localcloud.coverage --write

.PHONY: lock
LOCK := uv pip compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(UPGRADE)
LOCK_SCRIPTS := $(LOCK) --universal --python-version 3.10
LOCK_FUNCTION := $(LOCK) --no-deps --no-annotate
lock:  ## Pin all dependencies again, with hashes (needs uv)
	$(LOCK_SCRIPTS) --group build --output-file scripts/requirements-build.txt
	$(LOCK_SCRIPTS) --group upkeep --output-file scripts/requirements-upkeep.txt
	$(LOCK_SCRIPTS) --group dev --output-file scripts/requirements-dev.txt
	$(LOCK_SCRIPTS) --group operator --constraint scripts/requirements-dev.txt --output-file scripts/requirements.txt
	cd code/requirements && $(LOCK_FUNCTION) --python-version 3.10 function.in --output-file function.txt
	cd code/requirements && $(LOCK_FUNCTION) --python-version 3.10 full.in --output-file full.txt
	cd code/requirements && $(LOCK_FUNCTION) --python-version 3.9 platform.in --output-file platform.txt

.PHONY: refresh
refresh:  ## Move all pins to the newest, the certificate authorities too, and lock them (needs uv)
	@"$(PYTHON)" -B -m scripts.upkeep.refresh
	@$(MAKE) --no-print-directory lock UPGRADE=--upgrade

.PHONY: vulnerable
vulnerable: $(READY)  ## Ask OSV whether a locked version is known to be vulnerable (needs its API)
	@$(RUN) scripts.upkeep.vulnerable

.PHONY: clean
clean:  ## Remove what was built or installed here
	rm -rf build $(VENV) .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Made again when a lock changes; a half-made one is no ready one.
$(READY): scripts/requirements-build.txt scripts/requirements.txt
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON) here. Install the package python3 (sudo apt install python3), or name another: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -B scripts/this_python.py
	@echo "Installing what the scripts need into $(VENV) (once; half a minute or so)" >&2
	@test ! -L $(VENV) || rm $(VENV)  # or what it leads to would be cleared
	@"$(PYTHON)" -m venv --clear $(VENV)
	@$(INSTALL) --requirement scripts/requirements-build.txt
	@$(INSTALL) --requirement scripts/requirements.txt
	@# From Python 3.12 on oss2 is compiled with warnings: now, for those who run by make, and not.
	@for cache in "$$PYTHONPYCACHEPREFIX" ""; do \
	  PYTHONPYCACHEPREFIX="$$cache" $(VENV)/bin/python -W ignore -c 'import oss2'; done
	@$(CHECK)
	@touch $@

$(DEV): $(READY) scripts/requirements-dev.txt
	@echo "Installing what tests and checks need besides (once; a quarter of a minute or so)" >&2
	@$(INSTALL) --requirement scripts/requirements-dev.txt
	@$(CHECK)
	@touch $@
