/** Templates of persistence as a list. */
import type { Maps } from './maps.ts';
import { type Template, TemplateFlag, type TemplateKey } from './types.gen.ts';

/** One template, in numbers. Address words are in host order. */
export interface RawTemplate {
  readonly serviceId: number;
  readonly realServerId: number;
  /** The client's address as far as the service's mask leaves it. */
  readonly client: readonly number[];
  readonly assured: boolean;
  /** Seconds until it expires; one that controls connections goes on. */
  readonly expires: number;
  /** That it controls. */
  readonly connections: number;
}

/** Live templates; `now`: seconds of the data plane's clock. */
export function listTemplates(map: Maps['templates'], now: number): RawTemplate[] {
  const found: RawTemplate[] = [];
  for (const [key, template] of map.entries()) {
    const raw = rawTemplate(key, template, now);
    if (raw !== undefined) found.push(raw);
  }
  return found;
}

/** Undefined: there is none that lives. */
export function findTemplate(map: Maps['templates'], key: TemplateKey, now: number): RawTemplate | undefined {
  const template = map.get(key);
  return template && rawTemplate(key, template, now);
}

function rawTemplate(key: TemplateKey, template: Template, now: number): RawTemplate | undefined {
  const expires = (template.deadline - now) | 0;
  if (expires <= 0 && template.connections === 0) return undefined;
  return {
    serviceId: key.service,
    realServerId: template.real_server,
    client: key.client.word,
    assured: (template.flags & TemplateFlag.TEMPLATE_ASSURED) !== 0,
    expires: Math.max(0, expires),
    connections: template.connections,
  };
}
