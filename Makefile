# The commands of this repository. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

# The toolchain is on the path, or where swift.org's images put it.
export PATH := $(PATH):/opt/swift/usr/bin:/usr/libexec/swift/usr/bin
export PORT ?= 8080
export HOST ?= 127.0.0.1

VENV := .venv
TEST_FLAGS ?= --parallel
DEVICES ?= 10
SIMULATED_SECONDS ?= 120
FAULTS ?= all

.PHONY: help run test check bench simulate fuzz docs clean deps build

help: ## List these commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: deps ## Build, then serve on 127.0.0.1:$(PORT) with a private PostgreSQL and a demo organization
	@deploy/say "Building Constat (the first time takes some minutes)"
	swift build --product constat
	exec .build/debug/constat serve --seed

test: deps $(VENV)/test ## Build and run all tests
	@deploy/say "Building the tests (the first time takes some minutes)"
	swift build --build-tests
	deploy/say "Running the tests"
	swift test --skip-build $(TEST_FLAGS)

check: deps $(VENV)/contract ## Format, contract, architecture, deployment files
	@deploy/say "Format"
	swift format lint --strict --recursive --parallel Sources Tests Package.swift
	deploy/say "Contract"
	swift build --product constat
	.build/debug/constat openapi > .build/openapi.json
	$(VENV)/bin/openapi-spec-validator .build/openapi.json
	deploy/say "Architecture"
	swift test --filter ArchitectureTests
	deploy/say "Documentation"
	deploy/docs
	deploy/say "Deployment"
	if command -v docker > /dev/null && docker compose version > /dev/null 2>&1; then
	  docker compose config --quiet
	elif command -v docker-compose > /dev/null; then
	  docker-compose config --quiet
	else
	  echo "neither docker compose nor docker-compose is here: docker-compose.yml was not checked" >&2
	fi
	deploy/say "All is well"

bench: export EXTRA_PACKAGES = wrk
bench: deps $(VENV)/bench ## Measure the API against pgbench on the same SQL
	@deploy/say "Building for release (the first time takes some minutes)"
	swift build -c release --product constat
	exec Benchmarks/run

simulate: deps ## Try offline sync with all that can go wrong (DEVICES, SIMULATED_SECONDS, SEED, FAULTS)
	@deploy/say "Building for release (the first time takes some minutes)"
	swift build -c release --product constat
	exec .build/release/constat simulate --devices $(DEVICES) --seconds $(SIMULATED_SECONDS) --faults $(FAULTS) \
	  $(if $(SEED),--seed $(SEED))

fuzz: deps $(VENV)/fuzz ## Send schemathesis' requests to a fresh server
	@swift build --product constat
	exec deploy/fuzz

docs: deps ## Build the SDK's documentation
	@exec deploy/docs

clean: ## Remove what was built; the development database stays (.constat)
	rm -rf .build $(VENV)

deps:
	@deploy/install-dependencies

build: deps
	@swift build

$(VENV)/contract: deploy/requirements-check.txt
	@deploy/make-venv $(VENV) deploy/requirements-check.txt
	touch $@

$(VENV)/test: deploy/requirements-test.txt
	@deploy/make-venv $(VENV) deploy/requirements-test.txt
	touch $@

$(VENV)/bench: deploy/requirements-bench.txt
	@deploy/make-venv $(VENV) deploy/requirements-bench.txt
	touch $@

$(VENV)/fuzz: deploy/requirements-fuzz.txt
	@deploy/make-venv $(VENV) deploy/requirements-fuzz.txt
	touch $@
