/** Checks of the password that version 2 of VRRP has. */
import { last } from '../keyword.ts';
import type { File, InstanceSettings } from '../keywords/root.ts';
import type { Report } from '../report.ts';
import { instanceFacts } from './instance-facts.ts';

/** Characters of a password that adverts have room for. */
const ROOM = 8;

export function checkAuthentication(instance: InstanceSettings, file: File, report: Report): void {
  const setting = last(instance.block.authentication);
  if (setting === undefined) return;
  const { version, strict } = instanceFacts(instance, file);
  const at = setting.keyword.at;
  if (version === 3) {
    report.warning(
      at,
      "found 'authentication' with VRRP version 3, expected none: it has no authentication, so this is left out",
    );
    return;
  }
  if (strict) {
    report.warning(at, "found 'authentication' in strict mode, expected none: RFC 3768 took it out, so it is left out");
    return;
  }
  checkPassword(instance, report);
}

function checkPassword({ block, value: name }: InstanceSettings, report: Report): void {
  const { keyword, block: inside, wrong } = last(block.authentication)!;
  const type = last(inside.auth_type);
  const password = last(inside.auth_pass);
  if (password !== undefined) {
    const word = password.words[0]!;
    if (password.value.length > ROOM) {
      report.warning(
        word.at,
        `found ${password.value.length} characters of auth_pass in vrrp_instance ${name}, expected ${ROOM} at most: the first ${ROOM} are used`,
      );
    }
  } else if (type !== undefined && !wrong.has('auth_pass')) {
    report.error(
      keyword.at,
      `found 'auth_type ${type.value}' without 'auth_pass' in vrrp_instance ${name}, expected a password`,
    );
  }
  if (type === undefined && !wrong.has('auth_type') && password !== undefined) {
    report.error(keyword.at, `found 'auth_pass' without 'auth_type' in vrrp_instance ${name}, expected PASS or AH`);
  }
}
