import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { Lab } from '../../scripts/lab/lab.ts';
import { startNginx } from '../../scripts/lab/nginx.ts';
import { listLabs, removeOrphans } from '../../scripts/lab/registry.ts';
import { run } from '../../scripts/lab/run.ts';
import { standardSpec } from '../../scripts/lab/spec.ts';

const exists = (id: string): boolean => listLabs().some((lab) => lab.id === id);

describe('lab', () => {
  test('real servers answer a client with their own names, over both families', async () => {
    await using lab = await Lab.build(standardSpec({ realServers: 2 }));
    const [client, first, second] = [lab.host('client1'), lab.host('rs1'), lab.host('rs2')];
    await Promise.all([startNginx(first), startNginx(second)]);

    expect(await client.run('curl', ['-s', '-m', '3', `http://${first.address4}/`])).toBe('rs1\n');
    expect(await client.run('curl', ['-s', '-m', '3', `http://[${second.address6}]/`])).toBe('rs2\n');
  });

  test('with two arms, a router leads from the clients to the real servers', async () => {
    await using lab = await Lab.build(standardSpec({ realServers: 1, arms: 2 }));
    const server = lab.host('rs1');
    await startNginx(server);

    expect(await lab.host('client1').run('curl', ['-s', '-m', '3', `http://${server.address4}/`])).toBe('rs1\n');
    expect(await lab.host('client1').run('curl', ['-s', '-m', '3', `http://[${server.address6}]/`])).toBe('rs1\n');
  });

  test('no real server answers for a virtual address', async () => {
    await using lab = await Lab.build(standardSpec({ realServers: 2, directors: 0 }));

    const answers = ['http://192.0.2.100/', 'http://[2001:db8::100]/'].map((url) =>
      lab.host('client1').tryRun('curl', ['-s', '-m', '1', url]),
    );
    expect((await Promise.all(answers)).map(({ code }) => code)).not.toContain(0);
    const neighbours = await lab.host('client1').run('ip', ['neigh']);
    expect(neighbours).not.toMatch(/::?100 .*lladdr|\.100 .*lladdr/);
  });

  test('nothing of it remains after removal', async () => {
    const lab = await Lab.build(standardSpec({ realServers: 1 }));
    const nginx = await startNginx(lab.host('rs1'));
    expect(exists(lab.id)).toBe(true);
    await lab.remove();

    expect(exists(lab.id)).toBe(false);
    expect(await run('ip', ['netns', 'list'])).not.toContain(lab.id);
    await nginx.stop();
  });

  test('Ctrl-C removes it', async () => {
    const { child, id } = await buildElsewhere();
    child.kill('SIGINT');
    await once(child, 'exit');

    expect(exists(id)).toBe(false);
  });

  test('what a killed process left is an orphan, and is removed by the next', async () => {
    const { child, id } = await buildElsewhere();
    child.kill('SIGKILL');
    await once(child, 'exit');

    expect(listLabs()).toContainEqual({ id, state: 'orphan' });
    removeOrphans();
    expect(exists(id)).toBe(false);
  });
});

/** Another process that builds a lab and waits for its end. */
async function buildElsewhere() {
  const source = `
    import { Lab } from './scripts/lab/lab.ts';
    import { standardSpec } from './scripts/lab/spec.ts';
    const lab = await Lab.build(standardSpec({ realServers: 1 }));
    console.log(lab.id);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [id] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { child, id };
}
