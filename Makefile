# Every target brings what it needs: Python 3.11+, Node 20+ and make are enough to start with.
PYTHON ?= python3
PORT ?= 4566
SETTINGS ?=
N ?= 20
SEED ?=
LIMIT ?= 50
TRANSFER ?=
# Links come from strangers' reports: neither make nor the shell may expand what is in one.
override TRANSFER := $(value TRANSFER)
export TRANSFER
UNDO ?=
SLOW ?=
YES ?=
# What operators do concerns AWS, unless somebody says a port.
LOCAL = $(if $(filter-out file,$(origin PORT)),--port $(PORT))

.DEFAULT_GOAL := help
.PHONY: help run test test-browsers chaos bench load bootstrap deploy diff destroy verify redrive transfers takedown erase synth format lint clean

help:  ## Say what there is
	@echo "make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

run:  ## Start Sidestep on this machine alone, until Ctrl-C [PORT=4566 SETTINGS="max_files=500"]
	@exec $(PYTHON) -m infra.local run --port $(PORT) --set $(SETTINGS)

test:  ## Run every check there is
	@exec $(PYTHON) -m infra.check test

test-browsers:  ## Send, resume and receive in Chromium, Firefox and WebKit
	@exec $(PYTHON) -m infra.check browsers

chaos:  ## Break uploads in so many other ways than make test does, or in one way again [N=20 SEED=]
	@CHAOS_RUNS=$(N) CHAOS_SEED=$(SEED) exec $(PYTHON) -m infra.check chaos

bench:  ## Measure it against Uppy, boto3 and the link itself; writes docs/benchmarks.md
	@exec $(PYTHON) -m infra.check bench

load:  ## Have 200 senders and 500 recipients come, each once a minute; writes docs/load.md
	@exec $(PYTHON) -m infra.check load

lint:  ## Run the checks that run no code: format, rules, types
	@exec $(PYTHON) -m infra.check lint

format:  ## Format the Python code and mend what ruff can
	@exec $(PYTHON) -m infra.check format

bootstrap:  ## Prepare your AWS account and region for CDK; once per account and region
	@exec $(PYTHON) -m infra.aws bootstrap

deploy:  ## Deploy to AWS with settings.toml and SETTINGS; asks before a setting changes [SETTINGS=… YES=1]
	@exec $(PYTHON) -m infra.aws deploy $(SETTINGS) $(if $(filter 1,$(YES)),--yes)

diff:  ## Show what make deploy would change on AWS [SETTINGS=…]
	@exec $(PYTHON) -m infra.aws diff $(SETTINGS)

destroy:  ## Delete the deployment from AWS, but not the files; asks first
	@exec $(PYTHON) -m infra.aws destroy

verify:  ## Test the deployment on AWS or, with PORT, the local cloud; print a report [PORT=4566 SLOW=1 TOKEN=…]
	@exec $(PYTHON) -m infra.verify $(if $(filter 1,$(SLOW)),--slow) $(LOCAL)

redrive:  ## Try the dead letters again, on AWS or, with PORT, in the local cloud [PORT=4566]
	@exec $(PYTHON) -m infra.aws redrive $(LOCAL)

transfers:  ## List what was sent, newest first, on AWS or, with PORT, in the local cloud [LIMIT=50 PORT=4566]
	@exec $(PYTHON) -m infra.operate transfers --limit $(LIMIT) $(LOCAL)

takedown:  ## Block a transfer at once and keep the evidence; UNDO gives it back [TRANSFER=… UNDO=1 PORT=4566]
	@exec $(PYTHON) -m infra.operate $(if $(filter 1,$(UNDO)),restore,takedown) --transfer "$$TRANSFER" $(LOCAL)

erase:  ## Erase a blocked transfer and its evidence for good; asks first [TRANSFER=… PORT=4566]
	@exec $(PYTHON) -m infra.operate erase --transfer "$$TRANSFER" $(LOCAL)

synth:  ## Write the CloudFormation template to cdk.out [SETTINGS=…]
	@exec $(PYTHON) -m infra.aws synth $(SETTINGS)

clean:  ## Remove all that these targets made
	rm -rf .venv .venv-* node_modules .build .local cdk.out test-results .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
