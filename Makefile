# The commands that people type. `make run` and `make test` work from a fresh
# clone on a bare Debian 12; see README.md.

.PHONY: help run build install setup test test-swift test-clients test-clients-all test-long bench format lint train-supervisor clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

run: ## Install what is missing, build, fetch the model, start on 127.0.0.1:8080
	@Scripts/run.sh

setup: ## Install the system packages that a build needs
	@Scripts/setup.sh

build: setup ## Build in release mode
	@swift build -c release --product holdfast
	@swift build -c release --product holdfast-verify

PREFIX ?= /usr/local

install: setup ## Install both programs, which then need no toolchain, and a systemd unit: PREFIX=/usr/local
	@Scripts/install.sh "$(PREFIX)"

test: setup ## All tests, ending in a summary
	@Scripts/test.sh

test-long: setup ## All tests, with the long fuzzing, ten minutes under the address sanitizer, 200 kills, standards that flap, a primary that flaps for a minute, and Java's client
	@HOLDFAST_LONG=1 HOLDFAST_JAVA=1 HOLDFAST_SANITIZED_SECONDS=600 HOLDFAST_FUZZ_SECONDS=60 HOLDFAST_FLAP_SECONDS=60 HOLDFAST_KILLS=200 HOLDFAST_VETO_STEPS=50 HOLDFAST_VETO_EXAMPLES=30 Scripts/test.sh

test-clients-all: build ## Every other client and agent that we know of, over a pulled model
	@Tests/Clients/run.sh --suite everyone

bench: build ## Measure against peers, print ratios, write Benchmarks/RESULTS.md
	@swift build -c release --product holdfast-measure
	@python3 Benchmarks/run.py

format: ## Format all Swift sources
	@swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources

lint: ## Check formatting, module boundaries, the first words of doc comments, and that no test depends on the speed of the machine
	@swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources
	@python3 Scripts/boundaries.py
	@python3 Scripts/comments.py
	@python3 Scripts/test_clocks.py

DATA ?= ../shared/data/supervision

train-supervisor: ## Fetch harmless texts, train the first stage of supervision, write its weights: DATA=../shared/data/supervision
	@python3 Benchmarks/supervision/harmless.py
	@swift run -c release holdfast-train first-stage --data "$(DATA)"

clean: ## Remove what was built; .holdfast (model, keys) stays
	@rm -rf .build Benchmarks/.build Benchmarks/.work .holdfast/test-venv*
