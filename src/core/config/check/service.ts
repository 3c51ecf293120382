/** Checks of a virtual_server by itself. */
import { addressFamily } from '../../model/address.ts';
import { prefixText } from '../../model/limits.ts';
import { hashesSource } from '../../model/schedulers.ts';
import { last } from '../keyword.ts';
import type { File, ServiceSettings } from '../keywords/root.ts';
import { groupMarks, marksOf } from '../model/marks.ts';
import { MAX_MEMBERS, memberCount } from '../model/ranges.ts';
import { nearest } from '../nearest.ts';
import type { Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';
import { checkRealServer } from './real-server.ts';
import { mayCross, methodOf } from './service-facts.ts';

export function checkService(service: ServiceSettings, file: File, report: Report): void {
  checkTarget(service, file, report);
  checkDefaults(service, report);
  checkMissing(service, report);
  checkPersistence(service, report);
  checkSources(service, report);
  checkQuorum(service, report);
  checkSorry(service, report);
  for (const server of service.block.real_server ?? []) checkRealServer(server, service, report);
}

/** What packets the service takes, and whether the data plane knows how. */
function checkTarget(service: ServiceSettings, file: File, report: Report): void {
  const { value, words, block } = service;
  if (value.kind === 'fwmark') checkMark(value, words[0]!, file, report);
  if (value.kind === 'group') checkGroup(service, value.group, file, report);
  const protocol = last(block.protocol);
  if (value.kind === 'fwmark' && protocol !== undefined) {
    report.warning(
      protocol.keyword.at,
      "found 'protocol' in a service by firewall mark, expected none: a mark says nothing of protocols, so it is left out",
    );
  }
}

/** Lists of sources: of the service's family, and no prefix in both. */
function checkSources({ value, block }: ServiceSettings, report: Report): void {
  const family = value.kind === 'address' ? addressFamily(value.address) : null;
  const allowed = new Set((block.allow_source ?? []).flatMap((line) => line.value.map(prefixText)));
  for (const [name, lines] of [
    ['allow_source', block.allow_source ?? []],
    ['deny_source', block.deny_source ?? []],
  ] as const) {
    for (const { value: prefixes, words } of lines) {
      for (const [i, prefix] of prefixes.entries()) {
        const text = prefixText(prefix);
        if (family !== null && addressFamily(prefix.address) !== family)
          report.error(words[i]!.at, `found ${text}, expected a prefix of IPv${family}: the service is of that family`);
        else if (name === 'deny_source' && allowed.has(text))
          report.error(words[i]!.at, `found ${text} in allow_source, too, expected it in one of both`);
      }
    }
  }
}

/** The rule may be a command's: `xlb mark add`. */
function checkMark({ mark }: { readonly mark: number }, word: Word, file: File, report: Report): void {
  if (marksOf(file).some((rule) => rule.mark === mark)) return;
  report.warning(
    word.at,
    `found no rule of this file that gives packets the mark ${mark}, expected 'mark' in the block xlb`,
  );
}

function checkGroup(service: ServiceSettings, name: string, file: File, report: Report): void {
  const word = service.words[1]!;
  const names = (file.virtual_server_group ?? []).map(({ value }) => value);
  const group = file.virtual_server_group?.find(({ value }) => value === name);
  if (group === undefined) {
    const near = nearest(name, names);
    report.error(
      word.at,
      `found '${name}', expected the name of a virtual_server_group of this file`,
      near === null ? undefined : `did you mean '${near}'?`,
    );
    return;
  }
  if (group.entries.length === 0)
    report.error(word.at, `found the empty virtual_server_group ${name}, expected addresses in it`);
  for (const { value, words } of group.entries) {
    if (value.kind === 'fwmark') checkMark(value, words[0]!, file, report);
    const count = memberCount(value);
    // By a mark all of them are one service.
    if (count > MAX_MEMBERS && !groupMarks(file).has(service)) {
      report.error(words[0]!.at, `found ${count} addresses and ports in one line, expected ${MAX_MEMBERS} at most`);
    }
  }
}

/** keepalived takes a default with a warning; so is it here. */
function checkDefaults({ keyword, words, value, block, wrong }: ServiceSettings, report: Report): void {
  const title = words.map(({ text }) => text).join(' ');
  const has = (name: keyof typeof block) => block[name] !== undefined || wrong.has(name);
  const missing: string[] = [];
  if (value.kind !== 'fwmark' && !has('protocol')) missing.push("'protocol': it is UDP");
  if (!has('lb_algo') && !has('lvs_sched')) missing.push("'lb_algo': it is wlc");
  if (!has('lb_kind') && !has('lvs_method')) missing.push("'lb_kind': it is NAT");
  for (const each of missing) report.warning(keyword.at, `found no ${each} for virtual_server ${title}`);
}

/** What is configured in full and does not run yet: one warning each, at its line. */
function checkMissing({ block }: ServiceSettings, report: Report): void {
  const engine = last(block.persistence_engine);
  if (engine !== undefined)
    report.warning(
      engine.keyword.at,
      'the data plane has no persistence engines yet: clients are told apart by their address',
    );
}

function checkPersistence({ value, block }: ServiceSettings, report: Report): void {
  const engine = last(block.persistence_engine);
  if (engine !== undefined && (value.kind === 'fwmark' || last(block.protocol)?.value !== 'UDP')) {
    report.error(engine.keyword.at, "found persistence_engine sip without 'protocol UDP', which it needs");
  }
  checkFlags(block, report);
  const granularity = last(block.persistence_granularity);
  if (granularity === undefined || value.kind !== 'address') return;
  const isNetmask = granularity.value.includes('.');
  if (isNetmask !== (addressFamily(value.address) === 4)) {
    const expected = isNetmask ? 'a prefix length from 1 to 128' : 'a netmask like 255.255.255.0';
    report.error(
      granularity.words[0]!.at,
      `found '${granularity.value}', expected ${expected} for an IPv${addressFamily(value.address)} service`,
    );
  }
}

/** Flags of a scheduler that is not there. */
function checkFlags(block: ServiceSettings['block'], report: Report): void {
  const scheduler = (last(block.lb_algo) ?? last(block.lvs_sched))?.value ?? 'wlc';
  for (const name of ['sh-port', 'sh-fallback', 'mh-port', 'mh-fallback'] as const) {
    const setting = last(block[name]);
    if (setting !== undefined && scheduler !== name.slice(0, 2)) {
      report.warning(
        setting.keyword.at,
        `found '${name}' with scheduler ${scheduler}, expected ${name.slice(0, 2)}: it is left out`,
      );
    }
  }
  for (const name of ['flag-1', 'flag-2'] as const) {
    const setting = last(block[name]);
    if (setting !== undefined && !hashesSource(scheduler)) {
      report.warning(
        setting.keyword.at,
        `found '${name}' with scheduler ${scheduler}, expected sh or mh: it is left out`,
      );
    }
  }
}

function checkQuorum({ block }: ServiceSettings, report: Report): void {
  const servers = block.real_server ?? [];
  const standard = last(block.weight)?.value ?? 1;
  const total = servers.reduce((sum, server) => sum + (last(server.block.weight)?.value ?? standard), 0);
  const quorum = last(block.quorum);
  if (quorum !== undefined && servers.length > 0 && quorum.value > total) {
    report.warning(
      quorum.words[0]!.at,
      `found quorum ${quorum.value}, expected ${total} at most, the weight of all real servers: it is ${Math.max(total, 1)}`,
    );
  }
  const least = Math.min(quorum?.value ?? 1, servers.length > 0 ? Math.max(total, 1) : Number.POSITIVE_INFINITY);
  const hysteresis = last(block.hysteresis);
  if (hysteresis !== undefined && hysteresis.value >= least) {
    report.warning(
      hysteresis.words[0]!.at,
      `found hysteresis ${hysteresis.value}, expected less than the quorum, ${least}: it is 0`,
    );
  }
}

function checkSorry(service: ServiceSettings, report: Report): void {
  const { value, block } = service;
  const sorry = last(block.sorry_server);
  for (const setting of [...(block.sorry_server_inhibit ?? []), ...(block.sorry_server_lvs_method ?? [])]) {
    if (sorry === undefined)
      report.warning(setting.keyword.at, `found '${setting.keyword.text}' without 'sorry_server': it is left out`);
  }
  if (sorry === undefined || value.kind !== 'address') return;
  const { method } = last(block.sorry_server_lvs_method)?.value ?? methodOf(block);
  if (!mayCross(method) && addressFamily(sorry.value.address) !== addressFamily(value.address)) {
    report.error(
      sorry.words[0]!.at,
      `found an IPv${addressFamily(sorry.value.address)} sorry server, expected IPv${addressFamily(value.address)}, or lb_kind TUN or FULLNAT`,
    );
  }
}
