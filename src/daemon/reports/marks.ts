/** Mark rules with the services that they lead to. */
import type { MarksBody } from '../../api/controller.ts';
import { markToWire } from '../../api/protocol/wire.ts';
import { addressFamily } from '../../core/model/address.ts';
import type { FileShare } from '../../core/model/file-share.ts';
import { markSelectorText } from '../../core/model/mark-rule.ts';
import type { MarkKey, MarkRule, Model } from '../../core/model/model.ts';
import { formatServiceKey, serviceKeyText } from '../../core/model/service-key.ts';

/** `share`: what the configuration file names; null: none is in use. */
export function marksReport({ marks, services }: Model, share: FileShare | null): MarksBody {
  return {
    marks: [...marks.values()].map((rule) => {
      const key = markKeyOf(rule);
      return {
        ...markToWire(rule),
        service: services.has(serviceKeyText(key)) ? formatServiceKey(key) : null,
        origin: share?.marks.has(markSelectorText(rule)) ? 'file' : 'command',
      };
    }),
  };
}

function markKeyOf({ destination, mark }: MarkRule): MarkKey {
  return { protocol: 'fwmark', family: addressFamily(destination.address), mark };
}
