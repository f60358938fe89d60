// What others can make this server fetch: nothing that is not on the public internet, by whatever way they try.
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { gzipSync } from 'node:zlib';
import { isPublic } from '../../src/platform/safe-fetch/addresses.ts';
import {
  createSafeFetch,
  type FetchRefused,
  type SafeFetch,
  type SafeFetchOptions,
} from '../../src/platform/safe-fetch/safe-fetch.ts';

const PUBLIC = '93.184.216.34';

describe('fetching what others name', () => {
  let server: http.Server;
  let port: number;
  let requests: { url: string; headers: http.IncomingHttpHeaders }[] = [];
  const opened: SafeFetch[] = [];
  const answers: Record<string, (res: http.ServerResponse) => void> = {
    '/': (res) => res.end('here'),
    '/large': (res) => res.end('x'.repeat(300_000)),
    '/endless': (res) => {
      const write = (): void => void (res.destroyed || res.write('x'.repeat(10_000), () => setImmediate(write)));
      write();
    },
    '/bomb': (res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('\0'.repeat(50_000_000))),
    '/silent': () => undefined,
    '/slow': (res) => void res.write('one byte and then nothing'),
    '/loop': (res) => res.writeHead(302, { location: '/loop' }).end(),
  };

  before(async () => {
    server = http.createServer((req, res) => {
      requests.push({ url: req.url ?? '', headers: req.headers });
      const to = /^\/to\?(.*)$/.exec(req.url ?? '')?.[1];
      if (to !== undefined) res.writeHead(302, { location: decodeURIComponent(to) }).end();
      else answers[req.url ?? '']?.(res);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  beforeEach(() => {
    requests = [];
  });
  after(async () => {
    for (const each of opened) await each.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  function aFetch(options: SafeFetchOptions = {}): SafeFetch {
    const made = createSafeFetch({ timeoutMs: 1500, maxBytes: 100_000, ...options });
    opened.push(made);
    return made;
  }
  const reasonOf = async (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'answered',
      (error: FetchRefused) => error.reason ?? String(error),
    );
  /** a name server that says this, one answer after the other */
  const saying = (...said: string[][]): LookupFunction => {
    let turn = 0;
    return (_name, _options, callback) => {
      const addresses = said[Math.min(turn++, said.length - 1)]!;
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
  };

  const addresses: [string, boolean][] = [
    ['93.184.216.34', true],
    ['1.1.1.1', true],
    ['127.0.0.1', false],
    ['127.255.255.254', false],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['100.64.0.1', false],
    ['100.128.0.1', true],
    ['169.254.169.254', false],
    ['172.15.255.255', true],
    ['172.16.0.1', false],
    ['172.32.0.1', true],
    ['192.168.1.1', false],
    ['198.18.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['2606:4700:4700::1111', true],
    ['::1', false],
    ['::', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:93.184.216.34', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::1', false],
    ['2001::1', false],
    ['2001:db8::1', false],
    ['fe80::1', false],
    ['fe80::1%eth0', false],
    ['fc00::1', false],
    ['fd00:ec2::254', false],
    ['ff02::1', false],
    ['localhost', false],
  ];
  for (const [address, is] of addresses) {
    it(`knows that ${address} is ${is ? '' : 'not '}on the public internet`, () => assert.equal(isPublic(address), is));
  }

  for (const url of [
    'https://127.0.0.1:PORT/',
    'https://localhost:PORT/',
    'https://2130706433:PORT/',
    'https://0x7f.1:PORT/',
    'https://0177.0.0.1:PORT/',
    'https://[::1]:PORT/',
    'https://[::ffff:127.0.0.1]:PORT/',
    'https://[::ffff:7f00:1]:PORT/',
    'https://169.254.169.254/latest/meta-data/',
    'https://[fd00:ec2::254]/latest/meta-data/',
    'https://metadata.google.internal/',
    'http://93.184.216.34/',
    'file:///etc/passwd',
    'data:text/plain,hello',
    'gopher://127.0.0.1:PORT/',
    'https://user:password@93.184.216.34/',
  ]) {
    it(`refuses ${url}`, async () => {
      const lookup = url.includes('metadata.google') ? saying(['169.254.169.254']) : undefined;
      const reason = await reasonOf(aFetch(lookup && { lookup })(url.replace('PORT', String(port))));
      assert.equal(reason, 'address');
      assert.deepEqual(requests, []);
    });
  }

  it('refuses a name that stands for an address here, also beside a good one', async () => {
    for (const said of [['127.0.0.1'], [PUBLIC, '10.0.0.7'], ['::1'], []]) {
      assert.equal(await reasonOf(aFetch({ lookup: saying(said) })(`https://rebind.example:${port}/`)), 'address');
    }
    assert.deepEqual(requests, []);
  });

  it('resolves a name once: what it stands for a moment later is not where it goes', async () => {
    // first what is to be judged, then where the attacker wants it to go
    const lookup = saying([PUBLIC], ['127.0.0.1']);
    let asked = 0;
    const counting: LookupFunction = (...all) => {
      asked++;
      lookup(...all);
    };
    const get = aFetch({ lookup: counting, timeoutMs: 400 });
    assert.notEqual(await reasonOf(get(`https://rebind.example:${port}/`)), 'answered');
    assert.equal(asked, 1);
    assert.equal(await reasonOf(get(`https://rebind.example:${port}/`)), 'address');
    assert.deepEqual(requests, []);
  });

  it('reaches what the operator allows, by its name and port', async () => {
    const get = aFetch({ allowedHosts: [`127.0.0.1:${port}`] });
    assert.equal(await (await get(`http://127.0.0.1:${port}/`)).text(), 'here');
    assert.equal(await reasonOf(get(`http://127.0.0.1:${port + 1}/`)), 'address');
    const named = aFetch({ allowedHosts: ['idp.internal'], lookup: saying(['127.0.0.1']) });
    assert.equal(await (await named(`http://idp.internal:${port}/`)).text(), 'here');
  });

  describe('from a server that is allowed', () => {
    let get: SafeFetch;
    const at = (path: string): string => `http://127.0.0.1:${port}${path}`;
    before(() => {
      get = aFetch({ allowedHosts: [`127.0.0.1:${port}`] });
    });

    it('does not follow where it leads inside', async () => {
      for (const to of [
        `http://localhost:${port}/`,
        'https://169.254.169.254/',
        'file:///etc/passwd',
        `http://[::1]:${port}/`,
      ]) {
        requests = [];
        assert.equal(await reasonOf(get(at(`/to?${encodeURIComponent(to)}`))), 'address', to);
        assert.equal(requests.length, 1);
      }
    });

    it('follows it where it may, without what was for the first alone', async () => {
      const name = `localhost:${port}`;
      const both = aFetch({ allowedHosts: [`127.0.0.1:${port}`, name] });
      const reply = await both(at(`/to?${encodeURIComponent(`http://${name}/`)}`), {
        headers: { authorization: 'Bearer secret', 'x-plain': 'yes' },
      });
      assert.equal(await reply.text(), 'here');
      assert.deepEqual(
        requests.map(({ headers }) => [headers.authorization, headers['x-plain']]),
        [
          ['Bearer secret', 'yes'],
          [undefined, 'yes'],
        ],
      );
    });

    it('does not go round in circles, nor send a body on', async () => {
      assert.equal(await reasonOf(get(at('/loop'))), 'redirect');
      assert.equal(requests.length, 4);
      assert.equal(
        await reasonOf(get(at(`/to?${encodeURIComponent(at('/'))}`), { method: 'POST', body: 'x' })),
        'redirect',
      );
    });

    for (const path of ['/large', '/endless', '/bomb']) {
      it(`does not read without an end: ${path}`, async () => {
        const reason = await reasonOf(get(at(path)).then((reply) => reply.text()));
        assert.equal(reason, 'size');
      });
    }

    for (const path of ['/silent', '/slow']) {
      it(`does not wait without an end: ${path}`, async () => {
        const started = performance.now();
        assert.equal(await reasonOf(get(at(path)).then((reply) => reply.text())), 'timeout');
        assert.ok(performance.now() - started < 15_000);
      });
    }
  });
});
