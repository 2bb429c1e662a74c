# The commands a person types. Each installs what it needs, says what it does and how long it took.
#   JOBS=N     compilers at once (default: one per processor, as far as there are 2 GB of memory for each)
#   PRESET=ci  another of CMakePresets.json for test, check and demo (default: dev); ci is dev with warnings as errors
#   CONFIGURE="-D..."  further arguments for cmake
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

JOBS ?= $(shell awk -v cpus=$$(nproc) '/MemTotal/ {n = int($$2 / 2e6); print n < 1 ? 1 : n < cpus ? n : cpus}' /proc/meminfo)
PRESET ?= dev
CONFIGURE ?=
BUILD := build/$(PRESET)
QUIVER := $(BUILD)/quiver/cli/quiver
STEP := tools/step

# $(call build,PRESET): configure and build one preset.
define build
	@$(STEP) "configure $(1)" cmake --preset $(1) --log-level=WARNING $(CONFIGURE)
	@$(STEP) "build $(1) with $(JOBS) jobs" cmake --build build/$(1) --parallel $(JOBS)
endef

# $(call ctest,FOLDER): the command that runs every test of a build folder.
ctest = ctest --test-dir $(1) --output-on-failure --parallel $(JOBS) --no-tests=error
# The thread sanitizer of g++ 12 cannot start where the kernel spreads addresses too widely; this keeps them together.
FIXED_ADDRESSES := $(shell setarch -R true 2>/dev/null && echo setarch -R)

.NOTPARALLEL:  # steps follow one another; JOBS is what runs side by side
# Idle OpenMP threads that spin steal the other core from whoever works; Quiver gives torch a second thread only if they wait.
export OMP_WAIT_POLICY ?= passive

.PHONY: help demo test check core format tidy clean bootstrap build gates docs recipes sanitizers neon instructions

help:  ## Show these lines
	@echo "New here? Type: make demo    (installs what is missing, builds Quiver, and runs it on a real corpus)"
	@echo
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  make %-12s %s\n", $$1, $$2}'
	@echo
	@sed -n '2,4s/^# //p' Makefile

demo: build  ## Learn, compress, index and search WordNet's definitions; results in demo-out/
	@$(STEP) "demo" $(QUIVER) demo --out demo-out

test: build  ## Build everything and run every test
	@rm -rf $(BUILD)/gtest
	@export GTEST_OUTPUT=xml:$(abspath $(BUILD))/gtest/; \
	$(STEP) "unit tests" $(call ctest,$(BUILD)) 2>&1 | tee $(BUILD)/ctest.txt
	@$(STEP) "skipped tests" tools/check_skips $(BUILD)/gtest
	@$(STEP) "tests of the tools" python3 -m unittest discover -q -s tools/tests -t tools -p '*_test.py'
	@$(STEP) "behaviour tests" tools/run_behaviour --build $(BUILD)

check: gates tidy docs recipes instructions neon sanitizers  ## Everything beyond the tests: style, docs, recipes, costs, Arm, sanitizers

core:  ## Build what searching needs, without torch and without tests
	@tools/bootstrap --only core
	$(call build,core)

bootstrap:  ## Install the Debian packages that are missing
	@tools/bootstrap

build: bootstrap
	$(call build,$(PRESET))

gates: build  ## Layers, lengths, words, format, change notes and licences
	@$(STEP) "format" tools/format --check
	@$(STEP) "layers" tools/check_layers
	@$(STEP) "lengths" tools/check_lengths
	@$(STEP) "words" tools/check_words
	@$(STEP) "change notes" tools/changelog --check
	@$(STEP) "table of recipes" tools/recipe_table --check
	@$(STEP) "licences" tools/check_licences $(BUILD)

# The preset recipe compiles every file by itself, which is how clang-tidy must see it; it is only configured here.
tidy: bootstrap  ## clang-tidy over every module that does not see torch
	@$(STEP) "configure recipe" cmake --preset recipe --log-level=WARNING $(CONFIGURE)
	@$(STEP) "tidy" tools/tidy --build build/recipe --jobs $(JOBS)

docs: demo  ## Run the commands shown in the documentation and compare what they print
	@$(STEP) "docs" tools/run_docs --build $(BUILD)

recipes: build  ## Quick reproductions of recipes that changed since their results, and of one more in turn
	@$(STEP) "quick reproductions" tools/quick_recipes --build $(BUILD)

# Under sanitizers a compilation costs several times as much: the unit and property tests of the modules that handle memory,
# files and threads are built, not every program; for races, of those that start threads.
SANITIZED := simd_test core_test data_test compress_test model_test index_test property_test
THREADED := core_test index_test property_test
# $(call sanitize,PRESET,TESTS,BEFORE CTEST)
define sanitize
	@$(STEP) "configure $(1)" cmake --preset $(1) --log-level=WARNING $(CONFIGURE)
	@$(STEP) "build $(1) with $(JOBS) jobs" cmake --build build/$(1) --parallel $(JOBS) --target $(2)
	@$(STEP) "tests under $(1)" $(3) $(call ctest,build/$(1)) -R '^($(subst $(eval ) ,|,$(2)))$$'
endef

sanitizers: bootstrap  ## Tests of the torch-free modules under asan + ubsan, then tsan
	$(call sanitize,asan,$(SANITIZED),)
	$(call sanitize,tsan,$(THREADED),env TSAN_OPTIONS=suppressions=$(CURDIR)/cmake/tsan.supp $(FIXED_ADDRESSES))

instructions: build  ## Count the instructions of fixed searches and compare them with those on record
	@$(STEP) "instructions" tools/instructions $(BUILD)

neon: bootstrap  ## The kernels of 64-bit Arm: cross-compiled, and tested on emulated processors
	$(call build,aarch64)
	@$(STEP) "tests on emulated Arm" $(call ctest,build/aarch64)

format:  ## Lay out every C++ file as .clang-format says
	@tools/format

clean:  ## Remove every build folder and the demo's output
	rm -rf build demo-out
