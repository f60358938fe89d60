// Attacks by what is sent: bodies that would swell, headers that would split, hosts that would be believed, bytes that would hide a second
// request. The server says no, briefly, and goes on.
import assert from 'node:assert/strict';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('a hostile request', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('attacks');
    client = createFhirClient(server.base);
    await client.put('/Patient/p1', { resourceType: 'Patient', id: 'p1' });
  });
  after(() => server.close());

  const xml = { 'content-type': 'application/fhir+xml' };
  const laughs = Array.from({ length: 12 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join('');
  const deepXml = `${'<contained><Basic xmlns="http://hl7.org/fhir">'.repeat(20_000)}`;

  const bodies: {
    what: string;
    body: string | Buffer;
    headers?: Record<string, string>;
    is: RegExp;
    status: number;
  }[] = [
    {
      what: 'entities that multiply (billion laughs)',
      body: `<!DOCTYPE x [<!ENTITY l0 "ha">${laughs}]><Patient xmlns="http://hl7.org/fhir"><language value="&l12;"/></Patient>`,
      headers: xml,
      is: /^structure/,
      status: 400,
    },
    {
      what: 'an entity that is a file',
      body: '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir"><language value="&f;"/></Patient>',
      headers: xml,
      is: /^structure/,
      status: 400,
    },
    {
      what: 'a document type from elsewhere',
      body: '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><Patient xmlns="http://hl7.org/fhir"/>',
      headers: xml,
      is: /^structure/,
      status: 400,
    },
    {
      what: 'XML without a bottom',
      body: `<Patient xmlns="http://hl7.org/fhir">${deepXml}`,
      headers: xml,
      is: /^structure/,
      status: 400,
    },
    {
      what: 'JSON without a bottom',
      body: `{"resourceType":"Patient","extension":${'['.repeat(200_000)}`,
      is: /^structure/,
      status: 400,
    },
    {
      what: 'JSON of nested objects',
      body: `${'{"resourceType":"Bundle","type":"collection","entry":[{"resource":'.repeat(5000)}{}${'}]}'.repeat(5000)}`,
      is: /^structure/,
      status: 400,
    },
    {
      what: 'a prototype in the body',
      body: '{"resourceType":"Patient","__proto__":{"polluted":true}}',
      is: /^structure/,
      status: 400,
    },
    {
      what: 'a constructor in the body',
      body: '{"resourceType":"Patient","constructor":{"prototype":{"polluted":true}}}',
      is: /^structure/,
      status: 400,
    },
    {
      what: 'a type that every object has',
      body: '{"resourceType":"constructor"}',
      is: /^(value|invalid|structure)/,
      status: 400,
    },
    {
      what: 'a small body that is large inside',
      body: gzipSync(Buffer.alloc(200 * 1024 * 1024, 32)),
      headers: { 'content-type': 'application/fhir+json', 'content-encoding': 'gzip' },
      is: /^too-long/,
      status: 413,
    },
    {
      what: 'a length beyond the limit',
      body: Buffer.alloc(16 * 1024 * 1024, 32),
      headers: { 'content-type': 'application/fhir+json' },
      is: /^too-long/,
      status: 413,
    },
  ];
  for (const { what, body, headers, is, status } of bodies) {
    it(`is refused with ${what}`, async () => {
      const before = process.memoryUsage().rss;
      const started = performance.now();
      const reply = await client.post('/Patient', body, headers);
      assert.match(issueOf(reply), is, reply.text.slice(0, 300));
      assert.equal(reply.status, status);
      assert.ok(reply.text.length < 2000 && !reply.text.includes('root:'), 'the answer is short and tells nothing');
      assert.ok(performance.now() - started < 10_000);
      assert.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024);
      assert.equal(({} as Record<string, unknown>).polluted, undefined);
      assert.equal((await client.get('/Patient/p1')).status, 200, 'others are served');
    });
  }

  /** bytes as they are, and everything that comes back until the connection ends or is silent */
  function raw(text: string): Promise<string> {
    const { hostname, port } = new URL(server.base);
    return new Promise((resolve, reject) => {
      const socket = net.connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.setTimeout(1500, () => socket.destroy());
      socket.on('data', (chunk) => {
        answer += chunk.toString();
      });
      socket.on('close', () => resolve(answer));
      socket.on('error', reject);
    });
  }
  const get = (target: string, ...headers: string[]): Promise<string> =>
    raw(['GET ' + target + ' HTTP/1.1', ...headers, 'Connection: close', '', ''].join('\r\n'));
  const headOf = (answer: string): string => answer.slice(0, answer.indexOf('\r\n\r\n'));

  for (const [what, target] of [
    ['the format', '/fhir/Patient?_format=json%0d%0aX-Injected:%20yes'],
    ['a value', '/fhir/Patient?name=x%0d%0aX-Injected:%20yes'],
    ['an id', '/fhir/Patient/x%0d%0aX-Injected:%20yes'],
    ['a type', '/fhir/x%0d%0aX-Injected:%20yes'],
    ['a cursor', '/fhir/Patient?_cursor=x%0d%0aX-Injected:%20yes'],
  ] as const) {
    it(`adds no header to the answer by ${what}`, async () => {
      const answer = await get(target, 'Host: localhost');
      assert.match(answer, /^HTTP\/1\.1 \d{3} /);
      assert.doesNotMatch(headOf(answer), /^X-Injected/im);
    });
  }

  it('adds no header by an id that is repeated', async () => {
    const answer = await get(
      '/fhir/Patient/p1',
      'Host: localhost',
      'X-Request-Id: a b; "<script>',
      'X-Correlation-Id: ok-1',
    );
    assert.match(headOf(answer), /^X-Request-Id: [A-Za-z0-9._:/+=-]+$/im);
    assert.doesNotMatch(headOf(answer), /script/);
  });

  for (const host of ['evil.example"><script>', 'evil.example/path', 'a b', "x'onload='", 'evil.example\t']) {
    it(`is not believed that it is called ${JSON.stringify(host)}`, async () => {
      const answer = await get('/fhir/Patient?_count=1', `Host: ${host}`);
      assert.doesNotMatch(answer, /<script>|onload|evil\.example\/path/);
    });
  }

  it('says BASE_URL in links, whatever host it was asked by', async () => {
    const named = await startTestServer('attacks-host', { settings: { baseUrl: 'https://fhir.example.org/fhir' } });
    try {
      const { port, hostname } = new URL(named.base);
      const answer = await new Promise<string>((resolve) => {
        const socket = net.connect(Number(port), hostname, () =>
          socket.write(
            'GET /fhir/Patient?_count=1 HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n',
          ),
        );
        let text = '';
        socket.on('data', (chunk) => {
          text += chunk.toString();
        });
        socket.on('close', () => resolve(text));
      });
      assert.match(answer, /https:\/\/fhir\.example\.org\/fhir\/Patient/);
      assert.doesNotMatch(answer, /evil\.example/);
    } finally {
      await named.close();
    }
  });

  for (const [what, head] of [
    ['two lengths', ['Content-Length: 5', 'Content-Length: 6']],
    ['a length and chunks', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['an encoding that is unknown', ['Transfer-Encoding: xchunked']],
    ['two hosts', ['Host: a', 'Host: b']],
  ] as const) {
    it(`does not hide a second request behind ${what}`, async () => {
      const lines = [
        'POST /fhir/Patient HTTP/1.1',
        ...(what === 'two hosts' ? [] : ['Host: localhost']),
        'Content-Type: application/fhir+json',
        ...head,
      ];
      const answer = await raw(
        `${lines.join('\r\n')}\r\n\r\n0\r\n\r\nGET /fhir/Patient/p1 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      );
      assert.doesNotMatch(answer, /"id":"p1"/);
    });
  }

  it('is refused with headers without an end', async () => {
    const answer = await get('/fhir/Patient/p1', 'Host: localhost', `X-Long: ${'a'.repeat(100_000)}`);
    assert.match(answer, /^HTTP\/1\.1 431 /);
  });

  it('is not another request because a header says so', async () => {
    for (const name of ['X-HTTP-Method-Override', 'X-Method-Override', 'X-HTTP-Method']) {
      const reply = await client.post('/Patient/_search', 'name=x', {
        'content-type': 'application/x-www-form-urlencoded',
        [name]: 'DELETE',
      });
      assert.equal(reply.status, 200);
    }
    for (const name of ['X-Original-URL', 'X-Rewrite-URL']) {
      const reply = await client.get('/metadata?_elements=status', { [name]: '/fhir/Patient/p1' });
      assert.equal(reply.body.resourceType, 'CapabilityStatement');
    }
  });

  it('does not leave the service by its path', async () => {
    for (const target of [
      '/fhir/../healthz',
      '/fhir/%2e%2e/healthz',
      '/fhir/Patient/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '/fhir/Patient/..%00',
    ]) {
      const answer = await get(target, 'Host: localhost');
      assert.match(answer, /^HTTP\/1\.1 4\d\d /, target);
      assert.doesNotMatch(answer, /root:/);
    }
  });
});
