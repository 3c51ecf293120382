# xlb. `make help` lists the targets; V=1 shows the commands.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

CLANG ?= clang
OBJCOPY ?= llvm-objcopy
PREFIX ?= /usr
# For `make test-ipvs`: the virtual machine's scripts, Debian's kernel series, where kernels are unpacked.
VM ?= ../shared/tools/ipvs
KERNEL ?= 6.1
KERNELS ?= $(CURDIR)/build/kernels
DESTDIR ?=

# node-gyp must not download headers: they stand beside the node that runs.
NODE_DIR = $(shell dirname "$$(dirname "$$(readlink -f "$$(command -v node)")")")
MULTIARCH = $(shell gcc -print-multiarch)
BIN := node_modules/.bin
TSX := $(BIN)/tsx --conditions=source

ifeq ($(V),1)
Q :=
msg =
else
Q := @
msg = @printf '  %-8s %s\n' '$(1)' '$(2)'
endif

MODULES := node_modules/.package-lock.json
# libbpf's name of the machine: how its CPUs order stores.
TARGET_ARCH := $(patsubst x86_64,x86,$(patsubst aarch64,arm64,$(shell uname -m)))
BPF_CFLAGS = -O2 -g -target bpf -mcpu=v3 -D__TARGET_ARCH_$(TARGET_ARCH) -I/usr/include/$(MULTIARCH) -Ibpf -Wall -Wextra -Werror
BPF_HEADERS := $(wildcard bpf/*.h test/bpf/*.h)
# Programs of the product, of the lab, of the bench and of tests alike: DIR/x.bpf.c -> build/DIR/x.bpf.o
BPF_SOURCES := $(sort $(wildcard bpf/*.bpf.c) $(shell find scripts test packages \( -name node_modules -o -name build \) -prune -o -name '*.bpf.c' -print))
BPF_OBJECTS := $(BPF_SOURCES:%.bpf.c=build/%.bpf.o)
PRODUCT_OBJECTS := $(patsubst bpf/%.bpf.c,dist/bpf/%.bpf.o,$(wildcard bpf/*.bpf.c))
ADDONS := packages/libbpf-ts/build/Release/bpf_addon.node packages/netio/build/Release/netio_addon.node
DIST_ADDONS := $(addprefix dist/,$(notdir $(ADDONS)))
LIBRARIES := packages/libbpf-ts/dist/index.js packages/netio/dist/index.js
SOURCES := $(shell find src packages/*/src -name '*.ts' -not -name '*.test.ts')

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

.PHONY: setup
setup: ## install the Debian packages that are missing, then the npm ones
	$(Q)scripts/setup.sh
	$(Q)$(MAKE) -s $(MODULES)

# Scripts of packages are not run: nothing here needs one, and npm 11 would refuse them anyhow.
$(MODULES): package-lock.json
	$(call msg,NPM,ci)
	$(Q)npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

.PHONY: build
build: $(BPF_OBJECTS) dist $(LIBRARIES) ## make dist/xlb, dist/xlbd, the native addons and the BPF objects

build/%.bpf.o: %.bpf.c $(BPF_HEADERS)
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -c $< -o $@

