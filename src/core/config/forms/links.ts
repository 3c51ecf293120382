/** Entries of interface_up_down_delays. */
import { sequence } from './compose.ts';
import { seconds } from './numbers.ts';
import { interfaceName, optional } from './words.ts';

const delay = (name: string) => ({ ...seconds(0, 255), syntax: name });

/** Seconds. */
export const linkDelay = sequence({ name: interfaceName, down: delay('DOWN'), up: optional(delay('UP')) });
