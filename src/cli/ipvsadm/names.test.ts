import { describe, expect, it } from 'vitest';
import { parseServices, SystemNames } from './names.ts';

const FILE = `# Network services
http\t\t80/tcp\t\twww web\t# WorldWideWeb
http 80/udp
  domain 53/udp
www-alt 80/tcp
broken
broken 80
`;

describe('parseServices', () => {
  it('reads names, aliases, ports and protocols', () => {
    expect(parseServices(FILE)).toEqual([
      { names: ['http', 'www', 'web'], port: 80, protocol: 'tcp' },
      { names: ['http'], port: 80, protocol: 'udp' },
      { names: ['domain'], port: 53, protocol: 'udp' },
      { names: ['www-alt'], port: 80, protocol: 'tcp' },
    ]);
  });
});

describe('SystemNames', () => {
  it('finds ports by name and alias, and names by port', async () => {
    const names = new SystemNames(async () => FILE);
    expect(await names.servicePort('web', 'tcp')).toBe(80);
    expect(await names.servicePort('domain', 'tcp')).toBeUndefined();
    expect(await names.serviceName(80, 'tcp')).toBe('http');
    expect(await names.serviceName(53, 'udp')).toBe('domain');
    expect(await names.serviceName(53, 'sctp')).toBeUndefined();
  });

  it('has no IPv4 address for one of IPv6 with a scope', async () => {
    expect(await new SystemNames(async () => FILE).hostAddress('fe80::1%lo')).toBeUndefined();
  });

  it('reads the file once, and only when it is asked', async () => {
    const read: string[] = [];
    const names = new SystemNames(async (path) => {
      read.push(path);
      return FILE;
    });
    expect(read).toEqual([]);
    await Promise.all([names.serviceName(80, 'tcp'), names.servicePort('http', 'udp')]);
    expect(read).toEqual(['/etc/services']);
  });

  it('knows no port where there is no file', async () => {
    const names = new SystemNames(() => Promise.reject(new Error('ENOENT')));
    expect(await names.serviceName(80, 'tcp')).toBeUndefined();
  });

  it('asks the resolver of the machine, and takes no answer for no name', async () => {
    const names = new SystemNames(async () => '');
    expect(await names.hostAddress('localhost')).toBe('127.0.0.1');
    expect(await names.hostAddress('')).toBeUndefined();
    expect(await names.hostAddress('x'.repeat(300))).toBeUndefined();
    expect(await names.hostName('127.0.0.1')).toBe('localhost');
  });
});