packages/libbpf-ts/build/Release/bpf_addon.node: packages/libbpf-ts/binding.gyp $(wildcard packages/libbpf-ts/native/*)
packages/netio/build/Release/netio_addon.node: packages/netio/binding.gyp $(wildcard packages/netio/native/*)
$(ADDONS): packages/%.node: | $(MODULES)
	$(call msg,ADDON,$@)
	@mkdir -p build
	$(Q)cd $(firstword $(subst /build/, ,$@)) && npm run --silent build:native -- --nodedir='$(NODE_DIR)' >$(CURDIR)/build/$(@F).log 2>&1 \
		|| { cat $(CURDIR)/build/$(@F).log >&2; exit 1; }
	@touch $@

packages/libbpf-ts/dist/index.js: $(shell find packages/libbpf-ts/src -name '*.ts')
packages/netio/dist/index.js: $(shell find packages/netio/src -name '*.ts')
$(LIBRARIES): packages/%/dist/index.js: packages/%/tsconfig.build.json | $(MODULES)
	$(call msg,TSC,$@)
	$(Q)$(BIN)/tsc -p $<
	@touch $@

.PHONY: dist
dist: dist/xlb dist/xlbd $(DIST_ADDONS) $(PRODUCT_OBJECTS)

dist/xlb dist/xlbd &: $(SOURCES) scripts/bundle.ts package.json | $(MODULES)
	$(call msg,BUNDLE,dist/xlb dist/xlbd)
	$(Q)$(TSX) scripts/bundle.ts

$(DIST_ADDONS): dist/%: $(ADDONS)
	$(call msg,COPY,$@)
	@mkdir -p $(@D)
	$(Q)cp -f --remove-destination $(filter %/$*,$^) $@

# Every start reads all of it: without the debugger's sections, labels, and what only a linker needs, half is left.
dist/bpf/%.bpf.o: build/bpf/%.bpf.o Makefile
	$(call msg,STRIP,$@)
	@mkdir -p $(@D)
	$(Q)$(OBJCOPY) --strip-debug --wildcard --strip-symbol='LBB*' --remove-section=.rel.BTF --remove-section=.rel.BTF.ext \
		--remove-section=.llvm_addrsig $< $@

.PHONY: check
check: $(MODULES) $(ADDONS) $(BPF_OBJECTS) ## lint, types, unit tests, unused code, generated files, BPF stack: no root, under a minute
	$(Q)$(MAKE) -s -j2 check-code check-unit

.PHONY: check-code
check-code:
	$(call msg,LINT,biome)
	$(Q)$(BIN)/biome check --error-on-warnings --max-diagnostics=100
	$(call msg,LINT,import table)
	$(Q)$(TSX) scripts/check-imports.ts
	$(call msg,TYPES,tsc)
	$(Q)$(BIN)/tsc -p tsconfig.json
	$(call msg,GENERATED,types from BTF)
	$(Q)$(TSX) scripts/generate-types.ts --check
	$(call msg,STACK,BPF programs)
	$(Q)$(TSX) scripts/check-stack.ts $(PRODUCT_OBJECTS:dist/%=build/%)
	$(call msg,KNIP,unused code)
	$(Q)$(BIN)/knip --no-progress

.PHONY: check-unit
check-unit:
	$(call msg,TEST,unit)
	$(Q)$(BIN)/vitest run --project unit --reporter=default --reporter=json --outputFile.json=build/test/unit.json

.PHONY: test
test: ## set up, build and run everything (root)
	$(Q)$(MAKE) -s setup
	$(Q)$(MAKE) -s -j2 build
	$(Q)rm -rf build/bundles build/test/*.json
	$(Q)$(MAKE) -s check
	$(call msg,TEST,kernel)
	$(Q)$(BIN)/vitest run --project 'kernel*' --reporter=default --reporter=json --outputFile.json=build/test/kernel.json

# A script of test/ipvs in the virtual machine: at most how many seconds, the script and its words.
define in-vm
$(Q)command -v qemu-system-x86_64 busybox cpio ipvsadm >/dev/null || apt-get install -y qemu-system-x86 busybox-static cpio kmod ipvsadm >/dev/null
$(Q)[ -d '$(KERNELS)/$(KERNEL)' ] || XLB_KERNELS='$(KERNELS)' $(VM)/fetch-kernel.sh $(KERNEL)
$(Q)XLB_KERNELS='$(KERNELS)' $(VM)/ipvs-vm.sh -k $(KERNEL) -t $(1) test/ipvs/$(2)
endef

.PHONY: test-ipvs
test-ipvs: build ## compare with the kernel's IPVS in a virtual machine (VM=../shared/tools/ipvs, KERNEL=6.1, ARGS='--seed 7')
	$(call in-vm,3600,guest.sh $(ARGS))

.PHONY: test-sync
test-sync: build ## share connections with the kernel's IPVS, in both directions, in a virtual machine
	$(call in-vm,900,sync-guest.sh)

.PHONY: test-sctp
test-sctp: build ## SCTP between real sockets, in a virtual machine whose kernel has it
	$(call in-vm,900,sctp-guest.sh)

.PHONY: test-tunnels
test-tunnels: build ## gue and gre taken apart by the kernel's own devices, in a virtual machine whose kernel has them
	$(call in-vm,1200,tunnels-guest.sh)

.PHONY: test-katran
test-katran: build ## Katran's packets through the loaded programs (root; DIR=../shared/golden/katran, which is not part of xlb)
	$(Q)$(TSX) test/katran/main.ts '$(DIR)'

.PHONY: interop
interop: build ## every takeover between xlb and the real keepalived, as the table of docs/failover.md (root; about 5 minutes)
	$(Q)XLB_INTEROP=all npx vitest run --project kernel-alone test/interop

.PHONY: demo
demo: ## real HTTP through an XDP director, in network namespaces (root; KEEP=1 leaves it up)
	$(Q)$(MAKE) -s setup
	$(Q)$(MAKE) -s -j2 build
	$(Q)KEEP='$(KEEP)' $(TSX) scripts/demo.ts

.PHONY: bench
bench: build ## nanoseconds a packet, as ratios to the floor of the same run (root, under 4 minutes)
	$(Q)$(TSX) scripts/bench/main.ts

# Manual pages are Markdown in docs/man/.
MANUAL := $(patsubst docs/man/%.md,build/man/%,$(wildcard docs/man/*.md))
build/man/%: docs/man/%.md | $(MODULES)
	$(call msg,MAN,$@)
	@mkdir -p $(@D)
	$(Q)$(BIN)/marked-man --version 'xlb' --manual 'xlb manual' $< >$@

LIBDIR = $(DESTDIR)$(PREFIX)/lib
SHARE = $(DESTDIR)$(PREFIX)/share

.PHONY: install
install: build $(MANUAL) ## install below PREFIX (/usr), into DESTDIR if given
	$(call msg,INSTALL,$(DESTDIR)$(PREFIX))
	$(Q)rm -rf $(LIBDIR)/xlb
	$(Q)install -d $(LIBDIR)/xlb $(LIBDIR)/systemd/system $(DESTDIR)$(PREFIX)/bin $(SHARE)/man $(SHARE)/doc/xlb
	$(Q)install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	$(Q)cp -r dist/. $(LIBDIR)/xlb/
	$(Q)for name in xlb xlbd; do ln -sfn ../lib/xlb/$$name $(DESTDIR)$(PREFIX)/bin/$$name; done
	$(Q)for page in $(MANUAL); do install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/}; done
	$(Q)dist/xlb completion bash >$(SHARE)/bash-completion/completions/xlb
	$(Q)dist/xlb completion zsh >$(SHARE)/zsh/site-functions/_xlb
	$(Q)sed 's|/usr/bin/|$(PREFIX)/bin/|' systemd/xlbd.service >$(LIBDIR)/systemd/system/xlbd.service
	$(Q)install -m 644 LICENSE README.md CHANGELOG.md $(SHARE)/doc/xlb/

.PHONY: format
format: $(MODULES) ## let biome format and fix what it can
	$(Q)$(BIN)/biome check --write

.PHONY: clean
clean: ## remove what was built
	$(Q)rm -rf build dist coverage packages/*/build packages/*/dist
