/** Why a request to the daemon did not do what was asked. */

export class ApiError extends Error {
  /** `unreachable`: no daemon answered; `broken-answer`: it did, but not as it should; else the daemon's code. */
  readonly code: string;
  /** HTTP status; 0: there was no answer. */
  readonly status: number;
  /** Where in the request, like `commands[3].server.weight`; empty: as a whole. */
  readonly path: string;

  constructor(code: string, message: string, status = 0, path = '') {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.path = path;
  }

  /** Which command was refused; undefined: not a single one. */
  get index(): number | undefined {
    const digits = /^commands\[(\d+)\]/.exec(this.path)?.[1];
    return digits === undefined ? undefined : Number(digits);
  }

  /** `path` within that command, like `server.weight`. */
  get commandPath(): string {
    return this.path.replace(/^commands(?:\[\d+\]\.?)?/, '');
  }
}

/** The daemon's own refusal, from an answer's body. */
export function answerError(status: number, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; message: string; path: string } };
    return new ApiError(String(error.code), String(error.message), status, String(error.path));
  } catch {
    return new ApiError('broken-answer', `xlbd answers with status ${status} and no reason`, status);
  }
}

const CAUSES: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ['there is no such socket', 'Is it started? systemctl start xlbd. Does it run elsewhere? --run-dir DIR'],
  ECONNREFUSED: ['nobody listens there', 'It has stopped: systemctl start xlbd'],
  ENOTDIR: ['there is no such directory', 'Say where it runs: --run-dir DIR'],
  EACCES: ['permission denied', 'Be root, or of the group that the socket belongs to'],
  EPERM: ['permission denied', 'Be root, or of the group that the socket belongs to'],
  ETIMEDOUT: ['it does not answer', 'It may hang: journalctl -u xlbd'],
  ECONNRESET: ['it closed the connection', 'It may have just stopped or be too busy: journalctl -u xlbd'],
  ENAMETOOLONG: ['the path is too long for a socket', 'A run directory may have about 90 characters'],
};

/** `error` of node:http as an ApiError that says which socket, and what to do. */
export function connectionError(error: unknown, socket: string): ApiError {
  if (error instanceof ApiError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const [cause, next] = CAUSES[code ?? ''] ?? [message, 'Its log may say more: journalctl -u xlbd'];
  return new ApiError('unreachable', `xlbd does not answer at ${socket}: ${cause}.\n${next}`);
}
