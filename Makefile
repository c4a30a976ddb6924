# millrace: one Makefile. `make lab` is the tour, `make test` the whole suite, `make help` the rest.
#
# Every MODE (release, debug, asan, tsan, coverage, fuzz) has its own object tree under $(BUILD), so they
# stand side by side. A folder is an archive; a program links the archives of its own floor and below.

BUILD ?= build
MODE  ?= release
JOBS  ?= $(shell nproc)
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(MODE)),clang,gcc)
endif

# Folders by floor, lowest first (docs/architecture.md has the picture; `make layers` checks it).
FLOOR0 := lib/base
FLOOR1 := lib/kafka lib/os lib/pcap
FLOOR2 := broker/log broker/metadata broker/group workloads
FLOOR3 := broker/node
FLOOR4 := broker/server etl bench
FLOOR5 := cli

# A folder of the etl or the bench may have folders inside; they are parts of one archive.
sources = $(filter-out %_test.c,$(shell find $(1) -name '*.c' -not -path '*/seeded/*' 2>/dev/null | LC_ALL=C sort))
tests   = $(shell find $(1) -name '*_test.c' 2>/dev/null | LC_ALL=C sort)

FOLDERS := $(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3) $(FLOOR4) $(FLOOR5)
PRESENT := $(foreach f,$(FOLDERS),$(if $(call sources,$(f)),$(f)))

# Evaluated when this file is read: a target that installs packages must call make again to build.
PACKAGES := rdkafka jansson sqlite3 libpcre2-8 zlib liblz4 libzstd libcrypto libutf8proc expat
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lsnappy -lpthread -lm

WARN   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
CFLAGS_COMMON := -std=c17 -D_GNU_SOURCE -I. $(WARN) $(PKG_CFLAGS) -MMD -MP -g -fno-omit-frame-pointer
# Under a sanitizer lines are enough (-g1): following variables through what it adds takes gcc a third of the time.
CFLAGS_release  := -O2
CFLAGS_debug    := -O0
CFLAGS_asan     := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan     := -O1 -g1 -fsanitize=thread -DUNIT_PLAIN
CFLAGS_coverage := -O0 --coverage
CFLAGS_fuzz     := -O1 -g1 -Wno-string-concatenation -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ALL_CFLAGS = $(CFLAGS_COMMON) $(CFLAGS_$(MODE)) $(CFLAGS)
# What is measured and shipped is optimized; that a test is takes the compiler twice as long.
TEST_CFLAGS := $(if $(filter release,$(MODE)),-O0)
LINK_FLAGS = $(filter-out -fsanitize=fuzzer%,$(filter -fsanitize% --coverage,$(CFLAGS_$(MODE)))) $(LDFLAGS)

OBJ := $(BUILD)/$(MODE)
PROGRAM := $(if $(filter release,$(MODE)),$(BUILD)/millrace,$(OBJ)/millrace)

archive = $(OBJ)/$(subst /,_,$(1)).a
objects = $(patsubst %.c,$(OBJ)/%.o,$(filter-out $(LEFT_OUT),$(call sources,$(1))))
# What no fuzzer reaches; one that does will not link, and its folder goes from here.
LEFT_OUT := $(if $(filter fuzz,$(MODE)),$(addprefix etl/,batch/% changelog/% draft/% export/% plan/% quality/% stream/% warehouse/%))

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAM) ## build the program: build/millrace (MODE=debug, asan, tsan: build/MODE/millrace)

# Everything is built again when the compiler or a flag changes, and only then.
$(OBJ)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' >$@
.PHONY: FORCE
FORCE:

Q := $(if $(V),,@)
$(OBJ)/%.o: %.c $(OBJ)/flags
	@mkdir -p $(@D)
	$(if $(V),,@echo "  CC $(MODE) $<")
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter %_test.c,$<),$(TEST_CFLAGS)) -c $< -o $@

define ARCHIVE_RULE
$(call archive,$(1)): $(call objects,$(1))
	@rm -f $$@ && mkdir -p $$(@D) && $(AR) qcs $$@ $$^
endef
$(foreach f,$(PRESENT),$(eval $(call ARCHIVE_RULE,$(f))))

