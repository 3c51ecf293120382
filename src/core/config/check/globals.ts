/** Checks of global_defs, and of what holds for the whole file. */
import { last } from '../keyword.ts';
import type { File } from '../keywords/root.ts';
import { globalsOf } from '../model/globals.ts';
import { place, type Report } from '../report.ts';
import type { Word } from '../source/tokens.ts';
import { commandsOf } from './mentions.ts';

export function checkGlobals(file: File, report: Report): void {
  for (const { block } of file.global_defs ?? []) {
    for (const { keyword, value } of block.lvs_timeouts ?? []) {
      if (Object.keys(value).length === 0)
        report.error(keyword.at, `found nothing after 'lvs_timeouts', expected tcp, tcpfin or udp with seconds`);
    }
  }
  checkStrict(file, report);
  checkMails(file, report);
  checkPipes(file, report);
  checkSecurity(file, report);
}

/** The trap of many a tutorial: the VIP is there, and nobody can ping it. */
function checkStrict(file: File, report: Report): void {
  const strict = (file.global_defs ?? []).flatMap(({ block }) => block.vrrp_strict ?? []).find(({ value }) => value);
  if (strict === undefined) return;
  const silent = (file.vrrp_instance ?? []).find(
    ({ block }) => block.accept === undefined && block.strict_mode === undefined && last(block.priority)?.value !== 255,
  );
  if (silent === undefined) return;
  report.warning(
    strict.keyword.at,
    `in strict mode the VIPs of vrrp_instance ${silent.value} answer nothing, not even ping, unless it has 'accept'`,
  );
}

/** Mails that nobody gets. */
function checkMails(file: File, report: Report): void {
  const globals = (file.global_defs ?? []).map(({ block }) => block);
  const to = globals.flatMap((block) => block.notification_email ?? []);
  const recipients = to.flatMap(({ entries }) => entries);
  if (recipients.length === 0) return;
  if (globals.some((block) => block.smtp_server !== undefined)) return;
  report.warning(to[0]!.keyword.at, "found recipients of mails, but no 'smtp_server' in global_defs: no mail is sent");
}

/** A line would stand in it twice. */
function checkPipes(file: File, report: Report): void {
  const globals = globalsOf(file);
  const first = new Map<string, Word>();
  for (const setting of [globals.notify_fifo, globals.vrrp_notify_fifo, globals.lvs_notify_fifo].map(last)) {
    if (setting === undefined) continue;
    const { keyword, value } = setting;
    const before = first.get(value.path);
    if (before === undefined) first.set(value.path, keyword);
    else
      report.error(
        setting.words[0]!.at,
        `found '${value.path}' in ${keyword.text}, expected another pipe than that of ${before.text} at ${place(before.at)}`,
      );
  }
}

/** Said once, at the first script: keepalived says it once, too, and its exit status is 6. */
function checkSecurity(file: File, report: Report): void {
  if (file.global_defs?.some(({ block }) => block.enable_script_security !== undefined)) return;
  const first = commandsOf(file)[0];
  if (first === undefined) return;
  report.warning(
    first.word.at,
    "scripts are run, but global_defs has no 'enable_script_security': whoever can write to one can become its user",
    "add 'enable_script_security' and 'script_user USER' to global_defs",
  );
}
