/** The data plane's programs: what is attached, and what the controller has run. */
import { type BpfProgram, type Codec, codec, type ObjectSpec, type StructLayout } from 'libbpf-ts';
import { DataplaneError } from './error.ts';
import type { ProgramName } from './program-store.ts';
import type {
  AdoptArguments,
  AdoptTemplateArguments,
  ClockArguments,
  ServiceKey,
  SettleArguments,
  SweepArguments,
  SweepTemplatesArguments,
} from './types.gen.ts';

export interface Programs {
  /** For frames of at most a page. */
  readonly xlb: BpfProgram;
  /** The same code for drivers that deliver larger frames in fragments; loaded when it is first asked for. */
  xlbFrags(): BpfProgram;
  /** To be called before the first service has a real server of `nat` or `fullnat`: loads what `xlb` goes on to. */
  translate(): void;
  /** `shed`: drop_entry is at work. */
  sweep(first: number, count: number, recount: boolean, shed: boolean): SweepArguments;
  /** `recount`: a whole sweep with it has just ended. */
  sweepTemplates(recount: boolean, shed: boolean): SweepTemplatesArguments;
  /** Tells a service's scheduler that the list of servers was edited, or that it starts. */
  settle(key: ServiceKey, reason: 'edit' | 'restart'): void;
  readClock(): ClockArguments;
  /** Takes in a connection that another director has told of; answers a number of AdoptOutcome. */
  adopt(connection: Omit<AdoptArguments, 'outcome'>): number;
  adoptTemplate(template: Omit<AdoptTemplateArguments, 'outcome'>): number;
}

/** Where programs are found by name. */
export interface ProgramSource {
  program(name: ProgramName): BpfProgram;
}

/** `types`: of the object that the programs are of. */
export function programsOf(source: ProgramSource, types: ObjectSpec['types']): Programs {
  const sweep = runner<SweepArguments>(source, 'sweep', types, 'sweep_arguments');
  const sweepTemplates = runner<SweepTemplatesArguments>(source, 'sweep_templates', types, 'sweep_templates_arguments');
  const settle = runner<SettleArguments>(source, 'settle', types, 'settle_arguments');
  const readClock = runner<ClockArguments>(source, 'read_clock', types, 'clock_arguments');
  const adopt = runner<AdoptArguments>(source, 'adopt_connection', types, 'adopt_arguments');
  const adoptTemplate = runner<AdoptTemplateArguments>(source, 'adopt_template', types, 'adopt_template_arguments');
  return {
    xlb: source.program('xlb'),
    xlbFrags: () => source.program('xlb_frags'),
    translate: () => void source.program('xlb_nat'),
    sweep: (first, count, recount, shed) =>
      sweep({ first, count, recount: recount ? 1 : 0, shed: shed ? 1 : 0, now: 0, expired: 0, alive: 0 }),
    sweepTemplates: (recount, shed) =>
      sweepTemplates({ recount: recount ? 1 : 0, shed: shed ? 1 : 0, expired: 0, alive: 0 }),
    settle: (key, reason) => void settle({ key, restart: reason === 'restart' ? 1 : 0 }),
    readClock: () => readClock({ jiffies: 0n, nanoseconds: 0n, now: 0 }),
    adopt: (connection) => adopt({ ...connection, outcome: 0 }).outcome,
    adoptTemplate: (template) => adoptTemplate({ ...template, outcome: 0 }).outcome,
  };
}

/** A `syscall` program as a function of its argument; throws where it does not answer 0. */
function runner<T>(
  source: ProgramSource,
  name: ProgramName,
  types: ObjectSpec['types'],
  type: string,
): (argument: T) => T {
  const layout = types.get(type) as StructLayout | undefined;
  if (layout === undefined) throw new DataplaneError('object', `the BPF object has no struct ${type}`);
  const argumentCodec: Codec<T> = codec(layout, type);
  return (argument) => {
    const { retval, ctxOut } = source.program(name).testRun({ ctxIn: argumentCodec.encode(argument) });
    if (retval !== 0 || ctxOut === undefined) {
      throw new DataplaneError('kernel', `the BPF program ${name} answered ${retval}`);
    }
    return argumentCodec.decode(ctxOut);
  };
}
