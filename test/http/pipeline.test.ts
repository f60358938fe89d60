// What holds for every request, whatever it asks: formats, limits, encodings, CORS, correlation ids.
import assert from 'node:assert/strict';
import http from 'node:http';
import { brotliCompressSync, brotliDecompressSync, deflateSync, gunzipSync, gzipSync } from 'node:zlib';
import { refuseForeigners } from '../../src/fhir/http/cors.ts';
import { aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const MB = 1024 * 1024;
const fhir = { 'content-type': 'application/fhir+json' };
/** a string of FHIR ends at 1 MB, so there are many */
const long = (bytes: number) => aPatient({ name: Array(Math.ceil(bytes / 1000)).fill({ text: 'x'.repeat(989) }) });

describe('every request', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('pipeline', {
      settings: {
        maxResourceBytes: 2 * MB,
        maxBundleBytes: 6 * MB,
        maxLargeBytesAtOnce: 3 * MB,
        corsOrigins: ['https://app.example.org'],
      },
    });
    client = createFhirClient(server.base);
    await client.put('/Patient/p1', aPatient({ id: 'p1' }));
    await client.put('/Patient/long', { ...long(5000), id: 'long' });
  });
  after(() => server.close());

  /** Without fetch, which unpacks what is compressed and hides what is not its own. */
  function raw(
    method: string,
    path: string,
    headers: http.OutgoingHttpHeaders = {},
    body: Iterable<Buffer | string> = [],
    agent: http.Agent | false = false,
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; bytes: Buffer }> {
    return new Promise((resolve, reject) => {
      const req = http.request(`${server.base}${path}`, { method, headers, agent }, (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () => resolve({ status: res.statusCode!, headers: res.headers, bytes: Buffer.concat(chunks) }));
      });
      req.on('error', reject);
      for (const chunk of body) req.write(chunk);
      req.end();
    });
  }

  describe('by its method and path', () => {
    it('answers 405 and names what is possible', async () => {
      const reply = await client.post('/Patient/p1', aPatient());
      assert.equal(issueOf(reply), 'not-supported');
      assert.equal(reply.status, 405);
      assert.equal(reply.headers.get('allow'), 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS');
    });

    it('answers 404 with an outcome for an unknown type and an unknown operation', async () => {
      for (const path of ['/Patiens', '/Patient/p1/$nonsense', '/nonsense', '/%24nonsense']) {
        const reply = await client.get(path);
        assert.equal(reply.body.resourceType, 'OperationOutcome');
        assert.equal(reply.status, 404, path);
      }
    });

    it('answers 400 for broken percent-encodings', async () => {
      assert.equal((await raw('GET', '/Patient/%zz')).status, 400);
      assert.equal((await raw('GET', '/Patient?name=%zz')).status, 400);
    });

    it('tells OPTIONS what is possible', async () => {
      const reply = await client.send('OPTIONS', '/Patient');
      assert.equal(reply.status, 204);
      assert.equal(reply.headers.get('allow'), 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
    });
  });

  describe('in its format', () => {
    const answers: [what: string, path: string, accept: string, status: number][] = [
      ['any', '/Patient/p1', '*/*', 200],
      ['FHIR JSON', '/Patient/p1', 'application/fhir+json', 200],
      ['Turtle', '/Patient/p1', 'application/fhir+turtle', 406],
      ['Turtle by _format', '/Patient/p1?_format=ttl', '*/*', 406],
      ['JSON by _format over Accept', '/Patient/p1?_format=json', 'application/fhir+xml', 200],
    ];
    for (const [what, path, accept, status] of answers) {
      it(`answers ${status} to a client that reads ${what}`, async () => {
        const reply = await client.get(path, { accept });
        assert.equal(reply.status, status, reply.text);
        assert.match(reply.headers.get('content-type') ?? '', /^application\/fhir\+json;/);
      });
    }

    it('answers application/json to a client that reads only that', async () => {
      const reply = await client.get('/Patient/p1', { accept: 'application/json' });
      assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8');
    });

    it('indents for people with _pretty', async () => {
      const { text, body } = await client.get('/Patient/p1?_pretty=true');
      assert.equal(text, `${JSON.stringify(body, null, 2)}\n`);
    });

    const bodies: [method: string, path: string, type: string, status: number][] = [
      ['POST', '/Patient', 'application/xml-patch+xml', 415],
      ['POST', '/Patient', 'text/plain', 415],
      ['POST', '/Patient', 'application/json-patch+json', 415],
      ['POST', '/Patient', 'application/fhir+json; charset=latin1', 415],
      ['POST', '/Patient', 'application/json', 201],
      ['POST', '/Patient', 'application/fhir+json; charset=UTF-8; fhirVersion=4.0', 201],
      ['POST', '/Patient/_search', 'application/fhir+json', 415],
      ['PATCH', '/Patient/p1', 'application/x-www-form-urlencoded', 415],
    ];
    for (const [method, path, type, status] of bodies) {
      it(`answers ${status} to ${method} ${path} of ${type}`, async () => {
        const reply = await client.send(method, path, JSON.stringify(aPatient()), { 'content-type': type });
        assert.equal(reply.status, status, reply.text);
        if (status !== 415) return;
        assert.equal(issueOf(reply), 'not-supported');
        assert.match(reply.headers.get(method === 'PATCH' ? 'accept-patch' : 'accept-post') ?? '', /^application/);
      });
    }

    it('answers 415 to a body that does not say what it is', async () => {
      const { status } = await raw('POST', '/Patient', {}, [JSON.stringify(aPatient())]);
      assert.equal(status, 415);
    });

    it('reads a form as search parameters, after those of the URL', async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      const reply = await client.post('/Patient/_search?_id=p1', 'gender=female&family=Okafor', form);
      assert.equal(reply.body.total, 1, reply.text);
      const none = await client.post('/Patient/_search?_id=p1', 'gender=male', form);
      assert.equal(none.body.total, 0, none.text);
    });

    it('reads a search without a body', async () => {
      assert.equal((await client.post('/Patient/_search?_id=p1')).body.total, 1);
    });
  });

  describe('within its limits', () => {
    it('answers 413 before a body that says it is too large is read', async () => {
      const reply = await client.post('/Patient', long(3 * MB));
      assert.equal(issueOf(reply), 'too-long');
      assert.equal(reply.status, 413);
    });

    it('answers 413 to a body that does not say how large it is, and the client can finish sending', async () => {
      const chunk = Buffer.alloc(256 * 1024, ' ');
      const { status, bytes } = await raw('POST', '/Patient', fhir, Array(40).fill(chunk));
      assert.equal(status, 413, bytes.toString());
    });

    it('leaves a connection usable after a refusal', async () => {
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const sockets = new Set<unknown>();
      agent.on('free', (socket) => sockets.add(socket));
      const megabytes = Array(12).fill(Buffer.alloc(MB, 'x'));
      const packed = { ...fhir, 'content-encoding': 'gzip' };
      assert.equal((await raw('POST', '/Patient', fhir, megabytes, agent)).status, 413);
      assert.equal((await raw('POST', '/Patient', packed, megabytes, agent)).status, 400);
      assert.equal((await raw('POST', '/Patient', { 'content-type': 'text/plain' }, megabytes, agent)).status, 415);
      assert.equal((await raw('GET', '/Patient/p1', {}, [], agent)).status, 200);
      assert.equal(sockets.size, 1);
      agent.destroy();
    });

    it('answers 413 to what is small but unpacks to something large', async () => {
      for (const [encoding, pack] of [
        ['gzip', gzipSync],
        ['br', brotliCompressSync],
        ['deflate', deflateSync],
      ] as const) {
        const bomb = pack(Buffer.alloc(64 * MB, ' '));
        assert.ok(bomb.length < MB);
        const { status } = await raw('POST', '/Patient', { ...fhir, 'content-encoding': encoding }, [bomb]);
        assert.equal(status, 413, encoding);
      }
    });

    it('takes a Bundle that is larger than a resource may be', async () => {
      const bundle = {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          { resource: long(MB), request: { method: 'POST', url: 'Patient' } },
          { resource: long(MB), request: { method: 'POST', url: 'Patient' } },
        ],
      };
      const reply = await client.post('', bundle, fhir);
      assert.equal(reply.status, 200, reply.text.slice(0, 500));
      assert.equal((await client.post('', { ...bundle, entry: Array(7).fill(bundle.entry[0]) }, fhir)).status, 413);
    });

    it('lets many large bodies wait for their turn, announced or not', async () => {
      const body = Buffer.from(JSON.stringify(long(1.5 * MB)));
      const halves = [body.subarray(0, MB), body.subarray(MB)];
      const replies = await Promise.all([
        ...Array.from({ length: 6 }, () => raw('POST', '/Patient', { ...fhir, 'content-length': body.length }, [body])),
        ...Array.from({ length: 6 }, () => raw('POST', '/Patient', fhir, halves)),
        ...Array.from({ length: 6 }, () =>
          raw('POST', '/Patient', { ...fhir, 'content-encoding': 'gzip' }, [gzipSync(body)]),
        ),
      ]);
      assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([201]));
    });

    it('gives the turn of a client that leaves to the next', async () => {
      const leave = () =>
        new Promise<void>((resolve) => {
          const req = http.request(`${server.base}/Patient`, {
            method: 'POST',
            headers: { ...fhir, 'content-length': 2 * MB },
          });
          req.on('error', () => resolve());
          req.write('{"resourceType":', () => setTimeout(() => req.destroy(), 50));
        });
      await Promise.all([leave(), leave(), leave()]);
      assert.equal((await client.post('/Patient', long(1.9 * MB))).status, 201);
    });
  });

  describe('in its encoding', () => {
    const body = JSON.stringify(aPatient());
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['x-gzip', gzipSync],
      ['br', brotliCompressSync],
      ['deflate', deflateSync],
    ] as const) {
      it(`reads a body packed with ${encoding}`, async () => {
        const { status, bytes } = await raw('POST', '/Patient', { ...fhir, 'content-encoding': encoding }, [
          pack(body),
        ]);
        assert.equal(status, 201, bytes.toString());
      });
    }

    it('refuses what is packed in an unknown way or broken', async () => {
      const unknown = await raw('POST', '/Patient', { ...fhir, 'content-encoding': 'lzw' }, [body]);
      assert.equal(unknown.status, 415);
      assert.equal(unknown.headers['accept-encoding'], 'gzip, deflate, br');
      for (const bytes of [Buffer.from(body), gzipSync(body).subarray(0, 40)]) {
        assert.equal((await raw('POST', '/Patient', { ...fhir, 'content-encoding': 'gzip' }, [bytes])).status, 400);
      }
    });

    const unpack: Record<string, (bytes: Buffer) => Buffer> = { gzip: gunzipSync, br: brotliDecompressSync };
    for (const [accepted, used] of [
      ['gzip', 'gzip'],
      ['gzip, deflate, br', 'br'],
      ['br;q=0, gzip;q=0.5', 'gzip'],
      ['identity', undefined],
      ['deflate', undefined],
      ['gzip;q=0', undefined],
    ] as const) {
      it(`answers a large body in ${used ?? 'plain'} to a client that takes ${accepted}`, async () => {
        const plain = await raw('GET', '/Patient/long');
        const { headers, bytes } = await raw('GET', '/Patient/long', { 'accept-encoding': accepted });
        assert.equal(headers['content-encoding'], used);
        assert.equal(Number(headers['content-length']), bytes.length);
        assert.deepEqual(used === undefined ? bytes : unpack[used]!(bytes), plain.bytes);
        assert.match(String(headers.vary), /Accept-Encoding/);
      });
    }

    it('leaves a small body as it is', async () => {
      assert.equal(
        (await raw('GET', '/Patient/p1', { 'accept-encoding': 'gzip' })).headers['content-encoding'],
        undefined,
      );
    });
  });

  describe('from a web page', () => {
    it('shows a listed page and pages of this machine what they need', async () => {
      for (const origin of ['https://app.example.org', 'http://localhost:5173', 'http://127.0.0.1:8080']) {
        const { headers } = await client.get('/Patient/p1', { origin });
        assert.equal(headers.get('access-control-allow-origin'), origin);
        for (const name of ['ETag', 'Location', 'Last-Modified', 'Content-Location', 'X-Request-Id']) {
          assert.ok(headers.get('access-control-expose-headers')?.includes(name), name);
        }
        assert.match(headers.get('vary') ?? '', /Origin/);
      }
    });

    it('allows no other page', async () => {
      const { headers } = await client.get('/Patient/p1', { origin: 'https://evil.example.org' });
      assert.equal(headers.get('access-control-allow-origin'), null);
    });

    it('answers the question before the request', async () => {
      const reply = await raw('OPTIONS', '/Patient/p1', {
        origin: 'https://app.example.org',
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'if-match, content-type',
      });
      assert.equal(reply.status, 204);
      assert.equal(reply.headers['access-control-allow-origin'], 'https://app.example.org');
      assert.match(reply.headers['access-control-allow-methods'] ?? '', /PUT/);
      assert.match(reply.headers['access-control-allow-headers'] ?? '', /If-Match/);
    });

    it('can read why it was refused', async () => {
      const reply = await client.get('/Patient/none', { origin: 'https://app.example.org' });
      assert.equal(reply.status, 404);
      assert.equal(reply.headers.get('access-control-allow-origin'), 'https://app.example.org');
    });
  });

  describe('with its correlation id', () => {
    it('gets the id it came with', async () => {
      assert.equal((await client.get('/Patient/p1', { 'x-request-id': 'abc-1' })).headers.get('x-request-id'), 'abc-1');
      const correlated = await client.get('/Patient/none', { 'x-correlation-id': 'abc-2' });
      assert.equal(correlated.headers.get('x-request-id'), 'abc-2');
      assert.equal(correlated.headers.get('x-correlation-id'), 'abc-2');
    });

    it('gets a new one where it has none, or one that could spoil a log', async () => {
      const ids = await Promise.all(
        [{}, {}, { 'x-request-id': 'a b' }, { 'x-request-id': 'x'.repeat(500) }].map(async (headers) =>
          (await client.get('/Patient/p1', headers as Record<string, string>)).headers.get('x-request-id'),
        ),
      );
      assert.equal(new Set(ids).size, 4);
      for (const id of ids) assert.match(id ?? '', /^[\w-]{5,40}$/);
    });

    it('finds it in the log, with nothing about the patient', async () => {
      await client.get('/Patient?family=Okafor&_id=p1', { 'x-request-id': 'logged-1' });
      await client.get('/Patient/secret-id', { 'x-request-id': 'logged-2' });
      const lines = server.lines.filter(({ fields }) => String(fields.id).startsWith('logged-'));
      assert.equal(lines[0]?.fields.kind, 'search-type');
      assert.equal(lines[1]?.fields.status, 404);
      assert.doesNotMatch(JSON.stringify(lines), /Okafor|p1|secret-id/);
    });
  });
});

