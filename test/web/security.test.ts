// What pages tell browsers, where forms may come from, and HTTPS from files.
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import request from 'supertest';
import { sleep } from '../../src/platform/clock/clock.ts';
import { followCertificate, LEAST_VERSION, readCertificate } from '../../src/platform/tls/tls.ts';
import { createWebApp } from '../../src/web/app.ts';
import { createFormTokens, isForeign } from '../../src/web/security/forms.ts';
import { certify } from '../support/certificate.ts';

describe('every page', () => {
  const app = createWebApp({
    health: { '/healthz': (_req, res) => res.end('ok'), '/readyz': (_req, res) => res.end('ok') },
    fhirPath: '/fhir',
    version: '1.2.3',
    addPages: (added) => added.get('/json', (_req, res) => res.json({ a: 1 })),
  });

  const failures: unknown[] = [];
  const pageApp = createWebApp({
    health: {},
    fhirPath: '/fhir',
    version: '1.2.3',
    addPages: (added) =>
      added.get('/page/:id', () => {
        throw new Error('a secret');
      }),
    onError: (error) => failures.push(error),
  });
  after(() => assert.equal(failures.length, 1));

  for (const path of ['/', '/healthz', '/json', '/not/there']) {
    it(`runs nothing, is framed by nobody and is not guessed at: ${path}`, async () => {
      const { headers } = await request(app).get(path);
      const policy = Object.fromEntries(
        String(headers['content-security-policy'])
          .split(';')
          .map((part) => part.trim().split(/ (.*)/, 2)),
      );
      assert.equal(policy['default-src'], "'none'");
      assert.equal(policy['frame-ancestors'], "'none'");
      assert.equal(policy['base-uri'], "'none'");
      assert.equal(policy['form-action'], "'none'");
      assert.equal(policy['script-src'], undefined);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['referrer-policy'], 'same-origin');
      assert.equal(headers['x-powered-by'], undefined);
    });
  }

  for (const [what, ask, status] of [
    ['an address that cannot be read', () => request(app).get('/%E0%A4%A'), 404],
    ['a parameter that cannot be read', () => request(pageApp).get('/page/%E0%A4%A'), 400],
    ['a failure of ours', () => request(pageApp).get('/page/fails'), 500],
  ] as const) {
    it(`tells nothing of how it is made: ${what}`, async () => {
      const { text, headers } = await ask().expect(status);
      assert.match(String(headers['content-type']), /^text\/plain/);
      assert.doesNotMatch(text, /node_modules|\.ts|at \w+ \(|secret/);
    });
  }

  it('does not say back what a path tries to be', async () => {
    const { headers, text } = await request(app).get('/%0d%0aSet-Cookie:%20a=b/%3Cscript%3E');
    assert.equal(headers['set-cookie'], undefined);
    assert.match(String(headers['content-type']), /^text\/plain/);
    assert.ok(!text.includes('<script>') || headers['content-type']?.startsWith('text/plain'));
  });
});

describe('a form', () => {
  const rows: { what: string; headers: Record<string, string>; own?: string; is: boolean }[] = [
    { what: 'our own page', headers: { 'sec-fetch-site': 'same-origin' }, is: false },
    { what: 'the address bar', headers: { 'sec-fetch-site': 'none' }, is: false },
    { what: 'another site', headers: { 'sec-fetch-site': 'cross-site' }, is: true },
    { what: 'another name of our domain', headers: { 'sec-fetch-site': 'same-site' }, is: true },
    { what: 'what no browser says', headers: { 'sec-fetch-site': 'whatever' }, is: true },
    { what: 'a program', headers: {}, own: 'https://h.example', is: false },
    { what: 'an old browser here', headers: { origin: 'https://h.example' }, own: 'https://h.example', is: false },
    {
      what: 'an old browser elsewhere',
      headers: { origin: 'https://evil.example' },
      own: 'https://h.example',
      is: true,
    },
    {
      what: 'an origin that only looks like ours',
      headers: { origin: 'https://h.example.evil' },
      own: 'https://h.example',
      is: true,
    },
    { what: 'a sandboxed frame', headers: { origin: 'null' }, own: 'https://h.example', is: true },
  ];
  for (const { what, headers, own, is } of rows) {
    it(`of ${what} is ${is ? '' : 'not '}foreign`, () => assert.equal(isForeign(headers, own), is));
  }

  it('carries a token that is of its session, for half a day', () => {
    let now = 1.7e12;
    const tokens = createFormTokens(Buffer.alloc(32, 1), () => now);
    const token = tokens.of('session-1');
    assert.equal(tokens.isOf('session-1', token), true);
    assert.equal(tokens.isOf('session-2', token), false);
    assert.equal(createFormTokens(Buffer.alloc(32, 2), () => now).isOf('session-1', token), false);
    for (const wrong of [
      undefined,
      null,
      '',
      'x',
      5,
      [token],
      `${token}x`,
      token.replace(/^./, 'z'),
      token.replace(/.$/, '-'),
    ]) {
      assert.equal(tokens.isOf('session-1', wrong), false, String(wrong));
    }
    now += 12 * 3_600_000 + 1;
    assert.equal(tokens.isOf('session-1', token), false);
    now -= 13 * 3_600_000;
    assert.equal(tokens.isOf('session-1', token), false, 'a token of the future');
  });
});

