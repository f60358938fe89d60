import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import { anObservation, aPatient, createFhirClient, type FhirClient, issueOf } from '../support/fhir-client.ts';
import { type GuardedServer, startGuardedServer } from '../support/guarded.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('references', () => {
  describe('as they are by default', () => {
    let server: TestServer;
    let client: FhirClient;
    before(async () => {
      server = await startTestServer('references_free');
      client = createFhirClient(server.base);
    });
    after(() => server.close());

    it('may point to nothing, and what is referred to may be deleted', async () => {
      const free = await client.post('/Observation', anObservation({ subject: { reference: 'Patient/nobody' } }));
      assert.equal(free.status, 201, free.text);
      await client.put('/Patient/p1', aPatient({ id: 'p1' }));
      await client.post('/Observation', anObservation({ subject: { reference: 'Patient/p1' } }));
      assert.equal((await client.delete('/Patient/p1')).status, 204);
    });
  });

  describe('under the strict settings', () => {
    let server: TestServer;
    let client: FhirClient;
    before(async () => {
      server = await startTestServer('references', {
        settings: { checkReferences: true, refuseDeleteOfReferenced: true },
      });
      client = createFhirClient(server.base);
      await client.put('/Patient/p1', aPatient({ id: 'p1' }));
      await client.put('/Patient/gone', aPatient({ id: 'gone' }));
      await client.delete('/Patient/gone');
    });
    after(() => server.close());

    const about = (reference: string) => anObservation({ subject: { reference } });

    it('may point to what exists, to other servers, and to the resource itself', async () => {
      for (const reference of [
        'Patient/p1',
        'Patient/p1/_history/1',
        `${server.base}/Patient/p1`,
        'https://elsewhere.example.org/fhir/Patient/x',
      ]) {
        const reply = await client.post('/Observation', about(reference));
        assert.equal(reply.status, 201, reply.text);
      }
      const own = await client.put(
        '/Patient/self',
        aPatient({ id: 'self', link: [{ other: { reference: 'Patient/self' }, type: 'seealso' }] }),
      );
      assert.equal(own.status, 201, own.text);
    });

    it('may not point to what does not exist or was deleted', async () => {
      for (const reference of ['Patient/nobody', 'Patient/gone', `${server.base}/Patient/nobody`]) {
        const reply = await client.post('/Observation', about(reference));
        assert.equal(issueOf(reply), 'not-found at Observation.subject.reference');
        assert.equal(reply.status, 422);
      }
      const update = await client.put('/Observation/o1', { ...about('Patient/nobody'), id: 'o1' });
      assert.equal(update.status, 422);
    });

    it('stay as they were in what is changed, wherever they lead', async () => {
      const stored = { ...about('Patient/lost'), id: 'o3' };
      await server.service.store.write({ kind: 'update', type: 'Observation', id: 'o3', resource: stored });
      const put = async (more: object) => {
        const resource = { ...stored, status: 'amended', ...more };
        const entry = [{ resource, request: { method: 'PUT', url: 'Observation/o3' } }];
        return [
          await client.put('/Observation/o3', resource),
          await client.post('', { resourceType: 'Bundle', type: 'transaction', entry }),
        ];
      };
      for (const reply of await put({})) assert.equal(reply.status, 200, reply.text);
      for (const reply of await put({ performer: [{ reference: 'Patient/lost-too' }] })) {
        assert.equal(reply.status, 422);
        assert.match(reply.body.issue[0].expression[0], /\bperformer\[0\]\.reference$/);
      }
    });

    it('are told all at once', async () => {
      const performer = [{ reference: 'Practitioner/a' }, { reference: 'Practitioner/b' }];
      const { body } = await client.post('/Observation', anObservation({ performer }));
      assert.deepEqual(
        body.issue.map(({ expression }: { expression: string[] }) => expression[0]),
        ['Observation.performer[0].reference', 'Observation.performer[1].reference'],
      );
    });

    it('let those go together that refer to each other', async () => {
      const linked = (id: string, other: string) => ({
        ...aPatient({ id, identifier: [{ value: 'pair' }] }),
        link: [{ other: { reference: `Patient/${other}` }, type: 'seealso' }],
      });
      await client.put('/Patient/left', aPatient({ id: 'left' }));
      await client.put('/Patient/right', linked('right', 'left'));
      await client.put('/Patient/left', linked('left', 'right'));
      assert.equal((await client.delete('/Patient?identifier=pair&_count=1')).status, 409);
      assert.equal((await client.delete('/Patient?identifier=pair&_count=2')).status, 204);
      assert.equal((await client.get('/Patient/left')).status, 410);
    });

    it('keep what they point to from being deleted, and the refusal names them', async () => {
      await client.put('/Patient/p2', aPatient({ id: 'p2' }));
      await client.put('/Observation/o2', { ...about('Patient/p2'), id: 'o2' });
      const refused = await client.delete('/Patient/p2');
      assert.equal(issueOf(refused), 'conflict');
      assert.equal(refused.status, 409);
      assert.match(refused.body.issue[0].diagnostics, /Observation\/o2/);
      assert.equal((await client.delete('/Observation/o2')).status, 204);
      assert.equal((await client.delete('/Patient/p2')).status, 204);
    });
  });

  describe('to what may not be deleted by this caller', () => {
    let server: GuardedServer;
    before(async () => {
      server = await startGuardedServer('references_guarded', {
        settings: { auth: 'on', refuseDeleteOfReferenced: true },
      });
    });
    after(() => server.close());

    it('do not speak before that', async () => {
      const admin = server.as({ roles: ['admin'] });
      const doctor = server.as({ roles: ['doctor'] });
      const security = [{ system: OWNER_SYSTEM, code: 'h1' }];
      const written = [
        await admin.put('/Patient/p1', aPatient({ id: 'p1', meta: { security } })),
        await admin.put('/MedicationRequest/drug', {
          ...{ resourceType: 'MedicationRequest', id: 'drug', meta: { security }, status: 'active', intent: 'order' },
          ...{ medicationCodeableConcept: { text: 'x' }, subject: { reference: 'Patient/p1' } },
        }),
        await admin.put('/MedicationStatement/taken', {
          ...{ resourceType: 'MedicationStatement', id: 'taken', meta: { security }, status: 'active' },
          ...{ medicationCodeableConcept: { text: 'x' }, subject: { reference: 'Patient/p1' } },
          basedOn: [{ reference: 'MedicationRequest/drug' }],
        }),
      ];
      for (const { status, text } of written) assert.equal(status, 201, text);
      const { body } = await admin.get('/AuditEvent?_count=1');
      const event = `AuditEvent/${body.entry[0].resource.id}`;
      const source = await admin.post('/Provenance', {
        ...{ resourceType: 'Provenance', recorded: '2026-01-01T00:00:00Z' },
        ...{ target: [{ reference: event }], agent: [{ who: { display: 'x' } }] },
      });
      assert.equal(source.status, 201, source.text);
      for (const [who, name, words] of [
        [doctor, 'MedicationRequest/drug', /may be read by you, but not deleted/],
        [admin, event, /never changed or deleted/],
      ] as const) {
        const refused = await who.delete(`/${name}`);
        assert.match(refused.body.issue[0].diagnostics, words);
        assert.equal(refused.status, 403);
      }
      assert.equal((await admin.delete('/MedicationRequest/drug')).status, 409);
      assert.equal((await admin.get('/MedicationRequest/drug')).status, 200, 'nothing of it was deleted');
    });
  });
});
