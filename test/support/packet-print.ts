/** Frames as text for failure messages, much as tcpdump writes them. */
import { PROTOCOL } from './packet-layers.ts';
import { type ParsedIp, parseFrame } from './packet-parse.ts';

/** One line; what cannot be parsed is shown as bytes. */
export function frameLine(frame: Buffer): string {
  try {
    const { src, dst, tags, ip, etherType, length } = parseFrame(frame);
    const vlan = tags.map((tag) => `vlan ${tag.tpid.toString(16)}:${tag.tci} `).join('');
    const content = ip === null ? `ethertype ${etherType.toString(16)}` : ipText(ip);
    return `${src} > ${dst} ${vlan}${content} (${length} bytes)`;
  } catch (error) {
    if (error instanceof RangeError) return `unreadable, ${frame.length} bytes: ${frame.toString('hex').slice(0, 120)}`;
    throw error;
  }
}

/** A line and the bytes below it, 16 a row. */
export function frameDump(frame: Buffer): string {
  const rows = [frameLine(frame)];
  for (let at = 0; at < frame.length && at < 256; at += 16) {
    rows.push(`  ${at.toString(16).padStart(4, '0')}  ${frame.toString('hex', at, at + 16).replace(/(....)/g, '$1 ')}`);
  }
  return rows.join('\n');
}

/** Addresses and ports of a frame that leaves. */
export function ends(frame: Buffer): string {
  const { ip } = parseFrame(frame);
  return `${ip?.src}:${ip?.transport?.sport} > ${ip?.dst}:${ip?.transport?.dport}`;
}

function ipText(ip: ParsedIp): string {
  const ports = ip.transport;
  const host = (address: string, port: number | undefined): string =>
    port === undefined ? address : ip.family === 6 ? `[${address}]:${port}` : `${address}:${port}`;
  const sum = ip.checksumOk ? '' : ' BAD-IP-SUM';
  const notes = `ttl ${ip.ttl} tos ${ip.tos.toString(16)}${ip.df ? ' DF' : ''}${ip.mf ? ' MF' : ''} len ${ip.length}`;
  const extensions = ip.extensions.length === 0 ? '' : ` ext ${ip.extensions.join(',')}`;
  return `${host(ip.src, ports?.sport)} > ${host(ip.dst, ports?.dport)} ${notes}${extensions}${sum} ${upperText(ip)}`;
}

function upperText(ip: ParsedIp): string {
  if (ip.inner !== null) return `| ${ipText(ip.inner)}`;
  if (ip.icmp !== null) {
    const bad = ip.icmp.checksumOk ? '' : ' BAD-SUM';
    return `ICMP ${ip.icmp.type}/${ip.icmp.code} rest ${ip.icmp.rest} quote ${ip.icmp.body.length}${bad}`;
  }
  if (ip.transport === null) return `protocol ${ip.protocol}`;
  const bad = ip.transport.checksumOk ? '' : ' BAD-SUM';
  if (ip.transport.protocol === PROTOCOL.udp) return `UDP ${ip.transport.payload.length}${bad}`;
  if (ip.transport.protocol === PROTOCOL.sctp)
    return `SCTP chunk ${ip.transport.flags} ${ip.transport.payload.length}${bad}`;
  return `TCP [${flagText(ip.transport.flags)}] ${ip.transport.payload.length}${bad}`;
}

function flagText(flags: number): string {
  return [...'FSRP.UEC'].filter((_, bit) => flags & (1 << bit)).join('') || 'none';
}
