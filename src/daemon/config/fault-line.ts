import { type Fault, place } from '../../core/config/report.ts';

/** `FILE:LINE:COLUMN: what was found`, for the log. */
export function faultLine({ at, text }: Fault): string {
  return `${place(at)}:${at.column}: ${text}`;
}
