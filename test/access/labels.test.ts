// Security labels stay on a resource until somebody takes them away on purpose: an app that sends none with its PUT does not undo a consent.
import assert from 'node:assert/strict';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { type Ask, type Asked, aCaller, askerOf } from '../support/callers.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const LEVEL = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const label = (name: string) => ({ system: name.length === 1 ? LEVEL : ACT, code: name });

/** labels before, labels that a PUT sends (undefined: no meta), labels after */
const rows: readonly (readonly [before: string, sent: string | undefined, after: string])[] = [
  ['PSY', undefined, 'PSY'],
  ['', undefined, ''],
  ['PSY ETH', 'PSY', 'PSY ETH'],
  ['PSY ETH', 'ETH', 'PSY ETH'],
  ['PSY ETH', 'ETH PSY', 'ETH PSY'],
  ['PSY', 'ETH', 'PSY ETH'],
  ['', 'ETH', 'ETH'],
  ['N PSY', undefined, 'N PSY'],
  ['L PSY', 'N', 'PSY N'],
  ['N', 'N PSY', 'N PSY'],
  ['L', 'N', 'N'],
];

describe('security labels', () => {
  let server: TestServer;
  let ask: Ask;
  const doctor = aCaller('doctor', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'doc' } });
  const nurse = aCaller('nurse', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'nurse' } });
  const subject = { reference: 'Patient/ann' };
  const content = { resourceType: 'Condition', subject, code: { text: 'x' } };
  const withLabels = (names: string) =>
    names === '' ? content : { ...content, meta: { security: names.split(' ').map(label) } };

  before(async () => {
    server = await startTestServer('labels', { settings: { auth: 'on' } });
    ask = askerOf(server);
    const owned = { meta: { security: [{ system: OWNER_SYSTEM, code: 'h1' }] } };
    for (const [type, id] of [
      ['Organization', 'h1'],
      ['Patient', 'ann'],
    ] as const) {
      const resource = { resourceType: type, id, ...owned };
      await server.store.write({ kind: 'update', type, id, resource });
    }
  });
  after(() => server.close());

  async function added(names: string): Promise<string> {
    const { status, body, text } = await ask(doctor, 'POST', 'Condition', withLabels(names));
    assert.equal(status, 201, text);
    return body.id;
  }
  async function labelsOf(id: string): Promise<string> {
    const { body } = await ask(doctor, 'GET', `Condition/${id}`);
    const labels = (body.meta.security ?? []) as { system: string; code: string }[];
    assert.deepEqual(
      labels.filter(({ system }) => system === OWNER_SYSTEM).map(({ code }) => code),
      ['h1'],
    );
    return labels.flatMap(({ system, code }) => (system === OWNER_SYSTEM ? [] : code)).join(' ');
  }

  for (const [before, sent, after] of rows) {
    it(`${before || 'none'}, after a PUT with ${sent === undefined ? 'no meta' : sent || 'none'}: ${after}`, async () => {
      const id = await added(before);
      const body = sent === undefined ? content : withLabels(sent);
      const { status, text } = await ask(doctor, 'PUT', `Condition/${id}`, { ...body, id, note: [{ text: 'seen' }] });
      assert.equal(status, 200, text);
      assert.equal(await labelsOf(id), after);
    });
  }

  it('stay after an update in a batch, in a transaction, and by a condition', async () => {
    for (const type of ['batch', 'transaction']) {
      const id = await added('PSY');
      const entry = [{ request: { method: 'PUT', url: `Condition/${id}` }, resource: { ...content, id } }];
      const { body } = await ask(doctor, 'POST', '', { resourceType: 'Bundle', type, entry });
      assert.match(body.entry[0].response.status, /^200/, type);
      assert.equal(await labelsOf(id), 'PSY', type);
    }
    const id = await added('PSY');
    const { status } = await ask(doctor, 'PUT', `Condition?_id=${id}`, { ...content, note: [{ text: 'seen' }] });
    assert.equal(status, 200);
    assert.equal(await labelsOf(id), 'PSY');
  });

  async function remove(id: string, name: string, caller: Caller): Promise<number> {
    const { body } = await ask(caller, 'GET', `Condition/${id}`);
    const index = body.meta.security.findIndex(({ code }: { code: string }) => code === name);
    const patch = [{ op: 'remove', path: `/meta/security/${index}` }];
    const headers = { 'content-type': 'application/json-patch+json' };
    return (await ask(caller, 'PATCH', `Condition/${id}`, patch, headers)).status;
  }

  it('are taken away on purpose, by $meta-delete and PATCH, by who may run $meta-delete', async () => {
    const id = await added('PSY ETH SUD N');
    const admin = aCaller('admin');
    const valueMeta = { security: [label('PSY')] };
    const body = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta }] };
    assert.equal((await ask(doctor, 'POST', `Condition/${id}/$meta-delete`, body)).status, 403);
    assert.equal((await ask(admin, 'POST', `Condition/${id}/$meta-delete`, body)).status, 200);
    assert.equal(await labelsOf(id), 'ETH SUD N');
    assert.equal(await remove(id, 'ETH', doctor), 403);
    assert.equal(await labelsOf(id), 'ETH SUD N');
    assert.equal(await remove(id, 'ETH', admin), 200);
    assert.equal(await labelsOf(id), 'SUD N');
  });

  it('of confidentiality are raised by who writes, and lowered by who may run $meta-delete', async () => {
    const id = await added('N');
    const put = (caller: Caller, names: string): Promise<Asked> =>
      ask(caller, 'PUT', `Condition/${id}`, { ...withLabels(names), id });
    const lowered = await put(doctor, 'L');
    assert.equal(lowered.status, 403, lowered.text);
    assert.deepEqual(lowered.body.issue[0].expression, ['Condition.meta.security']);
    assert.match(
      lowered.body.issue[0].diagnostics,
      /Only who may run \$meta-delete takes a label away: .*Confidentiality\|N/,
    );
    assert.equal((await put(aCaller('admin'), 'L')).status, 200);
    assert.equal(await labelsOf(id), 'L');
    assert.equal((await put(doctor, 'M')).status, 200);
    assert.equal(await labelsOf(id), 'M');
  });

  it('that a consent speaks of keep it in force, whatever an app sends back', async () => {
    const id = await added('PSY');
    const consent = {
      resourceType: 'Consent',
      status: 'active',
      scope: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }] },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: subject,
      policyRule: { coding: [{ system: ACT, code: 'OPTIN' }] },
      provision: {
        type: 'deny',
        securityLabel: [label('PSY')],
        actor: [{ role: { text: 'x' }, reference: { reference: 'Practitioner/nurse' } }],
      },
    };
    const { status, text } = await ask(aCaller('admin'), 'POST', 'Consent', consent);
    assert.equal(status, 201, text);
    await server.service.access!.consents.refresh();
    assert.equal((await ask(nurse, 'GET', `Condition/${id}`)).status, 404);
    await ask(doctor, 'PUT', `Condition/${id}`, { ...content, id, note: [{ text: 'seen' }] });
    assert.equal((await ask(nurse, 'GET', `Condition/${id}`)).status, 404);
  });
});
