# SPDX-License-Identifier: Apache-2.0
#
# The whole build of certbus, in the order in which one would tell it: what may be set, which
# flags, what is built from which folder, how it is tested, how it is installed. Sources are
# found by folder: a new .c file needs no line here. `make help` lists what can be asked for.

VERSION = 0.1.0
BUILD   = build
PREFIX  = /usr/local
JOBS    = $(shell nproc)
PYTHON  = /usr/bin/python3

# BUILD names a tree, so that differently built ones can stand side by side:
#   make BUILD=build/clang CC=clang        make BUILD=build/asan SANITIZE=1

SHELL         = /bin/bash
.SHELLFLAGS   = -eu -o pipefail -c
.DEFAULT_GOAL = all
.DELETE_ON_ERROR:
.SECONDEXPANSION:
MAKEFLAGS    += --no-builtin-rules --no-print-directory

ifeq ($(origin CC),default)
CC = gcc
endif

# Scripts and scenarios find the programs under test by this.
export CERTBUS_BUILD = $(abspath $(BUILD))
export PYTHONDONTWRITEBYTECODE = 1

# --- What `make deps` sees to (Debian 12) ---------------------------------------------------

PACKAGES = gcc clang make pkg-config \
    libzmq3-dev libczmq-dev libmsgpack-dev libconfig-dev libcmocka-dev libsodium-dev \
    libsqlite3-dev libjansson-dev libglib2.0-dev uthash-dev tzdata \
    spin valgrind clang-format libclang-rt-14-dev shellcheck \
    python3 python3-zmq python3-msgpack python3-nacl \
    git ca-certificates procps curl \
    scdoc man-db systemd bash-completion

LIBRARIES = libzmq libczmq msgpack libconfig libsodium sqlite3 jansson glib-2.0

# --- Flags ----------------------------------------------------------------------------------

# The compiler and pkg-config are asked at first use and once, never while this file is read:
# on a fresh machine `make demo` comes here before either is installed.
once       = $(eval $(1) := $(2))$($(1))
pkg_config = $(shell pkg-config $(1) $(LIBRARIES))$(if $(filter 0,$(.SHELLSTATUS)),,$(error \
    libraries are missing (see the lines above): run `make deps`))
supported  = $(foreach flag,$(1),$(shell $(CC) -Werror $(flag) -x c -fsyntax-only /dev/null \
    2>/dev/null && echo "$(flag)"))

LIB_CFLAGS  = $(call once,LIB_CFLAGS,$(patsubst -I%,-isystem%,$(call pkg_config,--cflags)))
LIB_LDFLAGS = $(call once,LIB_LDFLAGS,$(call pkg_config,--libs))

LANGUAGE = -std=c11 -D_GNU_SOURCE -DCERTBUS_VERSION='"$(VERSION)"' -I. -pthread
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
    -Wpointer-arith -Wcast-qual -Wvla -Wformat=2 -Wundef -Wwrite-strings -Werror
HARDENED = -fstack-protector-strong -fPIE $(HARDENED_IF_SUPPORTED)
HARDENED_IF_SUPPORTED = $(call once,HARDENED_IF_SUPPORTED,$(call supported, \
    -fstack-clash-protection -fcf-protection))

# A sanitized tree keeps the warnings but not -Werror: instrumentation makes gcc see ghosts.
comma      = ,
SANITIZERS = -fsanitize=$(if $(FUZZ),fuzzer-no-link$(comma))address,undefined
SANITIZED  = $(SANITIZERS) -fno-sanitize-recover=all -fno-omit-frame-pointer -Wno-error -O1 -g
OPTIMIZED  = -O2 -g -D_FORTIFY_SOURCE=2

FLAGS = $(LANGUAGE) $(WARNINGS) $(HARDENED) $(if $(SANITIZE)$(FUZZ),$(SANITIZED),$(OPTIMIZED)) \
    $(LIB_CFLAGS) $(CPPFLAGS) $(CFLAGS)
LINK  = $(CC) -pthread -pie -Wl,-z,relro,-z,now -Wl,--as-needed \
    $(if $(SANITIZE)$(FUZZ),$(SANITIZERS)) $(LDFLAGS)

