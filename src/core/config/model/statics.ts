/** What is there while xlbd runs, whatever VRRP says: `static_ipaddress`, `static_routes`, `static_rules`. */
import type { InterfaceAddress, Route, Rule } from '../forms/ip.ts';
import type { File } from '../keywords/root.ts';
import { firstOf, type Globals } from './globals.ts';
import { valuesOf } from './tracks.ts';

export interface Statics {
  /** Of addresses that name no interface. */
  readonly interface: string;
  readonly addresses: readonly InterfaceAddress[];
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
}

export function staticsOf(file: File, globals: Globals): Statics {
  return {
    interface: firstOf('eth0', globals.default_interface),
    addresses: valuesOf(file.static_ipaddress),
    routes: valuesOf(file.static_routes),
    rules: valuesOf(file.static_rules),
  };
}
