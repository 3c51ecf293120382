/** The data plane's programs: what is attached, and what the controller has run. */
import { type BpfObject, type BpfProgram, type Codec, codec, type StructLayout } from 'libbpf-ts';
import { DataplaneError } from './error.ts';
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

/**
 * What most directors never run: frames of more than a page, connections that another one tells of.
 * Verifying these takes longer than all the rest.
 */
export const LATE_PROGRAMS = ['xlb_frags', 'adopt_connection'] as const;
export type LateProgram = (typeof LATE_PROGRAMS)[number];

/** `late` loads one of LATE_PROGRAMS over the same maps, or answers the one that it has loaded. */
export function programsOf(object: BpfObject, late: (name: LateProgram) => BpfProgram): Programs {
  const sweep = runner<SweepArguments>(object, 'sweep', 'sweep_arguments');
  const sweepTemplates = runner<SweepTemplatesArguments>(object, 'sweep_templates', 'sweep_templates_arguments');
  const settle = runner<SettleArguments>(object, 'settle', 'settle_arguments');
  const readClock = runner<ClockArguments>(object, 'read_clock', 'clock_arguments');
  const adopt = runner<AdoptArguments>(object, 'adopt_connection', 'adopt_arguments', () => late('adopt_connection'));
  const adoptTemplate = runner<AdoptTemplateArguments>(object, 'adopt_template', 'adopt_template_arguments');
  return {
    xlb: object.program('xlb'),
    xlbFrags: () => late('xlb_frags'),
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
  object: BpfObject,
  name: string,
  type: string,
  program = () => object.program(name),
): (argument: T) => T {
  const layout = object.spec.types.get(type) as StructLayout | undefined;
  if (layout === undefined) throw new DataplaneError('object', `the BPF object has no struct ${type}`);
  const argumentCodec: Codec<T> = codec(layout, type);
  return (argument) => {
    const { retval, ctxOut } = program().testRun({ ctxIn: argumentCodec.encode(argument) });
    if (retval !== 0 || ctxOut === undefined) {
      throw new DataplaneError('kernel', `the BPF program ${name} answered ${retval}`);
    }
    return argumentCodec.decode(ctxOut);
  };
}
