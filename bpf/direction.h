/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Whose packet moves a connection's state: the three parts of IPVS's state tables. */
#pragma once

enum direction {
	DIRECTION_INPUT,      /* the client's, of a connection whose replies pass the director, too */
	DIRECTION_OUTPUT,     /* the real server's */
	DIRECTION_INPUT_ONLY, /* the client's, the only ones that are seen (dr, tun) */
	DIRECTIONS,
};
