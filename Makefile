# Two commands do everything on a fresh machine: `make serve` and `make test`. Each first installs what is missing.
.DEFAULT_GOAL := help
.PHONY: help setup setup-test serve build dev lint test test-all test-unit test-e2e bench clean

# Flags for the server: make serve ARGS="--addr 0.0.0.0:8000"
ARGS ?=

help: ## This list
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1: /p' $(MAKEFILE_LIST) | column -t -s:

setup: ## Install what building and serving needs
	@scripts/setup.sh run

setup-test: ## Install what the tests need as well
	@scripts/setup.sh test

serve: build ## Build and serve at http://127.0.0.1:8000
	target/release/matinee $(ARGS)

build: setup ## Leave target/release/matinee and its site in target/site
	@scripts/with-env.sh cargo leptos build --release

dev: setup ## Serve and rebuild on every change
	@scripts/with-env.sh cargo leptos watch -- $(ARGS)

lint: setup-test ## Format, clippy on both sides, types of the tests, shell scripts
	@scripts/lint.sh

test: setup-test ## All tests
	@scripts/test.sh unit e2e

test-all: setup-test ## All tests, with every film of every kind in Chromium too, of which the others play ten
	@MATINEE_EVERY=all scripts/test.sh unit e2e

test-unit: setup-test ## Tests without a browser
	@scripts/test.sh unit

test-e2e: setup-test ## Tests in Chromium
	@scripts/test.sh e2e

bench: build setup-test ## Measure beside the pipeline that Matinee replaces; fails when an aim is missed
	@python3 bench

clean: ## Remove what was built
	rm -rf target end2end/test-results end2end/playwright-report
