/** Checks of a real_server and of its checkers. */
import { addressFamily, isUnicast } from '../../model/address.ts';
import { last } from '../keyword.ts';
import type { RealServerSettings, ServiceSettings } from '../keywords/root.ts';
import type { Report } from '../report.ts';
import { mayCross, serverMethodOf } from './service-facts.ts';
import { requireIn } from './tracked.ts';

export function checkRealServer(server: RealServerSettings, service: ServiceSettings, report: Report): void {
  checkUnicast(server, report);
  checkAddress(server, service, report);
  checkThresholds(server, report);
  checkCheckers(server, report);
}

/** The kernel refuses others, and keepalived goes on without them. */
function checkUnicast({ value, words }: RealServerSettings, report: Report): void {
  if (isUnicast(value.address)) return;
  report.error(words[0]!.at, `found ${value.address}, expected a unicast address, and no link-local one`);
}

function checkAddress({ value, words, block }: RealServerSettings, service: ServiceSettings, report: Report): void {
  if (service.value.kind !== 'address') return;
  const { method } = serverMethodOf(block, service.block);
  const family = addressFamily(service.value.address);
  if (addressFamily(value.address) !== family && !mayCross(method)) {
    report.error(
      words[0]!.at,
      `found an IPv${addressFamily(value.address)} real server of an IPv${family} service by ${method}, expected IPv${family}, or lb_kind TUN or FULLNAT`,
    );
  }
  const port = service.value.port ?? 0;
  const isTranslated = method === 'NAT' || method === 'FULLNAT';
  if (isTranslated || value.port === null || value.port === port) return;
  report.warning(
    words[1]!.at,
    `found port ${value.port}, expected ${port}, that of the virtual server: ${method} does not translate ports, so it is ${port}`,
  );
}

function checkThresholds({ block }: RealServerSettings, report: Report): void {
  const lower = last(block.lthreshold);
  const upper = last(block.uthreshold);
  if (lower === undefined || lower.value <= (upper?.value ?? 0)) return;
  const expected = upper === undefined ? "an 'uthreshold' beside it" : `${upper.value} at most, the uthreshold`;
  report.error(lower.words[0]!.at, `found lthreshold ${lower.value}, expected ${expected}`);
}

/** What a checker cannot do without. */
function checkCheckers({ block }: RealServerSettings, report: Report): void {
  const pages = [...(block.HTTP_GET ?? []), ...(block.SSL_GET ?? [])];
  requireIn(pages, ['url'], report);
  requireIn(block.MISC_CHECK, ['misc_path'], report);
  requireIn(block.FILE_CHECK, ['track_file'], report);
  requireIn(block.BFD_CHECK, ['name'], report);
  for (const { block: checker } of block.UDP_CHECK ?? []) {
    const least = last(checker.min_reply_length);
    const most = last(checker.max_reply_length)?.value ?? 255;
    if (least !== undefined && least.value > most) {
      report.error(
        least.words[0]!.at,
        `found min_reply_length ${least.value}, expected ${most} at most, the max_reply_length`,
      );
    }
  }
}
