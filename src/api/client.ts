/**
 * The API's client over the unix socket: node:http and nothing else until an
 * answer is there; the schemas are loaded while the daemon works on it.
 */
import type { IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type * as z from 'zod';
import type { Command } from '../core/model/command.ts';
import type { ServiceKey } from '../core/model/model.ts';
import { formatServiceKey } from '../core/model/service-key.ts';
import { ApiError, answerError, connectionError } from './client/api-error.ts';
import { type Endpoint, request } from './client/request.ts';
import type { Event } from './protocol/changes.ts';
import type { AttachMode } from './protocol/command.ts';
import type { Connection } from './protocol/connections.ts';
import { parseJson } from './protocol/json-fault.ts';
import type { Report, ReportName } from './protocol/schemas.ts';
import type { ServiceReport } from './protocol/services.ts';
import { commandToWire } from './protocol/wire.ts';

export { ApiError } from './client/api-error.ts';

export interface ClientOptions extends Endpoint {
  /** Ends what is under way. */
  readonly signal?: AbortSignal;
}

/** Milliseconds: a file may have ten thousand virtual servers. */
const RELOAD_TIMEOUT = 120_000;

/** Every method throws ApiError. */
export class Client {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  status(): Promise<Report<'status'>> {
    return this.#report('status', 'GET', '/v1/status');
  }

  /** All services or one; throws ApiError `no-such-service`. */
  services(key?: ServiceKey): Promise<Report<'services'>> {
    return this.#report('services', 'GET', `/v1/services${onlyOf(key)}`);
  }

  /** Throws ApiError `no-such-service`. */
  async service(key: ServiceKey): Promise<ServiceReport> {
    const path = `/v1/services/${encodeURIComponent(formatServiceKey(key))}`;
    return (await this.#report('service', 'GET', path)).service;
  }

  /** Of one service, or of all. */
  servers(key?: ServiceKey): Promise<Report<'servers'>> {
    return this.#report('servers', 'GET', `/v1/servers${onlyOf(key)}`);
  }

  stats(): Promise<Report<'stats'>> {
    return this.#report('stats', 'GET', '/v1/stats');
  }

  interfaces(): Promise<Report<'interfaces'>> {
    return this.#report('interfaces', 'GET', '/v1/interfaces');
  }

  localAddresses(): Promise<Report<'local-addresses'>> {
    return this.#report('local-addresses', 'GET', '/v1/local-addresses');
  }

  marks(): Promise<Report<'marks'>> {
    return this.#report('marks', 'GET', '/v1/marks');
  }

  vrrp(): Promise<Report<'vrrp'>> {
    return this.#report('vrrp', 'GET', '/v1/vrrp');
  }

  doctor(): Promise<Report<'doctor'>> {
    return this.#report('doctor', 'GET', '/v1/doctor');
  }

  sync(): Promise<Report<'sync'>> {
    return this.#report('sync', 'GET', '/v1/sync');
  }

  document(): Promise<Report<'document'>> {
    return this.#report('document', 'GET', '/v1/document');
  }

  /** Throws ApiError `no-file` where xlbd runs without one. */
  config(): Promise<Report<'config'>> {
    return this.#report('config', 'GET', '/v1/config');
  }

  /** `file`: an absolute path; left out: the file in use. Throws ApiError `bad-file`, whose message is what xlbd -t prints. */
  reload(options: {
    readonly file?: string | undefined;
    readonly dryRun?: boolean;
    readonly reset?: boolean;
    readonly user?: string;
  }): Promise<Report<'reload'>> {
    const { file, dryRun: dry_run = false, reset = false, user } = options;
    return this.#report('reload', 'POST', '/v1/reload', { file, dry_run, reset, user }, RELOAD_TIMEOUT);
  }

  /** All of them or none; `index` of a thrown ApiError says which one was refused. */
  execute(
    commands: readonly Command[],
    options: { readonly dryRun?: boolean; readonly user?: string } = {},
  ): Promise<Report<'changes'>> {
    return this.#report('changes', 'POST', '/v1/commands', {
      commands: commands.map(commandToWire),
      dry_run: options.dryRun ?? false,
      ...(options.user !== undefined && { user: options.user }),
    });
  }

  /** Zeroes the totals of one service, or of all. */
  zero(key?: ServiceKey): Promise<Report<'zeroed'>> {
    return this.#report('zeroed', 'POST', '/v1/zero', key === undefined ? {} : { service: key });
  }

  attach(name: string, mode: AttachMode): Promise<Report<'attached'>> {
    return this.#report('attached', 'POST', `/v1/interfaces/${encodeURIComponent(name)}/attach`, { mode });
  }

  detach(name: string): Promise<Report<'detached'>> {
    return this.#report('detached', 'POST', `/v1/interfaces/${encodeURIComponent(name)}/detach`, {});
  }

  /**
   * Connections in batches, as they come; `query` has the filter's words and
   * `limit`. Returns whether the list was cut short.
   */
  async *connections(query: Readonly<Record<string, string>> = {}): AsyncGenerator<readonly Connection[], boolean> {
    const { connectionSchema } = await import('./protocol/connections.ts');
    for await (const lines of this.#lines(await this.#get(`/v1/connections?${new URLSearchParams(query)}`))) {
      const entries: Connection[] = [];
      let last: string | undefined;
      for (const line of lines) {
        if (line.startsWith('],"truncated":')) last = line;
        if (line.startsWith('{"protocol"')) entries.push(trusted(connectionSchema, line.replace(/,$/, '')));
      }
      if (entries.length > 0) yield entries;
      if (last !== undefined) return last === '],"truncated":true}';
    }
    throw new ApiError('broken-answer', 'xlbd ended the list in the middle; its log may say why');
  }

  /** The same as the text of the report, in pieces. */
  async *connectionsText(query: Readonly<Record<string, string>> = {}): AsyncGenerator<string> {
    yield* this.#chunks(await this.#get(`/v1/connections?${new URLSearchParams(query)}`));
  }

  /** Everything that changes from now on; ends when `signal` does. */
  async *events(): AsyncGenerator<Event> {
    const { eventSchema } = await import('./protocol/changes.ts');
    for await (const lines of this.#lines(await this.#get('/v1/events'))) {
      for (const line of lines) {
        if (line.startsWith('data: ')) yield trusted(eventSchema, line.slice(6));
      }
    }
  }

  async #report<Name extends ReportName>(
    name: Name,
    method: 'GET' | 'POST',
    path: string,
    body?: object,
    leastTimeout = 0,
  ): Promise<Report<Name>> {
    const { timeout } = this.#options;
    const patient =
      timeout === undefined && leastTimeout > 0 ? { ...this.#options, timeout: leastTimeout } : this.#options;
    const answering = request(patient, method, path, body);
    const [{ REPORTS }, answer] = await Promise.all([import('./protocol/schemas.ts'), answering]);
    const text = await this.#text(answer);
    if (answer.statusCode !== 200) throw answerError(answer.statusCode ?? 0, text);
    return trusted(REPORTS[name], text) as Report<Name>;
  }

  async #get(path: string): Promise<IncomingMessage> {
    const answer = await request({ ...this.#options, timeout: 0 }, 'GET', path);
    if (answer.statusCode !== 200) throw answerError(answer.statusCode ?? 0, await this.#text(answer));
    return answer;
  }

  async #text(answer: IncomingMessage): Promise<string> {
    let text = '';
    for await (const lines of this.#chunks(answer)) text += lines;
    return text;
  }

  async *#lines(answer: IncomingMessage): AsyncGenerator<string[]> {
    let rest = '';
    for await (const chunk of this.#chunks(answer)) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield lines;
    }
  }

  async *#chunks(answer: IncomingMessage): AsyncGenerator<string> {
    const decoder = new StringDecoder('utf8');
    try {
      for await (const chunk of answer) yield decoder.write(chunk as Buffer);
    } catch (error) {
      throw connectionError(error, this.#options.socket);
    }
  }
}

function onlyOf(key: ServiceKey | undefined): string {
  return key === undefined ? '' : `?service=${encodeURIComponent(formatServiceKey(key))}`;
}

/** What the daemon sends is checked too: another version, or something else, may be at the other end. */
function trusted<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  const parsed = parseJson(text);
  const result = 'fault' in parsed ? undefined : schema.safeParse(parsed.value);
  if (!result?.success) throw new ApiError('broken-answer', 'xlbd answers in a form that this xlb does not know');
  return result.data;
}
