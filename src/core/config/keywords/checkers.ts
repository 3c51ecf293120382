/** Checkers of real servers. */
import type { Form } from '../form.ts';
import { address } from '../forms/addresses.ts';
import { checked } from '../forms/compose.ts';
import { integer, port, seconds } from '../forms/numbers.ts';
import { command, user } from '../forms/scripts.ts';
import { weight } from '../forms/tracks.ts';
import { anyWords, choice, flag, interfaceName, name, optional, optionalBool, text, word } from '../forms/words.ts';
import { block, keyword, old } from '../keyword.ts';
import { interval } from './shared.ts';

const MAX_SECONDS = 4294;

/** When and how often a checker runs; a virtual server has the same words for all of its. */
export const TIMING = {
  alpha: keyword(flag, 'A real server is out until it has passed once.'),
  retry: keyword(integer(1, 4294967295), 'Failures in a row that are forgiven.'),
  delay_before_retry: keyword(interval, 'Time until the next try after a failure.'),
  warmup: keyword(
    seconds(0, MAX_SECONDS),
    'The first check comes at a random moment within this time; delay_loop where left out.',
  ),
  delay_loop: keyword(interval, 'Time between two checks.'),
};

const OWN_TIMING = {
  ...TIMING,
  retry: keyword(integer(0, 4294967295), 'Failures in a row that are forgiven.'),
  log_all_failures: keyword(optionalBool, 'Logs every failed try.'),
};

const CONNECTION = {
  connect_ip: keyword(address, 'Address that is tried; that of the real server where left out.'),
  connect_port: keyword(port, 'Port that is tried; that of the real server where left out.'),
  bindto: keyword(address, 'Source address.'),
  bind_port: keyword(port, 'Source port.'),
  bind_if: keyword(interfaceName, 'Interface that is used.'),
  fwmark: keyword(integer(0, 4294967295), 'Mark of its packets.'),
  connect_timeout: keyword(seconds(0.000001, MAX_SECONDS), 'How long an answer may take; 5 where left out.'),
};

interface StatusRange {
  readonly first: number;
  readonly last: number;
}

const statusCodes: Form<readonly StatusRange[]> = {
  syntax: 'CODE[-CODE]...',
  read(args) {
    const ranges: StatusRange[] = [];
    do {
      const word = args.take();
      const match = /^(\d{3})(?:-(\d{3}))?$/.exec(word?.text ?? '');
      const range = { first: Number(match?.[1]), last: Number(match?.[2] ?? match?.[1]) };
      const fits = match !== null && range.first >= 100 && range.last <= 599 && range.first <= range.last;
      if (!fits) return args.fault(word, 'status codes from 100 to 599, or ranges like 200-299');
      ranges.push(range);
    } while (args.peek() !== undefined);
    return ranges;
  },
  print: (ranges) => ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(' '),
};

const digest = word('MD5', 'an MD5 digest of 32 hexadecimal digits', /^[0-9a-fA-F]{32}$/);
const tlsCompliant = keyword(optionalBool, 'An end without a close_notify is a fault.', { since: '2.4' });

const URL_BLOCK = {
  path: keyword(word('PATH', 'the path of a page, like /'), 'What is asked for; / where left out.'),
  digest: keyword(digest, 'MD5 of the answer; `genhash` of keepalived prints it.'),
  status_code: keyword(statusCodes, 'Codes that count as well; 200-299 where left out.'),
  virtualhost: keyword(text, 'Host that is asked for.'),
  regex: keyword(regex(), 'What the answer must have in it, as a PCRE.'),
  regex_no_match: keyword(flag, 'What it must not have.'),
  regex_options: keyword(anyWords('OPTION...', 'options of PCRE'), 'Options of PCRE.'),
  regex_stack: keyword(anyWords('START MAX', 'two sizes'), 'Memory of the matcher.'),
  regex_min_offset: keyword(integer(0, 4294967295), 'Where the match may begin at the earliest.'),
  regex_max_offset: keyword(integer(0, 4294967295), 'Where the match may begin at the latest.'),
  tls_compliant: tlsCompliant,
};

