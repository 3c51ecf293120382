/** Mails about changes: who gets them, and by whom they go. */
import { last } from '../keyword.ts';
import { firstOf, type Globals } from './globals.ts';

const SMTP_PORT = 25;
/** Seconds. */
const CONNECT_TIMEOUT = 30;

export interface Mail {
  readonly host: string;
  readonly port: number;
  /** null: the user xlb at the name of the host. */
  readonly from: string | null;
  /** At least one. */
  readonly to: readonly string[];
  /** null: the name of the host. */
  readonly heloName: string | null;
  /** Seconds. */
  readonly connectTimeout: number;
  /** How the director is called; null: by the name of the host. */
  readonly routerId: string | null;
  /** Whether the state FAULT is told of. */
  readonly faults: boolean;
}

/** null: without a server or without a recipient, no mail is sent. */
export function mailOf(globals: Globals): Mail | null {
  const server = last(globals.smtp_server)?.value;
  const to = (globals.notification_email ?? []).flatMap(({ entries }) => entries.flatMap(({ value }) => value));
  if (server === undefined || to.length === 0) return null;
  return {
    host: server.host,
    port: server.port ?? SMTP_PORT,
    from: last(globals.notification_email_from)?.value ?? null,
    to,
    heloName: last(globals.smtp_helo_name)?.value ?? null,
    connectTimeout: last(globals.smtp_connect_timeout)?.value ?? CONNECT_TIMEOUT,
    routerId: last(globals.router_id)?.value ?? null,
    faults: globals.no_email_faults === undefined,
  };
}

/** Of an instance or a group: its own word, that for VRRP, that for all. */
export function alertsOf(
  block: { readonly smtp_alert?: Globals['smtp_alert'] },
  { smtp_alert_vrrp, smtp_alert }: Globals,
) {
  return firstOf(false, block.smtp_alert, smtp_alert_vrrp, smtp_alert);
}