describe('HTTPS', () => {
  let folder: string;
  let files: { cert: string; key: string };

  before(function () {
    folder = mkdtempSync(join(tmpdir(), 'wardgate-tls-'));
    files = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    try {
      certify('first', files);
    } catch {
      // no openssl on this machine to make certificates with
      this.skip();
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('takes a new certificate without a stop, and keeps the old one where the new one is broken', async () => {
    const said: string[] = [];
    const server = https.createServer({ ...readCertificate(files), minVersion: LEAST_VERSION }, (_req, res) =>
      res.end('ok'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const note = (text: string): void => void said.push(text);
    const stop = followCertificate(server, files, { info: note, error: note }, 100);
    const nameNow = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const until = async (name: string): Promise<void> => {
      for (let i = 0; (await nameNow()) !== name; i++) {
        assert.ok(i < 100, `still ${await nameNow()}: ${said.join('; ')}`);
        await sleep(50);
      }
    };
    try {
      assert.equal(await nameNow(), 'first');
      const next = { cert: join(folder, 'next.pem'), key: join(folder, 'next-key.pem') };
      certify('second', next);
      copyFileSync(next.key, files.key);
      copyFileSync(next.cert, files.cert);
      await until('second');
      writeFileSync(files.cert, 'not a certificate');
      for (let i = 0; i < 60 && !said.some((text) => text.startsWith('the new certificate is not taken')); i++)
        await sleep(50);
      assert.ok(
        said.some((text) =>
          text.startsWith('the new certificate is not taken: TLS_CERT and TLS_KEY do not go together'),
        ),
      );
      assert.equal(await nameNow(), 'second');
      copyFileSync(next.cert, files.cert);
    } finally {
      stop();
      server.close();
    }
  });

  it('does not speak what is too old', async () => {
    const server = https.createServer({ ...readCertificate(files), minVersion: LEAST_VERSION }, (_req, res) =>
      res.end('ok'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const tries = (maxVersion: tls.SecureVersion): Promise<string> =>
      new Promise((resolve) => {
        const options = {
          port,
          host: '127.0.0.1',
          rejectUnauthorized: false,
          minVersion: 'TLSv1' as const,
          maxVersion,
        };
        const socket = tls.connect({ ...options, ciphers: 'DEFAULT@SECLEVEL=0' }, () => {
          resolve(String(socket.getProtocol()));
          socket.destroy();
        });
        socket.on('error', () => resolve('refused'));
      });
    try {
      assert.equal(await tries('TLSv1.1'), 'refused');
      assert.equal(await tries('TLSv1.2'), 'TLSv1.2');
      assert.equal(await tries('TLSv1.3'), 'TLSv1.3');
    } finally {
      server.close();
    }
  });

  it('is not begun with files that are missing or do not go together', () => {
    assert.throws(
      () => readCertificate({ ...files, key: join(folder, 'none.pem') }),
      /TLS_KEY=.* cannot be read \(ENOENT\)/,
    );
    const other = { cert: join(folder, 'other.pem'), key: join(folder, 'other-key.pem') };
    certify('other', other);
    assert.throws(() => readCertificate({ cert: files.cert, key: other.key }), /do not go together/);
  });
});
