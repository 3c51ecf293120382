/* SPDX-License-Identifier: MIT */
#pragma once

#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

/* Programs have a context, used or not. */
#pragma clang diagnostic ignored "-Wunused-parameter"

#define LICENSE char _license[] SEC("license") = "GPL"
