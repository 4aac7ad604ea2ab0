# Midwatch. `make demo` opens the console on a demo state; `make test` is what CI runs. `make help` lists the rest.
# Variants share one rule set: SAN=1 (ASan+UBSan), COV=1 (gcov), CC=clang, EDITLINE=libedit; each builds in its own folder.

VERSION  := 0.1.0
# make has a CC of its own (cc), which ?= would keep.
ifeq ($(origin CC),default)
CC       := gcc
endif
comma    := ,
PREFIX   ?= /usr/local
DESTDIR  ?=
V        ?= 0
SAN      ?= 0
COV      ?= 0
FUZZ     ?= 0
EDITLINE ?= readline
BUILD    := build$(if $(filter 1,$(SAN)),-san)$(if $(filter 1,$(COV)),-cov)$(if $(filter 1,$(FUZZ)),-fuzz)$(if $(findstring clang,$(CC)),-clang)$(if $(filter libedit,$(EDITLINE)),-libedit)
Q        := $(if $(filter 1,$(V)),,@)

# Nothing below may fail on a machine that has no compiler yet: `make deps` has to run there first.
PKGS_D   := sqlite3 libcurl libcjson yaml-0.1 libsodium libseccomp zlib libzstd libxxhash libmicrohttpd libpcre2-8 md4c-html
PKGS_C   := ncursesw libcjson yaml-0.1 libutf8proc $(if $(filter readline,$(EDITLINE)),readline,libedit)
pkgcfg    = $(shell command -v pkg-config >/dev/null 2>&1 && pkg-config $(1) $(2) 2>/dev/null)
SYSINC   := $(patsubst -I%,-isystem %,$(call pkgcfg,--cflags-only-I,$(PKGS_D) $(PKGS_C)))

WARN     := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes -Wvla -Walloca -Wundef \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wold-style-definition -Wimplicit-fallthrough -Wdouble-promotion
# libseccomp's macros leave a field out; gcc, which knows system headers, does not mind.
WARN     += $(if $(findstring clang,$(CC)),-Wno-missing-field-initializers)
HARDEN   := -fstack-protector-strong -fPIE -fno-strict-overflow $(if $(filter 1,$(SAN) $(FUZZ)),,-D_FORTIFY_SOURCE=2)
OPT      := $(if $(filter 1,$(SAN) $(COV) $(FUZZ)),-O1 -fno-omit-frame-pointer,-O2) -g
SANFLAGS := $(if $(filter 1,$(SAN)),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all)
SANFLAGS += $(if $(filter 1,$(FUZZ)),-fsanitize=fuzzer-no-link$(comma)address$(comma)undefined -fno-sanitize-recover=all)
SANFLAGS += $(if $(filter 1,$(COV)),--coverage -DMW_COVERAGE)
CFLAGS   := -std=c17 $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) -include src/base/prelude.h -I src -I ui -I $(BUILD) \
            -DMW_VERSION='"$(VERSION)"' -DMW_PREFIX='"$(PREFIX)"' $(SYSINC) $(EXTRA_CFLAGS)
LDFLAGS  := -pie -Wl,-z,relro,-z,now $(SANFLAGS)
LIBS_D    = $(call pkgcfg,--libs,$(PKGS_D)) -lpthread -lm
LIBS_C    = $(call pkgcfg,--libs,$(PKGS_C)) -lpthread -lm