# --- What is built from what ----------------------------------------------------------------

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard $(addsuffix /*.c,$(1))))

# bus/core and bus/edge are libraries, the broker is a program, and so is each nodes/NAME with its
# subfolders.
BROKER   = broker broker/casework
NODES    = $(sort $(patsubst nodes/%/,%,$(dir $(wildcard nodes/*/*.c))))
BUS      = $(BUILD)/libcertbus-edge.a $(BUILD)/libcertbus-core.a
PROGRAMS = $(if $(call objects,$(BROKER)),$(BUILD)/bin/certbusd) $(NODES:%=$(BUILD)/bin/%)

# Tests link everything as archives, so that each takes along only what it names.
ARCHIVES   = $(NODES:%=$(BUILD)/libnode-%.a) $(BUILD)/libbroker.a $(BUS)
UNIT_TESTS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
TEST_TOOLS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/tools/*.c))
BENCHES    = $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))
EXAMPLES   = $(patsubst %.c,$(BUILD)/%,$(wildcard docs/examples/*/*.c))
FAULTY     = $(BUILD)/tests/certbusd-faults
PAGES      = $(BUILD)/docs/man/pages
FUZZERS    = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

# Scenarios are scripts; those named lib*, support* or _* are what scenarios share.
scripts   = $(filter-out $(addprefix $(1)/,lib% support% _%),$(wildcard $(1)/*.sh $(1)/*.py))
SCENARIOS = $(call scripts,tests/scenario) $(call scripts,tests/hostile)
VECTORS   = $(wildcard tests/vectors/check*.sh tests/vectors/check*.py)
marked    = $(shell grep -lx -e '\# $(1): yes' $(SCENARIOS) /dev/null)

all: $(BUS) $(PROGRAMS) ## build the programs (the default)

tests: all man $(BUILD)/libcertbus.a $(UNIT_TESTS) $(TEST_TOOLS) $(EXAMPLES) $(FAULTY)

$(BUILD)/bin/certbusd: $(call objects,$(BROKER)) $(BUS)
$(NODES:%=$(BUILD)/bin/%): $(BUILD)/bin/%: $$(call objects,nodes/$$* nodes/$$*/*) $(BUS)

# The folder itself is named too: its time changes when a file in it goes away.
$(BUILD)/libcertbus-core.a: $(call objects,bus/core) $(wildcard bus/core)
$(BUILD)/libcertbus-edge.a: $(call objects,bus/edge) $(wildcard bus/edge)
$(BUILD)/libcertbus.a: $(call objects,bus/core bus/edge) $(wildcard bus/core bus/edge)
$(BUILD)/libbroker.a: $(call objects,$(BROKER)) $(wildcard $(BROKER))
$(NODES:%=$(BUILD)/libnode-%.a): $(BUILD)/libnode-%.a: $$(call objects,nodes/$$* nodes/$$*/*) nodes/$$* $$(wildcard nodes/$$*/*/)
$(BUILD)/libunit-support.a: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/unit/support*.c))
$(BUILD)/libfuzz-support.a: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/support*.c))

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/lib%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@$(AR) rcs $@ $(filter %.o,$^)

$(PROGRAMS):
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LDFLAGS)

# The rest of a tool stands in a folder of its name.
$(TEST_TOOLS) $(BENCHES) $(PAGES) $(EXAMPLES): $(BUILD)/%: $(BUILD)/obj/%.o $$(call objects,$$*) $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LDFLAGS)