const HTTP = {
  url: block(flag, 'A page that is asked for; several are asked for in turn. Required.', URL_BLOCK, { many: true }),
  ...OWN_TIMING,
  nb_get_retry: old(integer(0, 4294967295), 'retry'),
  ...CONNECTION,
  virtualhost: keyword(text, 'Host that is asked for.'),
  http_protocol: keyword(choice('1.0', '1.0C', '1.0c', '1.1'), 'Version of HTTP; C asks to close the connection.'),
  fast_recovery: keyword(flag, 'A failed page is tried first.'),
};

const TLS = {
  enable_sni: keyword(flag, 'Sends the name of the virtual host in the handshake.'),
  sni_name: keyword(text, 'Sends this name instead.', { since: '2.4' }),
  tls_compliant: tlsCompliant,
};

const SMTP = {
  ...OWN_TIMING,
  ...CONNECTION,
  helo_name: keyword(text, 'Name that is said in HELO.'),
  host: block(flag, 'Older way to write connect_ip and its like.', CONNECTION, { many: true }),
};

const hex = anyWords('HEX', 'hexadecimal digits');

const checkedHex = (pattern: RegExp, expected: string) =>
  checked(hex, (words) => (words.every((each) => pattern.test(each)) ? null : expected));

const DNS_TYPES = choice('A', 'NS', 'CNAME', 'SOA', 'MX', 'TXT', 'AAAA');

export const CHECKERS = {
  TCP_CHECK: block(flag, 'Opens a connection.', { ...OWN_TIMING, ...CONNECTION }, { many: true }),
  HTTP_GET: block(flag, 'Asks for a page by HTTP.', { ...HTTP, ...TLS }, { many: true }),
  SSL_GET: block(
    flag,
    'Asks for a page by HTTPS; the certificate is not verified.',
    { ...HTTP, ...TLS },
    { many: true },
  ),
  SMTP_CHECK: block(flag, 'Says hello to a mail server.', SMTP, { many: true }),
  DNS_CHECK: block(
    flag,
    'Asks a name server.',
    {
      ...OWN_TIMING,
      ...CONNECTION,
      type: keyword(DNS_TYPES, 'What is asked for; SOA where left out.'),
      name: keyword(text, 'Of which name; `.` where left out.'),
    },
    { many: true },
  ),
  UDP_CHECK: block(
    flag,
    'Sends a datagram; well unless ICMP says otherwise.',
    {
      ...OWN_TIMING,
      ...CONNECTION,
      payload: keyword(checkedHex(/^[0-9a-fA-F]+$/, 'hexadecimal digits'), 'What is sent.'),
      require_reply: keyword(
        optional(checkedHex(/^[0-9a-fA-FxX]+$/, 'hexadecimal digits, or X for any')),
        'An answer must come, and begin like this.',
      ),
      min_reply_length: keyword(integer(0, 65535), 'Its least length; 0 where left out.'),
      max_reply_length: keyword(integer(0, 65535), 'Its greatest length; 255 where left out.'),
    },
    { many: true },
  ),
  PING_CHECK: block(flag, 'Sends an ICMP echo request.', { ...OWN_TIMING, ...CONNECTION }, { many: true }),
  MISC_CHECK: block(
    flag,
    'Runs a command; its exit status tells.',
    {
      ...OWN_TIMING,
      misc_path: keyword(command, 'What is run, without a shell. Required.'),
      misc_timeout: keyword(seconds(0.000001, MAX_SECONDS), 'How long it may take; delay_loop where left out.'),
      misc_dynamic: keyword(flag, 'Exit statuses from 2 on are weights, plus two.'),
      user: keyword(user, 'Who runs it; script_user where left out.'),
    },
    { many: true },
  ),
  FILE_CHECK: block(
    flag,
    'Follows a file of track_file.',
    {
      track_file: keyword(name, 'Its name. Required.'),
      weight: keyword(weight(2147483647), 'What its number is multiplied with.'),
    },
    { many: true },
  ),
  BFD_CHECK: block(
    flag,
    'Follows a session of bfd_instance.',
    { name: keyword(name, 'Its name. Required.'), alpha: TIMING.alpha },
    { many: true, ignored: 'xlb does not speak BFD: the checker counts as passed' },
  ),
};

function regex(): Form<string> {
  return word('PATTERN', 'a pattern in quotes');
}
