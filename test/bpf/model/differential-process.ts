/** One history in a process of its own: its number, the seed and how many packets; answers what it came to as JSON. */
import { runDifferential } from './differential.ts';
import { HISTORIES } from './histories.ts';

const [index, seed, packets] = process.argv.slice(2).map(Number) as [number, number, number];
const history = HISTORIES[index];
if (history === undefined) throw new Error(`there is no history ${index}`);
console.log(JSON.stringify(runDifferential({ ...history.options, seed, packets })));
