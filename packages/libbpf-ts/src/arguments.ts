// Checks of arguments at the door, for callers without types: what was expected, and what came.

import { inspect } from 'node:util';
import { argumentError } from './error.ts';

/** Shows a refused value, shortened. */
export function show(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

export function requireInteger(what: string, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw argumentError(`${what} must be an integer from ${low} to ${high}, not ${show(value)}`);
}

export function requireObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw argumentError(`${what} must be an object, not ${show(value)}`);
}

export function requireString(what: string, value: unknown): void {
  if (typeof value !== 'string') throw argumentError(`${what} must be a string, not ${show(value)}`);
}

export function requireIterable(what: string, value: unknown): void {
  const iterable = typeof value === 'object' && value !== null && Symbol.iterator in value;
  if (!iterable) throw argumentError(`${what} must be iterable, not ${show(value)}`);
}

export function requireInstance(what: string, value: unknown, type: abstract new (...args: never[]) => unknown): void {
  if (!(value instanceof type)) throw argumentError(`${what} must be a ${type.name}, not ${show(value)}`);
}