# Highest floor first, which is the order the linker wants.
reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
archives_of = $(foreach f,$(call reverse,$(1)),$(if $(filter $(f),$(PRESENT)),$(call archive,$(f))))
ARCHIVES := $(call archives_of,$(FOLDERS))

$(PROGRAM): $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(CC) $(LINK_FLAGS) -o $@ -Wl,--whole-archive $(call archive,cli) -Wl,--no-whole-archive $(ARCHIVES) $(PKG_LIBS)

# Folders of a lower floor than $(1), in link order.
floor_of = $(strip $(if $(filter $(1),$(FLOOR0)),0)$(if $(filter $(1),$(FLOOR1)),1)$(if $(filter $(1),$(FLOOR2)),2)$(if $(filter $(1),$(FLOOR3)),3)$(if $(filter $(1),$(FLOOR4)),4)$(if $(filter $(1),$(FLOOR5)),5))
below_0 :=
below_1 := $(FLOOR0)
below_2 := $(FLOOR0) $(FLOOR1)
below_3 := $(FLOOR0) $(FLOOR1) $(FLOOR2)
below_4 := $(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3)
below_5 := $(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3) $(FLOOR4)
below = $(foreach f,$(call reverse,$(below_$(call floor_of,$(1)))),$(if $(filter $(f),$(PRESENT)),$(f)))

# Inside a recipe: make again, in parallel unless the caller chose how.
AGAIN = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

# --- the two commands of the README ---

.PHONY: lab test check
lab: deps ## install what is missing, build, and run the whole tour: results/latest/report.html
	+@$(AGAIN) all
	$(BUILD)/millrace lab $(LAB_FLAGS)

test: deps deps-test ## install what is missing, build, and run the whole suite (ONLY="unit faults" for parts)
	+@$(AGAIN) all unit-programs
	@BUILD=$(BUILD) scripts/test.sh $(ONLY)

check: deps deps-test ## under a minute: build, floors, unit tests
	+@$(AGAIN) all unit-programs
	@BUILD=$(BUILD) scripts/test.sh layers unit

.PHONY: deps deps-test deps-dev deps-labs
deps: ## install the Debian packages that building and running needs and that are missing
	@scripts/deps.sh product
deps-test: ## the same for the test suite
	@scripts/deps.sh test labs-test
deps-labs: ## the same for the labs: a notebook in the browser, the sandbox of the grader
	@scripts/deps.sh product labs
deps-dev: ## the same for linters and fuzzers
	@scripts/deps.sh product test dev

# --- unit tests: `make unit` for all, `make unit-lib_kafka` for one folder ---
TESTED := $(foreach f,$(PRESENT),$(if $(call tests,$(f)),$(f)))
UNIT_MAIN := $(if $(filter tsan,$(MODE)),$(OBJ)/tests/unit_plain.o)$(if $(filter release,$(MODE)),$(OBJ)/tests/unit_threads.o)
UNIT_LIBS := $(if $(filter tsan,$(MODE)),,-lcriterion)
unit_program = $(OBJ)/unit/$(subst /,_,$(1))
# The test library comes before the archives: its main must win over the one in cli/main.c.
# Criterion calls a test passed when its process leaks at its very end: under ASan a report is a failure by itself.
# A release run that passes leaves in PROGRAM.threads which of the tests started a thread (tests/unit_threads.c).

define UNIT_RULE
$(call unit_program,$(1)): $(patsubst %.c,$(OBJ)/%.o,$(call tests,$(1))) $(UNIT_MAIN) $(call archive,$(1)) $(foreach g,$(call below,$(1)),$(call archive,$(g)))
	@mkdir -p $$(@D)
	$(Q)$(CC) $$(LINK_FLAGS) -o $$@ $$(filter %.o,$$^) $(UNIT_LIBS) $$(filter %.a,$$^) $$(PKG_LIBS)
.PHONY: unit-$(subst /,_,$(1))
unit-$(subst /,_,$(1)): $(call unit_program,$(1))
	@echo "unit tests of $(1) ($(MODE))"
	@rm -f $$<.report.* $$<.starts
	@$$(if $$(filter asan,$$(MODE)),ASAN_OPTIONS=log_path=$$(abspath $$<).report) UNIT_THREADS=$$(abspath $$<).starts \
	    timeout 600 $$< $$(UNIT_ONLY); status=$$$$?; ! cat $$<.report.* 2>/dev/null || status=1; \
	    $$(if $$(filter release,$$(MODE)),[ $$$$status -ne 0 ] || { touch $$<.starts && LC_ALL=C sort -u $$<.starts >$$<.threads; } || status=1;) \
	    exit $$$$status