SRC      := $(sort $(wildcard src/*/*.c src/*/*/*.c))
# One of the two line editors: GNU readline (GPLv3 covers the binary) or libedit (BSD licence).
UI       := $(sort $(filter-out ui/main.c $(if $(filter libedit,$(EDITLINE)),%/edit_readline.c,%/edit_libedit.c),$(wildcard ui/*.c ui/*/*.c)))
SHARED   := $(filter src/base/% src/proto/%,$(SRC))
ASSETS   := $(sort $(shell find assets prompts -type f 2>/dev/null))
OBJ      := $(SRC:%.c=$(BUILD)/%.o) $(BUILD)/gen/assets.o
UIOBJ    := $(UI:%.c=$(BUILD)/%.o)
SHOBJ    := $(SHARED:%.c=$(BUILD)/%.o) $(BUILD)/gen/assets.o
UNIT     := $(sort $(wildcard tests/unit/test_*.c))
UNITBIN  := $(UNIT:%.c=$(BUILD)/%)
# What several engine tests share (generators of plans and events): tests/unit/gen_*.c.
# Readers of the platforms' languages, for tests and for the twins: tests/readers/read_*.c.
GENOBJ   := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/unit/gen_*.c tests/readers/read_*.c)))
# Test helpers that are not tests themselves (the terminal harness, twins) are programs named tests/*/tool_*.c
TOOLBIN  := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/*/tool_*.c)))

.PHONY: all deps demo test test-long unit flow ask screen arch lint syntax format asan fuzz cover bench clean install uninstall help check
all: $(BUILD)/midwatch $(BUILD)/midwatchd

help:
	@sed -n 's/^## //p' Makefile

## make demo       install what is missing, build, and open the console on a demo state
demo: deps
	$(Q)$(MAKE) --no-print-directory all
	$(Q)tools/demo.sh $(BUILD)

## make deps       install what the build and the tests need (prints what and why)
deps:
	$(Q)tools/deps.sh

$(BUILD)/src/main.o: src/main.c
$(BUILD)/midwatchd: $(BUILD)/src/main.o $(BUILD)/libmw.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(BUILD)/libmw.a $(LIBS_D)
$(BUILD)/midwatch: $(BUILD)/ui/main.o $(BUILD)/libmwui.a $(BUILD)/libmwshared.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $< $(BUILD)/libmwui.a $(BUILD)/libmwshared.a $(LIBS_C)

$(BUILD)/libmw.a: $(OBJ)
	$(Q)rm -f $@; ar rcs $@ $^
$(BUILD)/libmwui.a: $(UIOBJ)
	$(Q)rm -f $@; ar rcs $@ $^
$(BUILD)/libmwshared.a: $(SHOBJ)
	$(Q)rm -f $@; ar rcs $@ $^

# The assets are compiled in, so that a binary needs nothing beside it; base/asset.h reads them.
# Common English words, in lower case; the package wamerican-small has them.
WORDS    := /usr/share/dict/american-english-small
$(BUILD)/gen/ground/words.txt: $(WORDS)
	$(Q)mkdir -p $(@D); LC_ALL=C grep -E '^[a-z][a-z]+$$' $< | LC_ALL=C sort -u > $@.tmp && mv $@.tmp $@
$(BUILD)/gen/assets.c: $(ASSETS) $(BUILD)/gen/ground/words.txt tools/embed.sh
	$(Q)mkdir -p $(@D); tools/embed.sh assets prompts $(BUILD)/gen/ground > $@.tmp && mv $@.tmp $@

$(BUILD)/%.o: %.c
	$(Q)mkdir -p $(@D); $(CC) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/gen/%.o: $(BUILD)/gen/%.c
	$(Q)$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

# Unit tests see the headers of both halves; a test of ui/ links the ui library, all others the engine's.
$(BUILD)/tests/unit/test_ui_%: $(BUILD)/tests/unit/test_ui_%.o $(BUILD)/libmwui.a $(BUILD)/libmwshared.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_C) -lcmocka -lvterm -lutil
$(BUILD)/libmwtest.a: $(GENOBJ)
	$(Q)rm -f $@; ar rcs $@ $^
$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/libmwtest.a $(BUILD)/libmw.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_D) -lcmocka
$(BUILD)/tests/screen/tool_%: $(BUILD)/tests/screen/tool_%.o
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ -lvterm -lutil
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libmw.a
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_D)
$(BUILD)/tests/wire/tool_%: $(BUILD)/tests/wire/tool_%.o $(BUILD)/libmwtest.a $(BUILD)/libmw.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_D) -lcmocka
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(BUILD)/libmw.a
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_D)
.PRECIOUS: $(BUILD)/%.o

tests-bin: $(UNITBIN) $(TOOLBIN)

## make test       everything that CI runs; last line is `N passed, N failed`
test: deps
	$(Q)$(MAKE) --no-print-directory check
check: all tests-bin
	$(Q)tests/run.sh $(BUILD)
## make test-long  the slow layers in full
test-long: deps
	$(Q)$(MAKE) --no-print-directory all tests-bin
	$(Q)MW_LONG=1 tests/run.sh $(BUILD)
## make unit|flow|ask|screen|arch   one layer
unit flow ask screen arch: all tests-bin
	$(Q)tests/run.sh $(BUILD) $@
## make asan       the unit and flow layers under ASan and UBSan
asan:
	$(Q)$(MAKE) --no-print-directory SAN=1 all tests-bin
	$(Q)tests/run.sh build-san unit flow
## make fuzz       short runs of every fuzz driver (FUZZ_SECONDS each, default 20)
fuzz:
	$(Q)tests/fuzz/run.sh
# The console's files by another compiler (CC=clang), without code: the engine's are built by it for fuzzing.
syntax: $(BUILD)/gen/assets.c
	$(Q)$(CC) $(CFLAGS) -fsyntax-only $(UI)
## make lint       clang-format and clang-tidy
lint:
	$(Q)tools/lint.sh
format:
	$(Q)clang-format -i $(shell git ls-files '*.c' '*.h')
## make cover      line coverage of the unit and flow layers
cover:
	$(Q)tools/cover.sh
## make bench      speed and memory against peers, printed as a table
bench: all
	$(Q)tests/bench/run.sh $(BUILD)

## make install|uninstall   (DESTDIR, PREFIX)
install: all
	$(Q)tools/install.sh install "$(BUILD)" "$(DESTDIR)$(PREFIX)"
uninstall:
	$(Q)tools/install.sh uninstall "$(BUILD)" "$(DESTDIR)$(PREFIX)"

clean:
	rm -rf build build-*

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