# Each page that the tool knows, from the programs' tables and docs/man/*.scd.
man: $(BUILD)/man/made ## make the man pages
$(BUILD)/man/made: $(PAGES) docs/man $(wildcard docs/man/*.scd)
	@echo "  MAN   $(@D)"
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@$(PAGES) | while read -r page; do \
	    $(PAGES) "$$page" | scdoc >$(@D)/"$$page" || { echo "in $$page" >&2; exit 1; }; done
	@touch $@

# The broker once more, with the places where scenarios make it die.
$(BUILD)/faults/%.o: %.c Makefile
	@mkdir -p $(@D)
	@$(CC) $(FLAGS) -DCERTBUS_FAULTS -MMD -MP -c -o $@ $<

$(FAULTY): $(patsubst %.c,$(BUILD)/faults/%.o,$(wildcard $(addsuffix /*.c,$(BROKER)))) $(BUS)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ $(LIB_LDFLAGS)

$(UNIT_TESTS): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/libunit-support.a $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK) -o $@ $^ -lcmocka $(LIB_LDFLAGS)

# This one tests the real client, which the fake one of the other tests would hide.
$(BUILD)/tests/unit/test_client: LDFLAGS += -Wl,-u,client_open $(BUILD)/libcertbus-edge.a

$(FUZZERS): $(BUILD)/%: $(BUILD)/obj/%.o $(BUILD)/libfuzz-support.a $(ARCHIVES)
	@mkdir -p $(@D)
	@echo "  LINK  $@"
	@$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIB_LDFLAGS)

.SECONDARY:
-include $(shell find $(BUILD)/obj $(BUILD)/faults -name '*.d' 2>/dev/null)

# --- For who uses it ------------------------------------------------------------------------

# What needs the packages installs them first and then calls make again, so that the build
# sees them. A jobserver, where one is running, is shared.
remake = $(MAKE) $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))

deps: ## install what is missing of the Debian packages needed (the only target that uses apt)
	@tools/install-packages $(PACKAGES)

demo: deps ## build everything and show it: a hierarchy of CERTs on this machine
	+@$(remake) all
	@bash tests/demo/demo.sh

install: all man $(BUILD)/libcertbus.a ## install to $(DESTDIR)$(PREFIX)
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' tools/install-files install $(VERSION) $(LIBRARIES)

uninstall: ## remove what install put there; settings, keys and journals stay
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' tools/install-files uninstall $(VERSION)

# --- For who changes it ---------------------------------------------------------------------

ONLY             =
FUZZ_SECONDS     = 10
UNIT_SECONDS     = 60
SCENARIO_SECONDS = 180
only = $(if $(ONLY),$(foreach test,$(1),$(if $(findstring $(ONLY),$(test)),$(test))),$(1))

test: deps ## run the unit tests, vectors and scenarios (ONLY=word: those with it in their name)
	+@$(remake) run-tests

run-tests: tests
	@tools/run-tests -j $(JOBS) -t $(UNIT_SECONDS) $(call only,$(UNIT_TESTS)) \
	    -j 2 -t $(SCENARIO_SECONDS) $(call only,$(VECTORS) $(SCENARIOS))

vectors: deps ## check the test vectors alone
	+@$(remake) tests
	@tools/run-tests $(VECTORS)

model: deps ## verify the model of the link
	@bash tests/model/run.sh

check: deps ## what CI adds: static checks, gcc and clang, sanitizers, valgrind, the model
	+@$(remake) CC=gcc tests benches
	@tools/check
	+@$(remake) BUILD=$(BUILD)/clang CC=clang tests benches
	+@$(remake) BUILD=$(BUILD)/asan SANITIZE=1 SCENARIOS="$(call marked,asan)" VECTORS= \
	    UNIT_SECONDS=300 SCENARIO_SECONDS=600 run-tests
	@CERTBUS_VALGRIND=1 tools/run-tests -j 2 -t 900 $(call marked,valgrind)
	@$(MAKE) model

# A machine that cannot do it says why, which is no failure.
fresh: ## be a new user on a new Debian 12: demo, pages, install, uninstall (root; WHOLE=1: and test)
	@WHOLE='$(WHOLE)' bash tests/fresh/run.sh || [ $$? = 77 ]

bench: deps ## measure, side by side with peers
	+@$(remake) all benches
	@bash bench/run.sh

benches: $(BENCHES)

fuzz: deps ## run each fuzzer for FUZZ_SECONDS (10)
	+@$(remake) BUILD=$(BUILD)/fuzz CC=clang FUZZ=1 run-fuzz

run-fuzz: $(FUZZERS)
	@tools/run-fuzz $(FUZZ_SECONDS) $(FUZZERS)

format: ## lay out all C code
	@tools/list-files '*.c' '*.h' | xargs -r clang-format -i

# For editors and for tools/check-headers.
SOURCES = $(shell tools/list-files '*.c')

compile_commands.json: FORCE ## tell editors how each file is compiled
	@tools/compile-commands '$(subst ','\'',$(CC) $(FLAGS))' $(SOURCES) >$@

flags:
	@echo '$(subst ','\'',$(FLAGS))'

clean: ## remove what was built
	rm -rf $(BUILD) compile_commands.json

help: ## print this list
	@awk -F ':.*## ' '/^[a-z_.]+:.*## / { printf "make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

FORCE:
.PHONY: all tests man deps demo install uninstall test run-tests vectors model check fresh bench \
    benches fuzz run-fuzz format flags clean help FORCE