$(call unit_program,$(1)).threads: $(call unit_program,$(1))
	+@$$(MAKE) --no-print-directory unit-$(subst /,_,$(1))
endef
$(foreach f,$(TESTED),$(eval $(call UNIT_RULE,$(f))))

.PHONY: unit unit-programs
unit: $(foreach f,$(TESTED),unit-$(subst /,_,$(f))) ## unit tests of every folder (unit-lib_kafka: of one; MODE=asan, tsan)
unit-programs: $(foreach f,$(TESTED),$(call unit_program,$(f)))

# --- floors, linters ---

.PHONY: layers lint format
layers: ## fail when an include breaks the floors; draw the graph: build/layers.svg
	@scripts/layers.sh $(BUILD)

OURS = $(shell find lib broker workloads etl bench cli tests -name '*.[ch]' 2>/dev/null | LC_ALL=C sort)
# The analyzer gives a function up after so many steps, and is most of what linting costs. At 30,000 it finds what it
# ever found here at more; at 15,000 it missed one of that. Its own default is for a night: make tidy TIDY_NODES=225000.
# Of the unit tests it has nothing to tell that the sanitizers, under which they run, do not.
TIDY_NODES ?= 30000
TIDY_ARGUMENTS = $(if $(filter %_test.c,$<),--checks=-clang-analyzer-*) \
    $(patsubst %,--extra-arg=%,-Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES))
TIDY = $(patsubst %.c,$(OBJ)/%.tidy,$(filter %.c,$(OURS)))

lint: ## clang-format, clang-tidy, cppcheck; fails on a finding
	+@$(AGAIN) -k lint-format tidy lint-cppcheck

.PHONY: lint-format lint-cppcheck
lint-format:
	clang-format --dry-run -Werror $(OURS)
lint-cppcheck:
	cppcheck --quiet -j $(JOBS) --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	    --suppressions-list=scripts/cppcheck.txt --template='{file}:{line}: {severity}: {message} [{id}]' -I. -D__x86_64__ \
	    $(filter-out tests/%,$(filter-out %_test.c,$(filter %.c,$(OURS))))

.PHONY: tidy
tidy: $(TIDY)
# After the object, so that a changed header is a reason to look again.
$(OBJ)/%.tidy: %.c .clang-tidy $(OBJ)/%.o
	@echo "  TIDY $<"
	@clang-tidy --quiet $(TIDY_ARGUMENTS) $< -- -std=c17 -D_GNU_SOURCE -I. $(PKG_CFLAGS) >$@.log 2>/dev/null || { cat $@.log; false; }
	@mv $@.log $@

format: ## rewrite the sources as clang-format wants them
	clang-format -i $(OURS)

# --- sanitizers: Criterion under ASan and UBSan, the plain runner under TSan (Criterion aborts there); the
# --- broker of each build serves clients that are not instrumented ---

