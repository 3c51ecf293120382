/** Numbers and addresses as the C library reads them for ipvsadm. */

/** White space in C's sense, a sign and digits, and nothing after them (strtol, base 10); undefined: not a number in the range. */
export function parseInteger(text: string, min: number, max: number): number | undefined {
  const match = /^[ \t\n\v\f\r]*([+-]?\d+)$/.exec(text);
  const value = Number(match?.[1] ?? Number.NaN);
  return value >= min && value <= max ? value + 0 : undefined;
}

/** The number at the start of the text (atoi); 0: there is none. */
export function leadingInteger(text: string): number {
  return Number(/^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text)?.[1] ?? 0);
}

/**
 * An IPv4 address as inet_aton reads it: one to four numbers, each decimal,
 * octal or hexadecimal, of which the last fills all bytes that are left;
 * what follows a white space is not looked at. As 32 bits, host order.
 */
export function inetAton(text: string): number | undefined {
  const parts = (/^[^ \t\n\v\f\r]*/.exec(text)?.[0] ?? '').split('.');
  const numbers = parts.map(parseCNumber);
  const last = numbers.pop();
  if (last === undefined || numbers.length > 3) return undefined;
  if (last >= 256 ** (4 - numbers.length)) return undefined;
  let address = 0;
  for (const [index, number] of numbers.entries()) {
    if (number === undefined || number > 255) return undefined;
    address += number * 256 ** (3 - index);
  }
  return address + last;
}

/** Dotted decimal text of 32 bits in host order. */
export function ipv4Text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

function parseCNumber(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number.parseInt(text.slice(2), 16);
  if (/^0[0-7]*$/.test(text)) return Number.parseInt(text, 8);
  return /^[1-9]\d*$/.test(text) ? Number(text) : undefined;
}
