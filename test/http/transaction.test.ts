import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { anObservation, aPatient, createFhirClient, type FhirClient, type Reply } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

interface Entry {
  fullUrl?: string;
  resource?: object;
  request: { method: string; url: string; [condition: string]: string };
}

const transaction = (...entry: Entry[]): object => ({ resourceType: 'Bundle', type: 'transaction', entry });
const request = (method: string, url: string, conditions: Record<string, string> = {}): Entry['request'] => ({
  method,
  url,
  ...conditions,
});
const urn = (): string => `urn:uuid:${randomUUID()}`;
const mrn = (value: string): { identifier: object[] } => ({ identifier: [{ system: 'urn:mrn', value }] });

const statuses = (reply: Reply): string[] =>
  reply.body.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3));
const location = (reply: Reply, index: number): string =>
  reply.body.entry[index].response.location.replace(/\/_history.*/, '');
const issues = (reply: Reply): string[] =>
  reply.body.issue.map(
    ({ code, expression }: { code: string; expression?: string[] }) => `${code} at ${expression?.[0]}`,
  );

describe('transaction', () => {
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    server = await startTestServer('transaction');
    client = createFhirClient(server.base);
    await client.post(
      '',
      transaction(
        { resource: aPatient(), request: request('POST', 'Patient') },
        { resource: anObservation(), request: request('POST', 'Observation') },
      ),
    );
  });
  after(() => server.close());

  const count = async (query: string): Promise<number> => (await client.get(`/${query}`)).body.total;

  it('creates resources that refer to each other, in any order', async () => {
    const patient = urn();
    const observation = urn();
    const reply = await client.post(
      '',
      transaction(
        {
          fullUrl: observation,
          resource: anObservation({ subject: { reference: patient } }),
          request: request('POST', 'Observation'),
        },
        { fullUrl: patient, resource: aPatient({ id: 'ignored' }), request: request('POST', 'Patient') },
        {
          resource: anObservation({ hasMember: [{ reference: observation }] }),
          request: request('POST', 'Observation'),
        },
      ),
    );
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.body.type, 'transaction-response');
    assert.deepEqual(statuses(reply), ['201', '201', '201']);
    const stored = await client.get(`/${location(reply, 0)}`);
    assert.equal(stored.body.subject.reference, location(reply, 1));
    const member = await client.get(`/${location(reply, 2)}`);
    assert.equal(member.body.hasMember[0].reference, location(reply, 0));
    const { response, resource } = reply.body.entry[0];
    assert.deepEqual([response.etag, resource], ['W/"1"', undefined]);
    assert.equal(response.lastModified, stored.body.meta.lastUpdated);
  });

  it('answers with the resources where the client prefers them, decimals as written', async () => {
    const resource = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.50}}`;
    const body = `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":${resource},"request":{"method":"POST","url":"Observation"}}]}`;
    const reply = await client.post('', body, {
      prefer: 'return=representation',
      'content-type': 'application/fhir+json',
    });
    assert.match(reply.text, /"value":1\.50/);
    assert.equal(reply.body.entry[0].fullUrl, `${server.base}/${location(reply, 0)}`);
  });

  it('works in the order DELETE, POST, PUT, PATCH, GET, whatever the order of the entries', async () => {
    await client.put('/Patient/order-old', aPatient({ id: 'order-old', ...mrn('order') }));
    await client.put('/Patient/order-patched', aPatient({ id: 'order-patched', active: true }));
    const patch = Buffer.from(JSON.stringify([{ op: 'replace', path: '/active', value: false }])).toString('base64');
    const reply = await client.post(
      '',
      transaction(
        { request: request('GET', 'Patient?identifier=urn:mrn|order') },
        { request: request('GET', 'Patient/order-patched') },
        {
          resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: patch },
          request: request('PATCH', 'Patient/order-patched'),
        },
        { resource: aPatient({ id: 'order-new', ...mrn('order') }), request: request('PUT', 'Patient/order-new') },
        { request: request('DELETE', 'Patient/order-old') },
      ),
    );
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(statuses(reply), ['200', '200', '200', '201', '204']);
    const [search, read] = reply.body.entry;
    assert.deepEqual(
      search.resource.entry.map(({ resource }: { resource: { id: string } }) => resource.id),
      ['order-new'],
    );
    assert.equal(read.resource.active, false);
    assert.equal((await client.get('/Patient/order-old')).status, 410);
  });

  it('leaves nothing behind where one entry fails', async () => {
    const id = `nothing-${randomUUID().slice(0, 8)}`;
    const reply = await client.post(
      '',
      transaction(
        { resource: aPatient({ id }), request: request('PUT', `Patient/${id}`) },
        {
          resource: aPatient({ id: 'order-new' }),
          request: request('PUT', 'Patient/order-new', { ifMatch: 'W/"99"' }),
        },
      ),
    );
    assert.equal(reply.status, 412);
    assert.deepEqual(issues(reply), ['conflict at Bundle.entry[1]']);
    assert.equal((await client.get(`/Patient/${id}`)).status, 404);
  });

  it('leaves nothing behind where a read of it fails', async () => {
    const id = `noread-${randomUUID().slice(0, 8)}`;
    const reply = await client.post(
      '',
      transaction(
        { resource: aPatient({ id }), request: request('PUT', `Patient/${id}`) },
        { request: request('GET', 'Patient/never-was') },
      ),
    );
    assert.equal(reply.status, 404);
    assert.deepEqual(issues(reply), ['not-found at Bundle.entry[1]']);
    assert.equal((await client.get(`/Patient/${id}`)).status, 404);
  });

  it('names everything that is wrong with its entries at once', async () => {
    const reply = await client.post(
      '',
      transaction(
        { resource: aPatient({ gender: 'femal' }), request: request('POST', 'Patient') },
        { resource: aPatient(), request: request('POST', 'Patient') },
        { resource: anObservation({ colour: 'red' }), request: request('POST', 'Observation') },
        { resource: aPatient({ id: 'a' }), request: request('PUT', 'Patient/b') },
        { request: request('FETCH', 'Patient/b') },
        { request: request('GET', 'Patience/b') },
      ),
    );
    assert.equal(reply.status, 400);
    assert.deepEqual(issues(reply), [
      'code-invalid at Bundle.entry[0].resource.gender',
      'structure at Bundle.entry[2].resource.colour',
      'invalid at Bundle.entry[3].resource.id',
      'invalid at Bundle.entry[4].request.method',
      'not-supported at Bundle.entry[5].request.url',
    ]);
  });

  it('rewrites links in the narrative and addresses in other elements', async () => {
    const patient = urn();
    const binary = urn();
    const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${patient}">she</a> ${patient}</div>`;
    const reply = await client.post(
      '',
      transaction(
        { fullUrl: patient, resource: aPatient(), request: request('POST', 'Patient') },
        {
          fullUrl: binary,
          resource: { resourceType: 'Binary', contentType: 'text/plain', data: 'YQ==' },
          request: request('POST', 'Binary'),
        },
        {
          resource: {
            resourceType: 'DocumentReference',
            status: 'current',
            text: { status: 'generated', div },
            content: [{ attachment: { url: binary } }],
          },
          request: request('POST', 'DocumentReference'),
        },
      ),
    );
    assert.equal(reply.status, 200, reply.text);
    const { body } = await client.get(`/${location(reply, 2)}`);
    assert.equal(
      body.text.div,
      `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${location(reply, 0)}">she</a> ${patient}</div>`,
    );
    assert.equal(body.content[0].attachment.url, location(reply, 1));
  });

  describe('conditional references', () => {
    before(async () => {
      for (const [id, value] of [
        ['ref-one', 'one'],
        ['ref-two', 'two'],
        ['ref-three', 'two'],
      ] as const) {
        await client.put(`/Patient/${id}`, aPatient({ id, ...mrn(value) }));
      }
    });
    const about = (...criteria: string[]): object =>
      transaction(
        ...criteria.map((each) => ({
          resource: anObservation({ subject: { reference: `Patient?${each}` } }),
          request: request('POST', 'Observation'),
        })),
      );

    it('are resolved to the one resource that meets them', async () => {
      const reply = await client.post(
        '',
        about('identifier=urn:mrn|one', 'identifier=urn:mrn|one', 'identifier=urn%3Amrn%7Cone&gender=female'),
      );
      assert.equal(reply.status, 200, reply.text);
      for (const index of [0, 1, 2]) {
        assert.equal((await client.get(`/${location(reply, index)}`)).body.subject.reference, 'Patient/ref-one');
      }
    });

    it('that nothing or too much meets are refused, with their place', async () => {
      const none = await client.post('', about('identifier=urn:mrn|one', 'identifier=urn:mrn|none'));
      assert.deepEqual([none.status, issues(none)], [400, ['not-found at Bundle.entry[1].resource.subject.reference']]);
      const many = await client.post('', about('identifier=urn:mrn|two'));
      assert.deepEqual(
        [many.status, issues(many)],
        [412, ['multiple-matches at Bundle.entry[0].resource.subject.reference']],
      );
    });

    it('may mean what the same transaction writes, and no longer what it deletes', async () => {
      const reply = await client.post(
        '',
        transaction(
          { request: request('DELETE', 'Patient/ref-two') },
          {
            resource: anObservation({ subject: { reference: 'Patient?identifier=urn:mrn|two' } }),
            request: request('POST', 'Observation'),
          },
          {
            resource: anObservation({ subject: { reference: 'Patient?identifier=urn:mrn|new' } }),
            request: request('POST', 'Observation'),
          },
          { resource: aPatient(mrn('new')), request: request('POST', 'Patient') },
        ),
      );
      assert.equal(reply.status, 200, reply.text);
      assert.equal((await client.get(`/${location(reply, 1)}`)).body.subject.reference, 'Patient/ref-three');
      assert.equal((await client.get(`/${location(reply, 2)}`)).body.subject.reference, location(reply, 3));
    });

    it('to a type that does not exist are refused', async () => {
      const reply = await client.post(
        '',
        transaction({
          resource: anObservation({ subject: { reference: 'Patience?identifier=1' } }),
          request: request('POST', 'Observation'),
        }),
      );
      assert.equal(reply.status, 400);
      assert.equal(issues(reply)[0], 'value at Bundle.entry[0].resource.subject.reference');
    });
  });

  describe('conditional entries', () => {
    it('create only what is not there, and others refer to what is', async () => {
      const value = randomUUID();
      const entries = (): Entry[] => {
        const fullUrl = urn();
        return [
          {
            fullUrl,
            resource: aPatient(mrn(value)),
            request: request('POST', 'Patient', { ifNoneExist: `identifier=urn:mrn|${value}` }),
          },
          { resource: anObservation({ subject: { reference: fullUrl } }), request: request('POST', 'Observation') },
        ];
      };
      const first = await client.post('', transaction(...entries()));
      const second = await client.post('', transaction(...entries()));
      assert.deepEqual(
        [statuses(first), statuses(second)],
        [
          ['201', '201'],
          ['200', '201'],
        ],
      );
      assert.equal(location(second, 0), location(first, 0));
      assert.equal((await client.get(`/${location(second, 1)}`)).body.subject.reference, location(first, 0));
    });

    it('update and delete the one that meets the condition', async () => {
      const value = randomUUID();
      const put = (resource: object): Entry => ({
        resource,
        request: request('PUT', `Patient?identifier=urn:mrn|${value}`),
      });
      const created = await client.post('', transaction(put(aPatient(mrn(value)))));
      const updated = await client.post('', transaction(put(aPatient({ ...mrn(value), active: false }))));
      assert.deepEqual([statuses(created), statuses(updated)], [['201'], ['200']]);
      assert.equal(location(updated, 0), location(created, 0));
      const remove: Entry = { request: request('DELETE', `Patient?identifier=urn:mrn|${value}`) };
      assert.deepEqual(statuses(await client.post('', transaction(remove))), ['204']);
      assert.deepEqual(statuses(await client.post('', transaction(remove))), ['204']);
      assert.equal((await client.get(`/${location(created, 0)}`)).status, 410);
    });

    it('that several resources meet are refused', async () => {
      const value = randomUUID();
      for (const _ of [1, 2]) await client.post('/Patient', aPatient(mrn(value)));
      const criteria = `identifier=urn:mrn|${value}`;
      for (const entry of [
        { resource: aPatient(), request: request('POST', 'Patient', { ifNoneExist: criteria }) },
        { resource: aPatient(), request: request('PUT', `Patient?${criteria}`) },
        { request: request('DELETE', `Patient?${criteria}`) },
      ]) {
        const reply = await client.post('', transaction(entry));
        assert.deepEqual([reply.status, issues(reply)], [412, ['multiple-matches at Bundle.entry[0]']]);
      }
    });

    it('hundreds of conditions are looked up together', async () => {
      const entries = Array.from({ length: 300 }, (_, index) => ({
        resource: aPatient(mrn(`many-${index}`)),
        request: request('POST', 'Patient', { ifNoneExist: `identifier=urn:mrn|many-${index}` }),
      }));
      assert.deepEqual(
        new Set(statuses(await client.post('', transaction(...entries.slice(0, 200))))),
        new Set(['201']),
      );
      const again = statuses(await client.post('', transaction(...entries)));
      assert.deepEqual(
        [again.slice(0, 200).every((status) => status === '200'), again.slice(200).every((status) => status === '201')],
        [true, true],
      );
    });

    it('keep If-None-Match: * and If-Match', async () => {
      const id = randomUUID();
      const put = (conditions: Record<string, string>): Entry => ({
        resource: aPatient({ id }),
        request: request('PUT', `Patient/${id}`, conditions),
      });
      assert.equal((await client.post('', transaction(put({ ifMatch: 'W/"1"' })))).status, 412);
      assert.deepEqual(statuses(await client.post('', transaction(put({ ifNoneMatch: '*' })))), ['201']);
      assert.equal((await client.post('', transaction(put({ ifNoneMatch: '*' })))).status, 412);
      assert.deepEqual(statuses(await client.post('', transaction(put({ ifMatch: 'W/"1"' })))), ['200']);
    });
  });

  it('refuses to change one resource twice', async () => {
    const reply = await client.post(
      '',
      transaction(
        { resource: aPatient({ id: 'twice' }), request: request('PUT', 'Patient/twice') },
        { request: request('DELETE', 'Patient/twice') },
      ),
    );
    assert.deepEqual([reply.status, issues(reply)], [400, ['invalid at Bundle.entry[1]']]);
  });

  it('refuses two entries with one fullUrl or one condition', async () => {
    const fullUrl = urn();
    const twice = await client.post(
      '',
      transaction(...[1, 2].map(() => ({ fullUrl, resource: aPatient(), request: request('POST', 'Patient') }))),
    );
    assert.deepEqual([twice.status, issues(twice)], [400, ['invalid at Bundle.entry[1].fullUrl']]);
    const equal = await client.post(
      '',
      transaction(
        ...[1, 2].map(() => ({
          resource: aPatient(),
          request: request('POST', 'Patient', { ifNoneExist: 'identifier=urn:mrn|equal' }),
        })),
      ),
    );
    assert.deepEqual([equal.status, issues(equal)], [400, ['invalid at Bundle.entry[1].request']]);
  });

  it('that is empty changes nothing', async () => {
    const reply = await client.post('', { resourceType: 'Bundle', type: 'transaction' });
    assert.deepEqual([reply.status, reply.body], [200, { resourceType: 'Bundle', type: 'transaction-response' }]);
  });

  it('refuses what is neither batch nor transaction', async () => {
    const wrongType = await client.post('', { resourceType: 'Bundle', type: 'collection' });
    assert.deepEqual([wrongType.status, issues(wrongType)], [400, ['value at Bundle.type']]);
    assert.equal((await client.post('', aPatient())).status, 400);
  });

  it('makes one resource of a crowd of equal conditional creations', async () => {
    const value = randomUUID();
    const body = (): object => {
      const fullUrl = urn();
      return transaction(
        {
          fullUrl,
          resource: aPatient(mrn(value)),
          request: request('POST', 'Patient', { ifNoneExist: `identifier=urn:mrn|${value}` }),
        },
        { resource: anObservation({ subject: { reference: fullUrl } }), request: request('POST', 'Observation') },
      );
    };
    const replies = await Promise.all(Array.from({ length: 12 }, () => client.post('', body())));
    assert.deepEqual(
      replies.map(({ status }) => status),
      Array.from({ length: 12 }, () => 200),
      replies.find(({ status }) => status !== 200)?.text,
    );
    assert.equal(new Set(replies.map((reply) => location(reply, 0))).size, 1);
    assert.equal(await count(`Patient?identifier=urn:mrn|${value}&_total=accurate`), 1);
    const about = new Set(
      await Promise.all(
        replies.map(async (reply) => (await client.get(`/${location(reply, 1)}`)).body.subject.reference),
      ),
    );
    assert.deepEqual([...about], [location(replies[0]!, 0)]);
  });
});
