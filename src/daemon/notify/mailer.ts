/**
 * Sends mails one after the other, each once: what the server does not take is lost, and the log
 * says so. In plain SMTP, as keepalived does: an offer of STARTTLS is not taken, and nobody logs in.
 */
import { Socket } from 'node:net';
import type { Mail } from '../../core/config/model/mail.ts';
import type { Log } from '../log.ts';
import type { Letter } from './words.ts';

export interface MailerOptions {
  readonly hostName: string;
  readonly log: Pick<Log, 'warn' | 'debug'>;
}

/** Mails that may wait. */
const ROOM = 64;

export class Mailer {
  readonly #options: MailerOptions;
  readonly #waiting: Letter[] = [];
  #mail: Mail | null = null;
  #library: Promise<typeof import('nodemailer')> | undefined;
  #socket: Socket | null = null;
  #lost = 0;
  #work: Promise<void> = Promise.resolve();
  #isAtWork = false;

  constructor(options: MailerOptions) {
    this.#options = options;
  }

  /** null: no mails; those that wait are dropped. */
  configure(mail: Mail | null): void {
    this.#mail = mail;
    if (mail === null) this.#waiting.length = 0;
    // Only who mails loads it, and at once: later an upgrade may have replaced the file.
    else this.#library ??= import('nodemailer');
  }

  /** Does nothing where there are no mails. */
  send(letter: Letter): void {
    if (this.#mail === null) return;
    this.#waiting.push(letter);
    if (this.#waiting.length > ROOM) this.#dropOldest();
    if (!this.#isAtWork) this.#work = this.#sendAll();
  }

  /** Resolves when nothing waits any more. */
  get idle(): Promise<void> {
    return this.#work;
  }

  /** What waits is dropped, and what is being sent is broken off. */
  end(): void {
    if (this.#waiting.length > 0) this.#warn(`no time is left for mails that wait: ${this.#waiting.length}`);
    this.#waiting.length = 0;
    this.#socket?.destroy();
  }

  async #sendAll(): Promise<void> {
    this.#isAtWork = true;
    for (let letter = this.#waiting.shift(); letter !== undefined; letter = this.#waiting.shift()) {
      if (this.#mail !== null) await this.#sendOne(letter, this.#mail);
    }
    this.#isAtWork = false;
    if (this.#lost > 0) this.#warn(`${this.#lost} mails were left out in all`);
    this.#lost = 0;
  }

  async #sendOne({ subject, text }: Letter, mail: Mail): Promise<void> {
    const { hostName, log } = this.#options;
    const place = `${mail.host} port ${mail.port}`;
    this.#socket = new Socket();
    try {
      const from = mail.from ?? `xlb@${hostName}`;
      const { createTransport } = await this.#library!;
      const transport = createTransport(transportOf(mail, hostName, this.#socket));
      const { rejected } = await transport.sendMail({ from, to: [...mail.to], subject, text, xMailer: false });
      if (rejected.length > 0) this.#warn(`${place} takes no mail to ${rejected.join(', ')}: ${subject}`);
      else log.debug({}, `mail sent: ${subject}`);
    } catch (error) {
      this.#warn(`${place} did not take a mail: ${error instanceof Error ? error.message : String(error)}: ${subject}`);
    } finally {
      this.#socket.destroy();
      this.#socket = null;
    }
  }

  #dropOldest(): void {
    const [oldest] = this.#waiting.splice(0, 1);
    if (this.#lost++ === 0)
      this.#warn(`more than ${ROOM} mails wait; the oldest are left out, first: ${oldest!.subject}`);
  }

  #warn(message: string): void {
    this.#options.log.warn({}, message);
  }
}

function transportOf({ host, port, heloName, connectTimeout }: Mail, hostName: string, socket: Socket) {
  const timeout = connectTimeout * 1000;
  return {
    ...{ host, port, socket, name: heloName ?? hostName, secure: false, ignoreTLS: true },
    ...{ dnsTimeout: timeout, connectionTimeout: timeout, greetingTimeout: timeout, socketTimeout: timeout },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  };
}
