// What is on record of requests, and how it is found: AuditEvents of the log, through the service's own search.
import assert from 'node:assert/strict';
import type { FhirClient, Reply } from '../support/fhir-client.ts';
import { anObservation, aPatient, issueOf } from '../support/fhir-client.ts';
import { type GuardedServer, startGuardedServer } from '../support/guarded.ts';

interface Event {
  id: string;
  action: string;
  outcome: string;
  outcomeDesc?: string;
  type: { code: string };
  subtype?: { code: string }[];
  recorded: string;
  agent: { who?: { reference?: string }; altId?: string; network?: { address: string }; policy?: string[] }[];
  entity?: { what?: { reference?: string; identifier?: { value: string } }; query?: string; role?: { code: string } }[];
}

describe('the audit trail', () => {
  let server: GuardedServer;
  let admin: FhirClient;
  let requests = 0;

  before(async () => {
    server = await startGuardedServer('audit');
    admin = server.as({ account: 'auditor', limits: 'admin' });
  });
  after(() => server.close());

  /** a request under an id of its own, and what is on record of it */
  async function traced(
    client: FhirClient,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<{ reply: Reply; events: Event[] }> {
    const id = `r-${++requests}`;
    const reply = await client.send(method, path, body, { ...headers, 'x-request-id': id });
    const found = await admin.get(`/AuditEvent?entity:identifier=${id}&_sort=date`);
    return { reply, events: eventsIn(found) };
  }

  const eventsIn = (reply: Reply): Event[] => {
    assert.equal(reply.status, 200, reply.text);
    return (reply.body.entry ?? []).map(({ resource }: { resource: Event }) => resource);
  };
  const patientsOf = ({ entity = [] }: Event): string[] =>
    [...new Set(entity.flatMap(({ what, role }) => (role?.code === '1' ? [what?.reference ?? ''] : [])))].sort();
  const dataOf = ({ entity = [] }: Event): string[] =>
    entity.flatMap(({ what, role }) => (role?.code === '4' ? [what?.reference ?? ''] : []));
  const queryOf = ({ entity = [] }: Event): string | undefined => {
    const query = entity.find((one) => one.query !== undefined)?.query;
    return query === undefined ? undefined : Buffer.from(query, 'base64').toString();
  };
  /** `R read 0 Patient/p1` */
  const brief = (event: Event): string =>
    [event.action, event.subtype?.map(({ code }) => code).join('+') ?? '-', event.outcome, ...patientsOf(event)].join(
      ' ',
    );

  async function have(type: string, id: string, more: Record<string, unknown> = {}): Promise<void> {
    const made =
      type === 'Patient'
        ? aPatient(more)
        : type === 'Observation'
          ? anObservation(more)
          : { resourceType: type, ...more };
    const reply = await admin.put(`/${type}/${id}`, { ...made, id });
    assert.ok(reply.status < 300, reply.text);
  }

  describe('of one request', () => {
    let doctor: FhirClient;
    before(async () => {
      doctor = server.as(
        { account: 'doc-1', fhirUser: { type: 'Practitioner', id: 'd1' }, organizations: ['h1'], client: 'chart-app' },
        { 'x-forwarded-for': '192.0.2.44' },
      );
      await have('Patient', 'p1');
      await have('Patient', 'p2', { name: [{ family: 'Other' }] });
      await have('Observation', 'o1', { subject: { reference: 'Patient/p1' } });
      await have('Observation', 'o2', {
        subject: { reference: 'Patient/p2' },
        note: [{ text: 'see "Patient/p9" there' }],
      });
    });

    it('says who read what, from where, and whose it was', async () => {
      const { events } = await traced(doctor, 'GET', '/Observation/o1');
      assert.deepEqual(events.map(brief), ['R read 0 Patient/p1']);
      const [event] = events as [Event];
      assert.deepEqual(dataOf(event), ['Observation/o1/_history/1']);
      assert.equal(event.agent[0]?.who?.reference, 'Practitioner/d1');
      assert.equal(event.agent[0]?.altId, 'doc-1');
      assert.match(event.agent[0]?.policy?.[0] ?? '', /^urn:ietf:params:oauth:jti:t\d+$/);
      assert.equal(event.agent[1]?.network?.address, '192.0.2.44');
      assert.deepEqual(event.agent.map(({ who }) => who?.reference).filter(Boolean), [
        'Practitioner/d1',
        'Organization/h1',
      ]);
    });

    const rows: {
      what: string;
      send: [string, string, unknown?, Record<string, string>?];
      is: string[];
      data?: string[];
    }[] = [
      { what: 'a patient', send: ['GET', '/Patient/p1'], is: ['R read 0 Patient/p1'] },
      { what: 'a version', send: ['GET', '/Observation/o1/_history/1'], is: ['R vread 0 Patient/p1'] },
      { what: 'headers only', send: ['HEAD', '/Observation/o1'], is: ['R read 0 Patient/p1'] },
      {
        what: 'a part that does not name the patient',
        send: ['GET', '/Observation/o1?_elements=code'],
        is: ['R read 0 Patient/p1'],
      },
      {
        what: 'what the client has already',
        send: ['GET', '/Observation/o1', undefined, { 'if-none-match': 'W/"1"' }],
        is: ['R read 0 Patient/p1'],
      },
      { what: 'XML', send: ['GET', '/Observation/o1?_format=xml'], is: ['R read 0 Patient/p1'] },
      { what: 'a history', send: ['GET', '/Observation/o1/_history'], is: ['R history-instance 0 Patient/p1'] },
      {
        what: 'a search',
        send: ['GET', '/Observation?code=8302-2'],
        is: ['E search-type 0 Patient/p1', 'E search-type 0 Patient/p2'],
      },
      {
        what: 'a search of parts',
        send: ['GET', '/Observation?code=8302-2&_elements=status'],
        is: ['E search-type 0 Patient/p1', 'E search-type 0 Patient/p2'],
      },
      {
        what: 'a part of a history',
        send: ['GET', '/Observation/o1/_history?_elements=code'],
        is: ['R history-instance 0 Patient/p1'],
      },
      {
        what: 'a search by POST',
        send: [
          'POST',
          '/Observation/_search',
          'code=8302-2&_id=o2',
          { 'content-type': 'application/x-www-form-urlencoded' },
        ],
        is: ['E search-type 0 Patient/p2'],
      },
      {
        what: 'what a search includes',
        send: ['GET', '/Patient?family=Other&_revinclude=Observation:subject'],
        is: ['E search-type 0 Patient/p2'],
      },
      { what: 'a count', send: ['GET', '/Patient?_summary=count'], is: ['E search-type 0'] },
      {
        what: 'a search for a patient that finds nothing',
        send: ['GET', '/Condition?patient=p2'],
        is: ['E search-type 0 Patient/p2'],
      },
      { what: 'a compartment', send: ['GET', '/Patient/p1/Observation'], is: ['E search-type 0 Patient/p1'] },
      {
        what: 'several types',
        send: ['GET', '/?_type=Observation,Patient&_id=o2'],
        is: ['E search-system 0 Patient/p2'],
      },
      { what: 'an operation', send: ['GET', '/Patient/p1/$everything'], is: ['E operation 0 Patient/p1'] },
      { what: 'what is not there', send: ['GET', '/Observation/none'], is: ['R read 4'] },
      { what: 'a patient who is not there', send: ['GET', '/Patient/none'], is: ['R read 4 Patient/none'] },
      { what: 'what makes no sense', send: ['GET', '/Nonsense/1?x=y'], is: ['E - 4'] },
      { what: 'a wrong search', send: ['GET', '/Observation?date=never'], is: ['E search-type 4'] },
      {
        what: 'a refusal',
        send: ['GET', '/Patient/p1', undefined, { authorization: 'Bearer wrong' }],
        is: ['R read+110113 4'],
      },
      {
        what: 'a creation',
        send: [
          'POST',
          '/Observation',
          anObservation({ subject: { reference: 'Patient/p1' } }),
          { prefer: 'return=minimal' },
        ],
        is: ['C create 0 Patient/p1'],
      },
      {
        what: 'an update',
        send: ['PUT', '/Observation/o3', { ...anObservation({ subject: { reference: 'Patient/p1' } }), id: 'o3' }],
        is: ['U update 0 Patient/p1'],
        data: ['Observation/o3/_history/1'],
      },
      {
        what: 'a patch',
        send: [
          'PATCH',
          '/Observation/o3',
          [{ op: 'replace', path: '/status', value: 'amended' }],
          { prefer: 'return=minimal' },
        ],
        is: ['U patch 0 Patient/p1'],
        data: ['Observation/o3/_history/2'],
      },
      {
        what: 'a refused creation',
        send: ['POST', '/Observation', { resourceType: 'Observation' }],
        is: ['C create 4'],
      },
      {
        what: 'a deletion',
        send: ['DELETE', '/Observation/o3'],
        is: ['D delete 0 Patient/p1'],
        data: ['Observation/o3/_history/3'],
      },
    ];
    for (const { what, send, is, data } of rows) {
      it(`knows ${what}`, async () => {
        const [method, path, body, headers] = send;
        const { events, reply } = await traced(doctor, method, path, body, headers);
        assert.deepEqual(events.map(brief), is, reply.text);
        if (data !== undefined) assert.deepEqual(dataOf(events[0]!), data);
      });
    }

    it('tells each of several patients apart, with the query where it names no other', async () => {
      const { events } = await traced(doctor, 'GET', '/Observation?code=8302-2');
      assert.deepEqual(events.map(queryOf), ['GET Observation?code=8302-2', 'GET Observation?code=8302-2']);
      const named = await traced(doctor, 'GET', '/Observation?patient=p1,p2&code=8302-2');
      assert.deepEqual(
        named.events.map((event) => [brief(event), queryOf(event)]),
        [
          ['E search-type 0', 'GET Observation?patient=p1%2Cp2&code=8302-2'],
          ['E search-type 0 Patient/p1', undefined],
          ['E search-type 0 Patient/p2', undefined],
        ],
      );
    });

    it('belongs to the organisation for which it was done', async () => {
      const { events } = await traced(doctor, 'GET', '/Patient/p2');
      const [event] = events as [Event & { meta: { security: unknown } }];
      assert.deepEqual(event.meta.security, [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code: 'h1' }]);
      const found = await admin.get(
        '/AuditEvent?_security=https://wardgate.dev/fhir/CodeSystem/owner|h1&_total=accurate&_count=1',
      );
      assert.ok(found.body.total > 5);
    });

    it('says that glass was broken, and why', async () => {
      const { events } = await traced(doctor, 'GET', '/Patient/p1', undefined, {
        'x-break-glass': 'found unconscious',
      });
      assert.deepEqual(events.map(brief), ['R read+110127 0 Patient/p1']);
      const [event] = events as [Event & { purposeOfEvent: { text: string; coding: { code: string }[] }[] }];
      assert.deepEqual(
        event.purposeOfEvent.map(({ text, coding }) => [coding[0]?.code, text]),
        [['BTG', 'found unconscious']],
      );
      const silent = await traced(doctor, 'GET', '/Patient/p1', undefined, { 'x-break-glass': ' ' });
      assert.equal(issueOf(silent.reply), 'invalid');
    });

    it('keeps the query of a search, also where it was posted', async () => {
      const { events } = await traced(
        doctor,
        'POST',
        '/Observation/_search?_count=5',
        'code=http%3A%2F%2Floinc.org%7C8302-2',
        {
          'content-type': 'application/x-www-form-urlencoded',
        },
      );
      assert.equal(queryOf(events[0]!), 'POST Observation?_count=5&code=http%3A%2F%2Floinc.org%7C8302-2');
    });

    it('has every entry of a batch, and how each ended', async () => {
      const { events } = await traced(doctor, 'POST', '/', {
        resourceType: 'Bundle',
        type: 'batch',
        entry: [
          { request: { method: 'GET', url: 'Observation/o1' } },
          { request: { method: 'GET', url: 'Observation/none' } },
          { request: { method: 'GET', url: 'Observation?code=8302-2&_id=o2' } },
          {
            request: { method: 'PUT', url: 'Observation/o4' },
            resource: { ...anObservation({ subject: { reference: 'Patient/p2' } }), id: 'o4' },
          },
        ],
      });
      assert.deepEqual(events.map(brief).sort(), [
        'E batch 0',
        'E search-type 0 Patient/p2',
        'R read 0 Patient/p1',
        'R read 4',
        'U update 0 Patient/p2',
      ]);
    });

    it('has every change of a transaction, and nothing of one that failed but the failure', async () => {
      const entry = [
        {
          fullUrl: 'urn:uuid:5f2ac7d4-6e0d-4b6e-9d0e-1d3a4b1f3a10',
          request: { method: 'POST', url: 'Patient' },
          resource: aPatient(),
        },
        {
          request: { method: 'POST', url: 'Observation' },
          resource: anObservation({ subject: { reference: 'urn:uuid:5f2ac7d4-6e0d-4b6e-9d0e-1d3a4b1f3a10' } }),
        },
        { request: { method: 'GET', url: 'Observation/o1' } },
        { request: { method: 'DELETE', url: 'Observation/o4' } },
      ];
      const { events, reply } = await traced(doctor, 'POST', '/', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry,
      });
      assert.equal(reply.status, 200, reply.text);
      const patient = /Patient\/[^/]+/.exec(reply.body.entry[0].response.location)?.[0];
      assert.deepEqual(events.map(brief).sort(), [
        `C create 0 ${patient}`,
        `C create 0 ${patient}`,
        'D delete 0 Patient/p2',
        'E transaction 0',
        'R read 0 Patient/p1',
      ]);
      const failing = [...entry, { request: { method: 'GET', url: 'Observation/none' } }];
      const failed = await traced(doctor, 'POST', '/', { resourceType: 'Bundle', type: 'transaction', entry: failing });
      assert.deepEqual(failed.events.map(brief), ['E transaction 4']);
    });

    it('has what an operation changed', async () => {
      await have('Observation', 'o5', { subject: { reference: 'Patient/p2' } });
      const { events, reply } = await traced(doctor, 'POST', '/Observation/o5/$meta-add', {
        resourceType: 'Parameters',
        parameter: [{ name: 'meta', valueMeta: { tag: [{ system: 'urn:x', code: 'seen' }] } }],
      });
      assert.deepEqual(events.map(brief), ['E operation 0 Patient/p2'], reply.text);
      assert.ok(dataOf(events[0]!).includes('Observation/o5/_history/2'), JSON.stringify(events[0]));
    });

    it('keeps no secret', async () => {
      const paths = [
        '/Patient?access_token=hush-1&name=x',
        '/$login?password=hush-2&email=a%40b.c',
        '/nothing?password=hush-3',
      ];
      for (const path of paths) await doctor.get(path, { authorization: 'Bearer hush-4' });
      for (const path of paths) await doctor.get(path);
      const all = await admin.get('/AuditEvent?_count=1000');
      const text = eventsIn(all)
        .map((event) => JSON.stringify(event) + (queryOf(event) ?? ''))
        .join('\n');
      assert.ok(text.includes('name=x') && text.includes('nothing?password=***'), 'the requests are there');
      assert.equal(/hush-\d/.exec(text)?.[0], undefined);
    });

    it('says nothing of the capability statement and of preflights', async () => {
      assert.deepEqual((await traced(doctor, 'GET', '/metadata')).events, []);
      assert.deepEqual((await traced(doctor, 'OPTIONS', '/Patient')).events, []);
    });
  });

  describe('as resources', () => {
    const ids = (reply: Reply): string[] => eventsIn(reply).map(({ id }) => id);
    let nurse: FhirClient;
    let mine: Event[];
    before(async () => {
      nurse = server.as({ account: 'nurse-7', fhirUser: { type: 'Practitioner', id: 'n7' }, roles: ['nurse'] });
      await have('Practitioner', 'n7', { name: [{ family: 'Nightingale' }] });
      await have('Patient', 'q1');
      for (let i = 0; i < 12; i++) await nurse.get(`/Patient/q1?_elements=name&n=${i}`);
      await nurse.delete('/Patient/never');
      mine = eventsIn(await admin.get('/AuditEvent?altid=nurse-7&_count=100'));
    });

    it('leave other reads as they are, with the keys that access asks for', async () => {
      const { store } = server.service;
      const wanted = { wantKeys: true };
      const [one, [many]] = await Promise.all([
        store.read('Practitioner', 'n7', wanted),
        store.readMany([{ type: 'Practitioner', id: 'n7' }], wanted),
      ]);
      for (const version of [one, many]) assert.deepEqual(version?.keys, []);
    });

    it('are found newest first', () => {
      assert.equal(mine.length, 13);
      assert.deepEqual(
        mine.map(({ recorded }) => recorded),
        [...mine]
          .map(({ recorded }) => recorded)
          .sort()
          .reverse(),
      );
      assert.equal(mine[0]?.action, 'D');
    });

    for (const [what, query, count] of [
      ['user', 'altid=nurse-7', 13],
      ['user as a resource', 'agent=Practitioner/n7', 13],
      ['user by name', 'agent:Practitioner.family=nightingale', 13],
      ['user and action', 'altid=nurse-7&action=R', 12],
      ['another action', 'altid=nurse-7&action=D', 1],
      ['role', 'agent-role=nurse&altid=nurse-7', 13],
      ['patient', 'patient=q1&action=R', 12],
      ['patient by name', 'patient.family=okafor&altid=nurse-7', 12],
      ['two patients', 'patient=q1,never&altid=nurse-7', 13],
      ['resource', 'entity=Patient/q1&altid=nurse-7', 12],
      ['type with its system', 'type=http://terminology.hl7.org/CodeSystem/audit-event-type|rest&altid=nurse-7', 13],
      ['another system', 'type=http://example.org|rest&altid=nurse-7', 0],
      ['interaction', 'subtype=delete&altid=nurse-7', 1],
      ['date', 'altid=nurse-7&date=gt2020-01-01', 13],
      ['date to come', 'altid=nurse-7&date=gt2099-01-01', 0],
      ['address', 'address=127.0.0.1&altid=nurse-7', 13],
      ['not', 'altid=nurse-7&action:not=R', 1],
      ['missing', 'altid=nurse-7&policy:missing=true', 0],
      ['filter', '_filter=altid eq nurse-7 and action eq D', 1],
      ['nobody', 'altid=nobody', 0],
    ] as const) {
      it(`are found by ${what}`, async () => {
        const reply = await admin.get(`/AuditEvent?${query}&_count=100&_total=accurate`);
        assert.equal(eventsIn(reply).length, count, reply.text.slice(0, 500));
        assert.equal(reply.body.total, count);
      });
    }

    it('are counted', async () => {
      const reply = await admin.get('/AuditEvent?altid=nurse-7&_summary=count');
      assert.deepEqual([reply.body.total, reply.body.entry], [13, undefined]);
    });

    for (const sort of [
      '',
      '&_sort=date',
      '&_sort=-date',
      '&_sort=_lastUpdated',
      '&_sort=action,-date',
      '&_sort=-_id',
    ]) {
      it(`come in pages that hold each of them once${sort}`, async () => {
        const seen: string[] = [];
        let url: string | undefined = `/AuditEvent?altid=nurse-7&_count=5${sort}`;
        for (let pages = 0; url !== undefined && pages < 9; pages++) {
          const reply: Reply = await admin.get(url);
          seen.push(...ids(reply));
          url = reply.body.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
        }
        assert.deepEqual([...seen].sort(), mine.map(({ id }) => id).sort());
        const expected = [...mine];
        const by = (key: (event: Event) => string) => expected.sort((a, b) => (key(a) < key(b) ? -1 : 1));
        if (sort === '&_sort=date' || sort === '&_sort=_lastUpdated')
          by(({ recorded, id }) => recorded + id.padStart(40));
        if (sort === '&_sort=-_id') by(({ id }) => id).reverse();
        if (sort === '&_sort=action,-date') {
          assert.equal(seen[0], mine[0]?.id, 'D is before R');
          return;
        }
        assert.deepEqual(
          seen,
          expected.map(({ id }) => id),
        );
      });
    }

    it('are read, with their version, and their history', async () => {
      const { id } = mine[0]!;
      const read = await admin.get(`/AuditEvent/${id}`);
      assert.deepEqual(read.body, mine[0]);
      assert.equal(read.headers.get('etag'), 'W/"1"');
      assert.equal((await admin.get(`/AuditEvent/${id}/_history/1`)).status, 200);
      assert.equal((await admin.get(`/AuditEvent/${id}/_history/2`)).status, 404);
      const history = await admin.get(`/AuditEvent/${id}/_history`);
      assert.deepEqual([history.body.total, history.body.entry[0].resource.id], [1, id]);
      assert.equal((await admin.get(`/AuditEvent/${id.replace(/\d+$/, '999999')}`)).status, 404);
    });

    it('are joined from both sides', async () => {
      const has = await admin.get('/Patient?_has:AuditEvent:patient:altid=nurse-7&_elements=id');
      assert.deepEqual(ids(has), ['q1']);
      const included = await admin.get('/AuditEvent?altid=nurse-7&action=R&_count=2&_include=AuditEvent:patient');
      assert.deepEqual(
        eventsIn(included).map((one) => (one as unknown as { resourceType: string }).resourceType),
        ['AuditEvent', 'AuditEvent', 'Patient'],
      );
      const reverse = await admin.get('/Practitioner?_id=n7&_revinclude=AuditEvent:agent');
      assert.equal(eventsIn(reverse).length, 14);
      const compartment = await admin.get('/Patient/q1/AuditEvent?altid=nurse-7&_count=100');
      assert.equal(eventsIn(compartment).length, 12);
      await have('Provenance', 'pr1', {
        target: [{ reference: `AuditEvent/${mine[0]!.id}` }],
        recorded: '2026-01-01T00:00:00Z',
        agent: [{ who: { display: 'x' } }],
      });
      assert.deepEqual(ids(await admin.get('/AuditEvent?_has:Provenance:target:_id=pr1')), [mine[0]!.id]);
      assert.deepEqual(ids(await admin.get('/Provenance?target:AuditEvent.action=D&target:AuditEvent.altid=nurse-7')), [
        'pr1',
      ]);
    });

    it('stand in one order with those that clients write, which may not be changed either', async () => {
      const own = (id: string, recorded: string) => ({
        resourceType: 'AuditEvent',
        id,
        type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
        action: 'E',
        recorded,
        agent: [{ altId: 'nurse-7', requestor: true }],
        source: { observer: { display: 'another system' } },
      });
      for (const [id, time] of [
        ['before', '2020-01-01T00:00:00Z'],
        ['between', mine[5]!.recorded],
        ['after', '2090-01-01T00:00:00Z'],
      ] as const) {
        const stored = await admin.put(`/AuditEvent/${id}`, own(id, time));
        assert.equal(stored.status, 201, stored.text);
      }
      const posted = await admin.post('/AuditEvent', own('ignored', '1990-01-01T00:00:00Z'));
      assert.equal(posted.status, 201);
      for (const count of [3, 4, 50]) {
        const seen: string[] = [];
        let url: string | undefined = `/AuditEvent?altid=nurse-7&_count=${count}&_total=accurate`;
        for (let pages = 0; url !== undefined && pages < 9; pages++) {
          const reply: Reply = await admin.get(url);
          if (pages === 0) assert.equal(reply.body.total, 17);
          seen.push(...ids(reply));
          url = reply.body.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
        }
        assert.equal(seen.length, 17);
        assert.equal(new Set(seen).size, 17);
        assert.equal(seen[0], 'after');
        assert.deepEqual(seen.slice(-2), ['before', posted.body.id]);
        assert.ok(seen.indexOf('between') >= 5 && seen.indexOf('between') <= 8, String(seen.indexOf('between')));
      }
      const byAction = await admin.get('/AuditEvent?altid=nurse-7&_sort=action&_count=6');
      assert.deepEqual(
        eventsIn(byAction).map(({ action }) => action),
        ['D', 'E', 'E', 'E', 'E', 'R'],
      );
      for (const [method, path, body] of [
        ['PUT', '/AuditEvent/before', own('before', '2021-01-01T00:00:00Z')],
        ['DELETE', '/AuditEvent/before', undefined],
        ['PATCH', '/AuditEvent/before', [{ op: 'replace', path: '/action', value: 'C' }]],
        ['PUT', `/AuditEvent/${mine[0]!.id}`, own(mine[0]!.id, '2021-01-01T00:00:00Z')],
        ['DELETE', `/AuditEvent/${mine[0]!.id}`, undefined],
        ['DELETE', '/AuditEvent?altid=nurse-7&_count=3', undefined],
      ] as const) {
        const reply = await admin.send(method, path, body);
        assert.equal(issueOf(reply), 'forbidden', `${method} ${path}: ${reply.text}`);
        assert.equal(reply.status, 403);
      }
      const bundle = {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'DELETE', url: `AuditEvent/${mine[0]!.id}` } }],
      };
      assert.equal((await admin.post('/', bundle)).status, 403);
      assert.equal((await admin.get(`/AuditEvent/${mine[0]!.id}`)).status, 200);
    });
  });

  it('is written down once a minute for those who knock on and on', async () => {
    const own = await startGuardedServer('audit-throttled', { limits: 'standard=2/1h' });
    try {
      const eager = own.as({ account: 'eager' });
      for (let i = 0; i < 30; i++) await eager.get('/Patient?_count=1');
      const boss = own.as({ account: 'boss', limits: 'admin' });
      const found = await boss.get('/AuditEvent?altid=eager&_count=100');
      const refused = eventsIn(found).filter(({ outcome }) => outcome === '4');
      assert.equal(eventsIn(found).length - refused.length, 2);
      assert.ok(refused.length >= 1 && refused.length <= 2, `${refused.length} refusals`);
      assert.equal(refused[0]?.outcomeDesc, '429 throttled');
    } finally {
      await own.close();
    }
  });
});