describe('without sign-in', () => {
  let server: TestServer;
  before(async () => {
    server = await startTestServer('loopback', {
      settings: { trustedHosts: 'loopback', corsOrigins: ['https://app.example.org'] },
    });
  });
  after(() => server.close());

  const ask = (headers: Record<string, string>): Promise<number> =>
    new Promise((resolve, reject) => {
      http
        .get(`${server.base}/metadata`, { headers, agent: false }, (res) => {
          res.resume();
          resolve(res.statusCode!);
        })
        .on('error', reject);
    });

  const cases: [headers: Record<string, string>, status: number][] = [
    [{}, 200],
    [{ host: 'localhost:3000' }, 200],
    [{ host: '[::1]:3000' }, 200],
    [{ host: 'evil.example.org' }, 403],
    [{ host: '127.0.0.1.evil.example.org' }, 403],
    [{ host: '192.168.1.5:3000' }, 403],
    [{ origin: 'http://localhost:8080' }, 200],
    [{ origin: 'https://app.example.org' }, 200],
    [{ origin: 'https://evil.example.org' }, 403],
    [{ origin: 'http://localhost.evil.example.org' }, 403],
    [{ origin: 'null' }, 403],
  ];
  for (const [headers, status] of cases) {
    it(`answers ${status} to ${JSON.stringify(headers)}`, async () => assert.equal(await ask(headers), status));
  }
});

describe('without sign-in, open to the network', () => {
  const cases: [headers: Record<string, string>, isAnswered: boolean][] = [
    [{ host: '192.168.1.5:3000' }, true],
    [{ host: '[fe80::1]:3000' }, true],
    [{ host: 'localhost:3000' }, true],
    [{ host: 'fhir.example.org' }, true],
    [{ host: 'evil.example.org' }, false],
    [{ host: '192.168.1.5.evil.example.org' }, false],
    [{}, false],
    [{ host: 'fhir.example.org', origin: 'https://fhir.example.org' }, true],
    [{ host: '192.168.1.5:3000', origin: 'http://192.168.1.5:3000' }, true],
    [{ host: '192.168.1.5:3000', origin: 'https://evil.example.org' }, false],
  ];
  for (const [headers, isAnswered] of cases) {
    it(`${isAnswered ? 'answers' : 'refuses'} ${JSON.stringify(headers)}`, () => {
      const ask = (): void =>
        refuseForeigners({ headers } as http.IncomingMessage, {
          trustedHosts: 'addresses',
          base: 'https://fhir.example.org/fhir',
          corsOrigins: [],
        });
      if (isAnswered) ask();
      else assert.throws(ask, { kind: 'forbidden' });
    });
  }
});
