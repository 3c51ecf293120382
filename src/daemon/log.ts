/** The daemon's log: JSON lines for machines, plain lines on a terminal. */
import { type DestinationStream, pino } from 'pino';

export type Log = pino.Logger;

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export function createLog(level: LogLevel, output: LogOutput = process.stdout): Log {
  const plain: DestinationStream = { write: (line) => void output.write(plainLine(line)) };
  const json: DestinationStream = { write: (line) => void output.write(line) };
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    output.isTTY ? plain : json,
  );
}

/** `12:00:01.123 warn  eth0 runs in generic mode interface=eth0` */
export function plainLine(json: string): string {
  const { level, time, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const fields = Object.entries(rest).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const stack = typeof err === 'object' && err !== null && 'stack' in err ? `\n${String(err.stack)}` : '';
  const head = `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${String(msg ?? '')}`;
  return `${[head, ...fields].join(' ')}${stack}\n`;
}