SMOKE := $(wildcard tests/e2e/broker_smoke.sh)
# A race needs threads: TSan runs the tests that started one when the same sources last ran in a release build. The list
# is that of this very program, or is made anew, so no test that starts a thread can be missing from it.
threads_of = $(BUILD)/release/unit/$(subst /,_,$(1)).threads
.PHONY: sanitize threaded threaded-programs
ifneq ($(filter threaded%,$(MAKECMDGOALS)),)
THREADED := $(foreach f,$(TESTED),$(if $(shell test -s $(call threads_of,$(f)) && echo yes),$(f)))
$(if $(strip $(THREADED)),,$(error no list of tests that start threads: make sanitize makes them))
threaded-programs: $(foreach f,$(THREADED),$(call unit_program,$(f)))
threaded: $(foreach f,$(THREADED),unit-$(subst /,_,$(f)))
$(foreach f,$(THREADED),$(eval unit-$(subst /,_,$(f)): UNIT_ONLY = $(shell cat $(call threads_of,$(f)))))
endif
# Both kinds of unit tests run at the same time.
sanitize: ## unit tests and a broker under ASan+UBSan, those with threads and a broker under TSan
	+@$(AGAIN) -k MODE=asan unit-programs all
	+@$(AGAIN) -k --output-sync=target MODE=release $(foreach f,$(TESTED),$(call threads_of,$(f)))
	+@$(AGAIN) -k MODE=tsan threaded-programs all
	@$(MAKE) --no-print-directory -k -j1 MODE=asan unit >$(BUILD)/asan/unit.log 2>&1 & \
	    TSAN_OPTIONS=halt_on_error=1 $(MAKE) --no-print-directory -k -j1 MODE=tsan threaded; tsan=$$?; \
	    wait $$!; asan=$$?; cat $(BUILD)/asan/unit.log; exit $$((asan | tsan))
	@for mode in asan tsan; do for script in $(SMOKE); do \
	    { echo "$$script ($$mode)"; MILLRACE=$(BUILD)/$$mode/millrace TSAN_OPTIONS=halt_on_error=1 bash $$script; } \
	        >$(BUILD)/$$mode/smoke.log 2>&1 & running="$$running $$!"; \
	done; done; status=0; for pid in $$running; do wait $$pid || status=1; done; \
	    cat $(BUILD)/asan/smoke.log $(BUILD)/tsan/smoke.log; exit $$status

# --- fuzzers: tests/fuzz/NAME_fuzz.c with libFuzzer, over everything with a decoder ---

