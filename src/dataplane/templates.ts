/** Templates of persistence as a list. */
import type { Maps } from './maps.ts';
import { TemplateFlag } from './types.gen.ts';

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
    const expires = (template.deadline - now) | 0;
    if (expires <= 0 && template.connections === 0) continue;
    found.push({
      serviceId: key.service,
      realServerId: template.real_server,
      client: key.client.word,
      assured: (template.flags & TemplateFlag.TEMPLATE_ASSURED) !== 0,
      expires: Math.max(0, expires),
      connections: template.connections,
    });
  }
  return found;
}
