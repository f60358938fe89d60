// Who asks and how often: the steps of a request that only AUTH=on has.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { createAddressOf } from '../../src/platform/client-address/client-address.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { type GuardedServer, startGuardedServer } from '../support/guarded.ts';
import type { TestTokens } from '../support/tokens.ts';

describe('a request with AUTH=on', () => {
  let server: GuardedServer;
  let tokens: TestTokens;
  let client: FhirClient;

  before(async () => {
    server = await startGuardedServer('guard', { limits: 'standard=3/1h,anonymous=4/1h' });
    tokens = server.tokens;
    client = createFhirClient(server.base);
  });
  after(() => server.close());

  /** each test at an address of its own, so that budgets do not mix */
  let last = 0;
  const from = (): Record<string, string> => ({ 'x-forwarded-for': `192.0.2.${++last}` });
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  it('is a caller’s where the token is good', async () => {
    const created = await client.post('/Patient', aPatient(), bearer(tokens.of({ account: 'writer' })));
    assert.equal(created.status, 201);
    assert.equal(created.headers.get('ratelimit-policy'), '"standard";q=3;w=3600');
    assert.match(created.headers.get('ratelimit') ?? '', /^"standard";r=2;t=3\d{3}$/);
  });

  for (const [what, header] of [
    ['an unknown token', 'Bearer nonsense'],
    ['another scheme', 'Basic YTpi'],
    ['no token', 'Bearer'],
    ['two tokens', 'Bearer a, Bearer b'],
    ['what cannot be a token', 'Bearer a"b'],
  ] as const) {
    it(`is refused with ${what}, even where nobody would need to sign in`, async () => {
      const reply = await client.get('/metadata', { ...from(), authorization: header });
      assert.equal(issueOf(reply), 'login');
      assert.equal(reply.status, 401);
      assert.match(
        reply.headers.get('www-authenticate') ?? '',
        /^Bearer realm="fhir", error="invalid_token", error_description="[^"]+"$/,
      );
    });
  }

  it('is refused with two Authorization headers, of which node would silently take the first', async () => {
    const good = tokens.of({ account: 'twice' });
    const { hostname, port } = new URL(server.base);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = net.connect(Number(port), hostname, () =>
        socket.write(
          `GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${good}\r\nauthorization: Bearer other\r\nConnection: close\r\n\r\n`,
        ),
      );
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
      socket.on('end', () => resolve(text)).on('error', reject);
    });
    assert.match(answer, /^HTTP\/1\.1 401 /);
    assert.match(answer, /WWW-Authenticate: Bearer realm="fhir", error="invalid_request"/i);
  });

  it('is refused where its body came so slowly that the caller was sent away meanwhile', async () => {
    const token = tokens.of({ account: 'slow' });
    const body = JSON.stringify({ resourceType: 'Patient', id: 'slow', active: true });
    const request = http.request(`${server.base}/Patient/slow`, {
      method: 'PUT',
      headers: { ...bearer(token), 'content-type': 'application/fhir+json', 'content-length': body.length },
    });
    const status = new Promise((resolve, reject) => {
      request.on('response', (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
    request.write(body.slice(0, 5));
    await sleep(200);
    tokens.end(token);
    await sleep(1000);
    request.end(body.slice(5));
    assert.equal(await status, 401);
    const read = await client.get('/Patient/slow', bearer(tokens.of({ account: 'reader of slow' })));
    assert.equal(read.status, 404);
  });

  it('is told when its budget is spent, and when to come back', async () => {
    const header = bearer(tokens.of({ account: 'eager' }));
    for (let i = 0; i < 3; i++) assert.equal((await client.get('/Patient?_count=1', header)).status, 200);
    const reply = await client.get('/Patient?_count=1', header);
    assert.equal(issueOf(reply), 'throttled');
    assert.equal(reply.status, 429);
    const wait = Number(reply.headers.get('retry-after'));
    assert.ok(wait > 0 && wait <= 3661, `Retry-After: ${wait}`);
    assert.match(reply.body.issue[0].diagnostics, /is 3 in one hour; more is possible in (?:one hour|\d\d minutes)$/);
    assert.equal(reply.headers.get('ratelimit'), `"standard";r=0;t=${wait}`);
    assert.equal(reply.headers.get('ratelimit-policy'), '"standard";q=3;w=3600');
    const other = await client.get('/Patient?_count=1', bearer(tokens.of({ account: 'patient one' })));
    assert.equal(other.status, 200, 'others are not concerned');
  });

  it('has no limit where the class has none', async () => {
    const header = bearer(tokens.of({ account: 'boss', limits: 'admin' }));
    for (let i = 0; i < 6; i++) {
      const reply = await client.get('/Patient?_count=1', header);
      assert.equal(reply.status, 200);
      assert.equal(reply.headers.get('ratelimit'), null);
    }
  });

  it('counts for its address where nobody signed in, and tokens that are tried out do as well', async () => {
    const here = from();
    for (let i = 0; i < 2; i++) assert.equal((await client.get('/metadata', here)).status, 200);
    for (let i = 0; i < 2; i++)
      assert.equal((await client.get('/metadata', { ...here, ...bearer(`guess${i}`) })).status, 401);
    const guess = await client.get('/metadata', { ...here, ...bearer('guess3') });
    assert.equal(guess.status, 429);
    assert.equal((await client.get('/metadata', here)).status, 429);
    const owner = await client.get('/metadata', { ...here, ...bearer(tokens.of({ account: 'same office' })) });
    assert.equal(owner.status, 200, 'who has a good token is not concerned');
    assert.equal((await client.get('/metadata', from())).status, 200, 'nor are other addresses');
  });

  it('may be a preflight without a token', async () => {
    const before = tokens.count();
    const reply = await client.send('OPTIONS', '/Patient', undefined, {
      ...bearer('not looked at'),
      origin: 'http://localhost:8080',
      'access-control-request-headers': 'authorization',
    });
    assert.equal(reply.status, 204);
    assert.match(reply.headers.get('access-control-allow-headers') ?? '', /Authorization/);
    assert.equal(tokens.count(), before);
  });

  it('lets pages see the limits', async () => {
    const reply = await client.get('/metadata', { ...from(), origin: 'http://localhost:8080' });
    assert.match(reply.headers.get('access-control-expose-headers') ?? '', /RateLimit, RateLimit-Policy/);
  });
});

describe('the address of a request', () => {
  const rows: { peer: string; said?: string; trusted?: string[]; is: string }[] = [
    { peer: '203.0.113.9', is: '203.0.113.9' },
    { peer: '::ffff:203.0.113.9', is: '203.0.113.9' },
    { peer: '203.0.113.9', said: '192.0.2.1', is: '203.0.113.9' },
    { peer: '203.0.113.9', said: '192.0.2.1', trusted: ['10.0.0.0/8'], is: '203.0.113.9' },
    { peer: '10.1.2.3', said: '192.0.2.1', trusted: ['10.0.0.0/8'], is: '192.0.2.1' },
    { peer: '::ffff:10.1.2.3', said: '192.0.2.1', trusted: ['10.0.0.0/8'], is: '192.0.2.1' },
    // a client that writes the header itself
    { peer: '10.1.2.3', said: '198.51.100.1, 192.0.2.1', trusted: ['10.0.0.0/8'], is: '192.0.2.1' },
    { peer: '10.1.2.3', said: '192.0.2.1, 10.9.9.9', trusted: ['10.0.0.0/8'], is: '192.0.2.1' },
    { peer: '10.1.2.3', said: 'unknown, 10.9.9.9', trusted: ['10.0.0.0/8'], is: '10.9.9.9' },
    { peer: '10.1.2.3', said: '192.0.2.1:4711', trusted: ['10.0.0.0/8'], is: '192.0.2.1' },
    { peer: '::1', said: '[2001:db8::7]:4711', trusted: ['::1'], is: '2001:db8::7' },
    { peer: '10.1.2.3', said: '', trusted: ['10.0.0.0/8'], is: '10.1.2.3' },
  ];
  for (const { peer, said, trusted = [], is } of rows) {
    it(`is ${is} where ${peer} says ${said ?? 'nothing'} and ${trusted.join() || 'nobody'} is trusted`, () => {
      const headers = said === undefined ? {} : { 'x-forwarded-for': said };
      assert.equal(createAddressOf(trusted)({ headers, socket: { remoteAddress: peer } as net.Socket }), is);
    });
  }
});
