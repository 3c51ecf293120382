/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * SCTP's checksum is a CRC32c over the whole packet (RFC 9260, 6.8), without a
 * pseudo header: addresses may change under it, ports may not. A CRC is linear,
 * so other ports change it by the CRC of the difference alone: the difference of
 * the two words, a polynomial over GF(2), times x^(8 * length) modulo the CRC's.
 * A right checksum stays right and a wrong one wrong, and no payload is read.
 *
 * Words and CRCs are reflected, bit 31 being x^0, and stand in the packet as a
 * little-endian machine loads them.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define CRC32C_POLYNOMIAL 0x82f63b78
#define SCTP_CHECKSUM_OFFSET 8

/* x^(8 * 2^i) modulo the polynomial: what 2^i bytes that follow multiply by. */
static const __u32 crc32c_powers[16] = {
	0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
	0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
};

/* The product of two polynomials modulo CRC32c's. Without a branch, so that 6.1 follows one path. */
__noinline __u32 crc32c_multiply(__u32 a, __u32 b)
{
	__u32 product = 0;

	for (int i = 0; i < 32; i++) {
		product ^= b & -(a >> 31);
		a <<= 1;
		b = b >> 1 ^ (CRC32C_POLYNOMIAL & -(b & 1));
	}
	return product;
}

/*
 * Brings the checksum up to date for another word of ports. `offset`: of the
 * SCTP header, from the start of the frame; `length`: bytes of the whole SCTP
 * packet, at most 65535, so a fragment's cannot be told; `before` and `after`:
 * both ports as they are loaded from the packet. 0, or negative where the frame
 * is too short for the field.
 */
__noinline int update_sctp_checksum(struct xdp_md *ctx, __u32 offset, __u32 length, __u32 before, __u32 after)
{
	__u32 change = before ^ after, checksum;
	int error = bpf_xdp_load_bytes(ctx, offset + SCTP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));

	if (error)
		return error;
	for (int i = 0; i < 16; i++)
		if (length >> i & 1)
			change = crc32c_multiply(change, crc32c_powers[i]);
	checksum ^= change;
	return bpf_xdp_store_bytes(ctx, offset + SCTP_CHECKSUM_OFFSET, &checksum, sizeof(checksum));
}
