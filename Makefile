# millrace: one Makefile. `make lab` is the tour, `make test` the whole suite, `make help` the rest.
#
# Every MODE (release, debug, asan, tsan, coverage) has its own object tree under $(BUILD), so they
# stand side by side. A folder is an archive; a program links the archives of its own floor and below.

BUILD ?= build
MODE  ?= release
CC    ?= gcc

# Folders by floor, lowest first (docs/architecture.md has the picture; `make layers` checks it).
FLOOR0 := lib/base
FLOOR1 := lib/kafka lib/os
FLOOR2 := broker/log broker/metadata broker/group workloads
FLOOR3 := broker/node
FLOOR4 := broker/server etl bench
FLOOR5 := cli

# A folder of the etl or the bench may have folders inside; they are parts of one archive.
sources = $(filter-out %_test.c,$(shell find $(1) -name '*.c' -not -path '*/seeded/*' 2>/dev/null | LC_ALL=C sort))
tests   = $(shell find $(1) -name '*_test.c' 2>/dev/null | LC_ALL=C sort)

FOLDERS := $(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3) $(FLOOR4) $(FLOOR5)
PRESENT := $(foreach f,$(FOLDERS),$(if $(call sources,$(f)),$(f)))

PACKAGES := rdkafka jansson sqlite3 libpcre2-8 zlib liblz4 libzstd libcrypto
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null) -lsnappy -lpthread -lm

WARN   := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla
CFLAGS_COMMON := -std=c17 -D_GNU_SOURCE -I. $(WARN) $(PKG_CFLAGS) -MMD -MP -g -fno-omit-frame-pointer
CFLAGS_release  := -O2
CFLAGS_debug    := -O0
CFLAGS_asan     := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan     := -O1 -fsanitize=thread -DUNIT_PLAIN
CFLAGS_coverage := -O0 --coverage
ALL_CFLAGS = $(CFLAGS_COMMON) $(CFLAGS_$(MODE)) $(CFLAGS)
LINK_FLAGS = $(filter -fsanitize% --coverage,$(CFLAGS_$(MODE))) $(LDFLAGS)

OBJ := $(BUILD)/$(MODE)
PROGRAM := $(if $(filter release,$(MODE)),$(BUILD)/millrace,$(OBJ)/millrace)

archive = $(OBJ)/$(subst /,_,$(1)).a
objects = $(patsubst %.c,$(OBJ)/%.o,$(call sources,$(1)))

.DEFAULT_GOAL := all
.PHONY: all
all: $(PROGRAM)

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c $< -o $@

define ARCHIVE_RULE
$(call archive,$(1)): $(call objects,$(1))
	@rm -f $$@ && mkdir -p $$(@D) && $(AR) rcs $$@ $$^
endef
$(foreach f,$(PRESENT),$(eval $(call ARCHIVE_RULE,$(f))))

# Highest floor first, which is the order the linker wants.
reverse = $(if $(1),$(call reverse,$(wordlist 2,$(words $(1)),$(1))) $(firstword $(1)))
ARCHIVES := $(foreach f,$(call reverse,$(PRESENT)),$(call archive,$(f)))

$(PROGRAM): $(ARCHIVES)
	@mkdir -p $(@D)
	$(CC) $(LINK_FLAGS) -o $@ -Wl,--whole-archive $(call archive,cli) -Wl,--no-whole-archive $(ARCHIVES) $(PKG_LIBS)

# Folders of a lower floor than $(1), in link order.
floor_of = $(strip $(if $(filter $(1),$(FLOOR0)),0)$(if $(filter $(1),$(FLOOR1)),1)$(if $(filter $(1),$(FLOOR2)),2)$(if $(filter $(1),$(FLOOR3)),3)$(if $(filter $(1),$(FLOOR4)),4)$(if $(filter $(1),$(FLOOR5)),5))
below_0 :=
below_1 := $(FLOOR0)
below_2 := $(FLOOR0) $(FLOOR1)
below_3 := $(FLOOR0) $(FLOOR1) $(FLOOR2)
below_4 := $(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3)
below_5 := $(FLOOR0) $(FLOOR1) $(FLOOR2) $(FLOOR3) $(FLOOR4)
below = $(foreach f,$(call reverse,$(below_$(call floor_of,$(1)))),$(if $(filter $(f),$(PRESENT)),$(f)))

# --- unit tests: `make unit` for all, `make unit-lib_kafka` for one folder ---
TESTED := $(foreach f,$(PRESENT),$(if $(call tests,$(f)),$(f)))
UNIT_MAIN := $(if $(filter tsan,$(MODE)),$(OBJ)/tests/unit_plain.o)
UNIT_LIBS := $(if $(filter tsan,$(MODE)),,-lcriterion)

define UNIT_RULE
$(OBJ)/unit/$(subst /,_,$(1)): $(patsubst %.c,$(OBJ)/%.o,$(call tests,$(1))) $(UNIT_MAIN) $(call archive,$(1)) $(foreach g,$(call below,$(1)),$(call archive,$(g)))
	@mkdir -p $$(@D)
	$(CC) $$(LINK_FLAGS) -o $$@ $$^ $$(PKG_LIBS) $(UNIT_LIBS)
.PHONY: unit-$(subst /,_,$(1))
unit-$(subst /,_,$(1)): $(OBJ)/unit/$(subst /,_,$(1))
	@echo "unit tests of $(1) ($(MODE))"
	@timeout 600 $$<
endef
$(foreach f,$(TESTED),$(eval $(call UNIT_RULE,$(f))))

.PHONY: unit
unit: $(foreach f,$(TESTED),unit-$(subst /,_,$(f)))

.PHONY: clean
clean:
	rm -rf $(BUILD)

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
