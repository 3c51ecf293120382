/** Forwarding methods, by the words of commands. */
export const METHODS = ['dr', 'tun', 'nat'] as const;

/** `dr`: direct routing, `tun`: tunnelling, `nat`: masquerading. */
export type Method = (typeof METHODS)[number];