describe('the audit trail for those who may see it', () => {
  let server: GuardedServer;
  let admin: FhirClient;
  const owner = (code: string) => ({ security: [{ system: 'https://wardgate.dev/fhir/CodeSystem/owner', code }] });
  const patientsIn = (reply: Reply): string[] =>
    [...new Set([...reply.text.matchAll(/"Patient\/(\w+)/g)].map(([, id]) => id!))].sort();

  before(async () => {
    server = await startGuardedServer('audit-access', { settings: { auth: 'on' } });
    admin = server.as({ account: 'root', roles: ['admin'], limits: 'admin' });
    for (const house of ['h1', 'h2']) {
      await admin.put(`/Organization/${house}`, { resourceType: 'Organization', id: house, name: house });
      await admin.put(`/Practitioner/d-${house}`, {
        resourceType: 'Practitioner',
        id: `d-${house}`,
        meta: owner(house),
      });
    }
    for (const [id, house] of [
      ['ann', 'h1'],
      ['bob', 'h1'],
      ['cas', 'h2'],
    ] as const) {
      const reply = await admin.put(`/Patient/${id}`, aPatient({ id, meta: owner(house) }));
      assert.ok(reply.status < 300, reply.text);
    }
  });
  after(() => server.close());

  const doctorOf = (house: string): FhirClient =>
    server.as({
      account: `doctor-${house}`,
      roles: ['doctor'],
      organizations: [house],
      fhirUser: { type: 'Practitioner', id: `d-${house}` },
    });

  it('shows a patient who looked at the own record, and nothing of others', async () => {
    const found = await doctorOf('h1').get('/Patient?_count=10');
    assert.deepEqual(patientsIn(found), [], 'a page of both');
    assert.equal(found.body.entry.length, 2);
    const ann = server.as({
      account: 'ann',
      roles: ['patient'],
      organizations: ['h1'],
      fhirUser: { type: 'Patient', id: 'ann' },
    });
    const own = await ann.get('/AuditEvent?_count=100');
    assert.ok(own.body.entry.length >= 1, own.text);
    assert.deepEqual(patientsIn(own), ['ann']);
    assert.ok(own.text.includes('Practitioner/d-h1'), 'who it was');
    const all = await admin.get('/AuditEvent?patient=bob&_count=100');
    assert.equal((await ann.get(`/AuditEvent/${all.body.entry[0].resource.id}`)).status, 404);
    assert.equal((await ann.get('/AuditEvent?patient=bob&_total=accurate')).body.total, 0);
  });

  it('shows a hospital’s administrator what was done for that hospital only', async () => {
    await doctorOf('h2').get('/Patient/cas');
    await doctorOf('h1').get('/Patient/ann');
    const chief = server.as({ account: 'chief-1', roles: ['hospital-admin'], organizations: ['h1'] });
    const seen = await chief.get('/AuditEvent?_count=200&_total=accurate');
    assert.equal(seen.status, 200, seen.text);
    assert.ok(seen.body.total > 0);
    assert.deepEqual(
      patientsIn(seen).filter((id) => id === 'cas'),
      [],
    );
    assert.ok(patientsIn(seen).includes('ann'));
  });

  it('shows a doctor nothing, and has that on record', async () => {
    const doctor = doctorOf('h1');
    const reply = await doctor.get('/AuditEvent', { 'x-request-id': 'curious' });
    assert.equal(reply.status, 403);
    const found = await admin.get('/AuditEvent?entity:identifier=curious&subtype=110113');
    assert.equal(found.body.entry.length, 1);
    assert.equal(found.body.entry[0].resource.outcomeDesc, '403 forbidden');
  });

  it('is nobody’s to change, an administrator’s neither', async () => {
    const [{ resource }] = (await admin.get('/AuditEvent?_count=1')).body.entry;
    assert.equal((await admin.delete(`/AuditEvent/${resource.id}`)).status, 403);
    assert.equal((await admin.put(`/AuditEvent/${resource.id}`, resource)).status, 403);
  });

  it('is verified by administrators of the server, and by them alone', async () => {
    const { status, body, text } = await admin.get('/$verify-audit');
    assert.equal(status, 200, text);
    const values = new Map<
      string,
      { [element: string]: unknown; part?: { name: string; valueUnsignedInt?: number }[] }
    >(body.parameter.map((one: { name: string }) => [one.name, one]));
    assert.equal(values.get('whole')?.valueBoolean, true);
    assert.equal(values.has('defect'), false);
    const last = values.get('chain')?.part?.find(({ name }) => name === 'last')?.valueUnsignedInt ?? 0;
    assert.equal(values.get('records')?.valueUnsignedInt, last);
    // what was written down last is looked at as well
    await admin.get('/Patient/ann');
    const again = await admin.get('/$verify-audit');
    assert.equal(
      again.body.parameter.find((one: { name: string }) => one.name === 'records').valueUnsignedInt,
      last + 2,
    );

    const later = await admin.send('GET', '/$verify-audit', undefined, { prefer: 'respond-async' });
    assert.equal(later.status, 202);
    const chief = server.as({ account: 'chief-1', roles: ['hospital-admin'], organizations: ['h1'] });
    for (const one of [chief, doctorOf('h1')]) assert.equal((await one.get('/$verify-audit')).status, 403);
  });
});
