/** Forwarding methods, by the words of commands. */
export const METHODS = ['dr', 'tun', 'nat', 'fullnat'] as const;

/** `dr`: direct routing, `tun`: tunnelling, `nat`: masquerading, `fullnat`: of both ends. */
export type Method = (typeof METHODS)[number];

/** Whether answers pass the director, and ports may be others. */
export function isTranslated(method: Method | undefined): boolean {
  return method === 'nat' || method === 'fullnat';
}
