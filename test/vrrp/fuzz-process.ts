/** Mutated datagrams in a process of its own: how many, and the seed; answers what came of them as JSON. */
import { fuzz } from './fuzz.ts';

const [count = 0, seed = 0] = process.argv.slice(2).map(Number);
const { accepted, disagreements } = fuzz(count, seed);
console.log(JSON.stringify({ accepted, disagreements }));
