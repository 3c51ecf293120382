/** A real nginx on a host of the lab: answers every path with the host's name. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from './host.ts';
import { waitFor } from './wait.ts';

export interface WebServer {
  /** Goes on serving until the lab is removed or this is called. */
  stop(): Promise<void>;
}

export interface WebServerOptions {
  /** 80, on all addresses of both families. */
  readonly ports?: readonly number[];
  /** The file at /large; 8 MiB of the host's name. */
  readonly large?: Buffer;
}

/** Started and answering when the promise is kept. */
export async function startNginx(host: Host, options: WebServerOptions = {}): Promise<WebServer> {
  const { ports = [80], large = Buffer.alloc(8 << 20, host.name) } = options;
  const directory = join(host.directory, `nginx-${host.name}`);
  mkdirSync(join(directory, 'files'), { recursive: true });
  writeFileSync(join(directory, 'files', 'large'), large);
  writeFileSync(join(directory, 'nginx.conf'), configuration(host.name, ports));
  const child = host.start('nginx', ['-p', directory, '-c', 'nginx.conf', '-e', 'error.log']);
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const url = `http://127.0.0.1:${ports[0]}/`;
  await waitFor(
    `nginx on ${host.name}`,
    async () => (await host.tryRun('curl', ['-s', '-m', '1', url])).stdout === `${host.name}\n`,
  );
  return {
    async stop() {
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function configuration(name: string, ports: readonly number[]): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path tmp-${kind};`,
  );
  const listen = ports.flatMap((port) => [`listen ${port} reuseport;`, `listen [::]:${port} reuseport;`]);
  return `
daemon off;
master_process off;
pid nginx.pid;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_max_body_size 0;
  default_type text/plain;
  ${temporary.join('\n  ')}
  server {
    ${listen.join('\n    ')}
    root files;
    location / { return 200 "${name}\\n"; }
    location = /large { }
    # Answers after the whole body has come.
    location = /upload { proxy_pass http://127.0.0.1:${ports[0]}/; }
  }
}
`;
}