FUZZ_SECONDS ?= 20
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/bin/%,$(wildcard tests/fuzz/*_fuzz.c))
$(BUILD)/fuzz/bin/%: $(BUILD)/fuzz/tests/fuzz/%.o $(call archives_of,$(filter-out cli bench broker/server workloads,$(FOLDERS)))
	@mkdir -p $(@D)
	$(Q)$(CC) -fsanitize=fuzzer,address,undefined -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)
# Of the bench, the parts that decode what others sent.
BENCH_FUZZED := $(patsubst %.c,$(BUILD)/fuzz/%.o,$(filter bench/tap/% bench/chaos/link.c bench/chaos/plan.c bench/plain_redis.c \
    bench/plain_nats.c,$(call sources,bench)))
$(patsubst %,$(BUILD)/fuzz/bin/%_fuzz,tap chaos plain_redis plain_nats): $(BENCH_FUZZED)

.SECONDARY: # objects of fuzzers are worth keeping
.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZERS)
fuzz: ## every decoder's fuzzer, FUZZ_SECONDS=20 each
	+@$(AGAIN) MODE=fuzz fuzz-programs
	+@$(AGAIN) -k --output-sync=target MODE=fuzz fuzz-runs
.PHONY: fuzz-runs
fuzz-runs: $(addsuffix .run,$(FUZZERS))
%_fuzz.run: %_fuzz
	@scripts/fuzz.sh $< $(FUZZ_SECONDS)

# --- the simulator: the node on a fake disk, network and clock ---

SIM_OBJECTS := $(patsubst %.c,$(OBJ)/%.o,$(filter-out %_test.c,$(shell find tests/sim -name '*.c' 2>/dev/null | LC_ALL=C sort)))
$(OBJ)/sim: $(SIM_OBJECTS) $(call archives_of,$(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3))
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(CC) $(LINK_FLAGS) -o $@ $^ $(PKG_LIBS)

RUNS ?= 1000
.PHONY: sim sim-program
sim-program: $(OBJ)/sim
sim: ## replay one run of the simulator (SEED=7) or search for failures (RUNS=1000)
	+@$(AGAIN) sim-program
	MILLRACE_COMMIT=$$(git rev-parse --short HEAD 2>/dev/null) $(OBJ)/sim $(if $(SEED),--seed $(SEED),--runs $(RUNS))

# --- labs: notebooks/NN-name.md (docs/labs.md) ---

# LAB="03-acks 04" for some, nothing for all.
LAB ?=
LABS_PYTHON = PYTHONPATH=notebooks PYTHONDONTWRITEBYTECODE=1 MILLRACE="$$(realpath $(BUILD)/millrace)" /usr/bin/python3 -P -m
.PHONY: labs labs-test labs-figures
labs: deps-labs ## install what is missing, build, and make the notebooks of the labs: my-labs/it and my-labs/en
	+@$(AGAIN) all
	@$(LABS_PYTHON) millrace_labs.build $(LAB) --out my-labs --teacher $(BUILD)/labs/teacher
	@echo "in the browser:   jupyter notebook$$([ "$$(id -u)" -ne 0 ] || echo ' --allow-root') my-labs/it      (or my-labs/en; the teacher's: $(BUILD)/labs/teacher/it)"
	@echo "in the terminal:  $(BUILD)/millrace lab-school next  (--lang it or en)"

labs-test: ## prove every check of the labs, run their notebooks and commands (LAB="03-acks 04" for some)
	@scripts/deps.sh product labs-test
	+@$(AGAIN) all
	@$(LABS_PYTHON) millrace_labs.prove $(LAB) --sandbox --walk kernel --out $(BUILD)/labs/solved

labs-figures: ## make the pictures of the labs' text again: notebooks/images (LAB="03-acks" for some)
	+@$(AGAIN) all
	@$(LABS_PYTHON) millrace_labs.walk --figures $(LAB)

# --- measuring ---

.PHONY: page
page: ## the report in headless Chromium: every figure, light and dark, 400 and 1400 pixels wide, on paper, for every eye (needs deps-dev)
	+@$(AGAIN) all $(call unit_program,bench)
	@BUILD=$(BUILD) bash tests/page/page.sh

.PHONY: coverage bench
coverage: ## what the unit tests reach, a line per folder (gcov)
	+@$(AGAIN) MODE=coverage unit-programs
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@$(MAKE) --no-print-directory MODE=coverage unit
	@scripts/coverage.sh $(BUILD)/coverage

PROFILE ?= quick
EXPERIMENTS ?= E0 E1 E5 E7
OUT ?=
bench: deps ## run the experiments and write the report: results/latest/report.html (PROFILE=full, EXPERIMENTS="E1", OUT=DIR)
	+@$(AGAIN) all
	$(BUILD)/millrace bench run $(EXPERIMENTS) --profile $(PROFILE) $(if $(OUT),--out $(OUT))
	$(BUILD)/millrace bench report $(OUT)

# Peers need what the product does not: their packages, and jars that Maven fetches once into ~/.cache/millrace.
PEERS ?= apache-kafka point-to-point redis nats
.PHONY: deps-peers bench-peers test-peer
deps-peers: ## what the targets of bench-peers need (PEERS="apache-kafka redis"): Debian packages, and what `bench fetch` gets
	@scripts/deps.sh product peers
	+@$(AGAIN) all
	$(BUILD)/millrace bench fetch $(PEERS)

bench-peers: ## E1 to E4 and E10 of millrace and its peers, side by side in one run (PEERS="apache-kafka redis point-to-point", MINUTES=40)
	+@$(AGAIN) all
	$(BUILD)/millrace bench run E1 E2 E3 E4 E10 --target millrace $(PEERS:%=--target %) --profile $(PROFILE) --minutes $(MINUTES) --out $(OUT)
	$(BUILD)/millrace bench report $(OUT)
MINUTES ?= 40

test-peer: ## the pipelines' tests against another broker (PEER=apache-kafka); after deps-peers
	+@$(AGAIN) all
	MILLRACE=$(BUILD)/millrace scripts/test-peer.sh $(PEER)
PEER ?= apache-kafka

# --- the rest ---

PREFIX ?= /usr/local
SHARE = $(DESTDIR)$(PREFIX)/share/millrace
.PHONY: install clean help
install: $(PROGRAM) ## install the program, the pipeline definitions and the labs (PREFIX=/usr/local, DESTDIR=)
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/millrace
	@for file in $$(find workloads bench/targets -name '*.json' 2>/dev/null) LICENSE README.md; do \
	    install -D -m 644 "$$file" "$(SHARE)/$$file"; done
	@find notebooks -type f -not -path '*/__pycache__/*' -exec install -D -m 644 {} "$(SHARE)/{}" \;

clean: ## remove everything that was built
	rm -rf $(BUILD)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' Makefile | awk -F'\t' '{ printf "  %-14s %s\n", $$1, $$2 }'

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
