# Ferry's two promises to a newcomer: `make demo` and `make test`.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

SWIFT_BUILD := swift build -c release
SWIFT_TEST := swift test -c release
BIN := .build/release
PREFIX ?= /usr/local
DEMO := .ferry-demo
PARITY_STAGES := ingest align import embed features
STAGES := synthesize fetch ingest align import embed shard train evaluate cross-test features \
  predict export report

.PHONY: help packages build demo test lint parity exports tutorial bench fuzz asan sanitize docs install clean

help: ## Show this list.
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

packages: ## Install the system packages that are missing (Debian and Ubuntu).
	@scripts/install-packages

build: packages ## Build the driver and every stage.
	$(SWIFT_BUILD)

demo: build ## From nothing to a cross-dataset table: synthesize, train, test, report.
	@$(BIN)/ferry run pipelines/demo.yaml --workspace $(DEMO)
	@$(BIN)/ferry-report table --format text $(DEMO)/artifacts/test/evaluation $(DEMO)/artifacts/cross/evaluation
	@echo "The page: $(DEMO)/artifacts/page/page/index.html"

test: packages ## Build and run every test.
	$(SWIFT_BUILD) --build-tests
	FERRY_BINARIES="$$($(SWIFT_BUILD) --show-bin-path)" $(SWIFT_TEST) --skip-build

lint: ## Check formatting, the way CI does.
	swift format lint --strict --recursive Package.swift Sources Tests Fuzz

parity: packages ## Compare full-size networks and tokenisers with their references; PYTHON has torch.
	for name in benchmark-language benchmark-training $(PARITY_STAGES:%=ferry-%); do \
	  $(SWIFT_BUILD) --product $$name; done
	$(or $(PYTHON),python3) Tests/Golden/text_encoders.py check $(BIN)/benchmark-language
	$(or $(PYTHON),python3) Tests/Golden/tokenisers.py check $(BIN)/benchmark-language 5000
	$(or $(PYTHON),python3) Tests/Golden/text_models.py $(BIN) $(SENTENCE_ENCODER)
	$(or $(PYTHON),python3) Tests/Golden/features.py $(BIN)
	$(or $(PYTHON),python3) Tests/Golden/networks.py $(BIN)/benchmark-training
	$(or $(PYTHON),python3) Tests/Golden/twenty_steps.py $(BIN)/benchmark-training

exports: build ## Hold exported models to onnxruntime, torchvision and timm; PYTHON has them.
	scripts/check-exports $(BIN)

tutorial: build ## Run the commands of docs/tutorial.md, word for word, in an empty folder.
	scripts/tutorial $(BIN)

bench: build ## Measure against the peers; PYTHON names an interpreter that has torch.
	Benchmarks/training
	Benchmarks/pipelines
	Benchmarks/language
	Benchmarks/datasets
	Benchmarks/weights
	@if [ -n "$${FERRY_TEST_DATA:-}" ]; then \
	  Benchmarks/faces "$$FERRY_TEST_DATA"; Benchmarks/predict "$$FERRY_TEST_DATA"; \
	else echo "Benchmarks/faces, predict: skipped, FERRY_TEST_DATA does not name the test photos"; fi

fuzz: packages ## Feed every reader with damaged files, SECONDS each (default 10), under ASan.
	scripts/fuzz $(or $(SECONDS),10)

asan: packages ## Only the damaged files that are no matter of chance, under AddressSanitizer.
	scripts/fuzz 0

sanitize: packages ## The engine's tests under ThreadSanitizer and under AddressSanitizer.
	scripts/sanitize thread
	scripts/sanitize address

docs: build ## Write the stages' reference pages from their contracts.
	@mkdir -p docs/reference
	@for stage in $(STAGES); do \
	  $(BIN)/ferry-$$stage describe --format markdown > docs/reference/$$stage.md; \
	done

install: build ## Install under PREFIX (default /usr/local): programs, manual pages, completions.
	scripts/install-files "$(BIN)" "$(DESTDIR)$(PREFIX)" $(STAGES)

clean: ## Remove the build and the demo's workspace.
	rm -rf .build $(DEMO)
