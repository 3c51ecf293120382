/** A configuration file of this machine, read and checked. */
import { hostname } from 'node:os';
import { type Loaded, loadConfig } from '../../core/config/load.ts';
import { configFiles } from './files.ts';
import { thisMachine } from './machine.ts';

/** `configId`: what `@id` is compared with; undefined: the first label of the host's name. */
export function readConfig(path: string, configId: string | undefined): Loaded {
  const id = configId ?? hostname().split('.')[0]!;
  const surroundings = {
    configId: id,
    instance: id,
    environment: (name: string) => process.env[name],
    random: (min: number, max: number) => min + Math.floor(Math.random() * (max - min + 1)),
  };
  return loadConfig({ path, files: configFiles, surroundings, machine: thisMachine() });
}
