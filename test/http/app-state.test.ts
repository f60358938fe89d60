// What apps keep in Basic: http://hl7.org/fhir/smart-app-launch/app-state.html, by tokens that real apps get, of the whole server.
import assert from 'node:assert/strict';
import { Client as KitClient } from 'fhir-kit-client';
import { aPatient, createFhirClient, type FhirClient, issueOf, withHeaders } from '../support/fhir-client.ts';
import { openPeople, PASSWORD, type People, type Person } from '../support/people.ts';
import { createSmartApp } from '../support/smart-app.ts';
import { createVisitor } from '../support/visitor.ts';

const CHART = 'https://chart.example';
const PREFERENCES = { system: CHART, code: 'preferences' };
const KEYS = { system: CHART, code: 'keys' };
const STATE = 'patient/Basic.cruds user/Basic.cruds openid fhirUser launch/patient';

const clients = {
  chart: {},
  rival: {},
  'came-alone': { registered: 'dynamic' as const, redirect_uris: [`${CHART}/steal`, 'https://evil.example/'] },
  companion: { smart_scopes: `launch/patient openid fhirUser patient/Basic.s?code=${CHART}|keys` },
};

const places = [
  ['', false],
  [' of a server that was not told its address', true],
] as const;
for (const [where, hasNoBaseUrl] of places) {
  describe(`app state${where}`, () => {
    let people: People;
    let admin: Person;
    let doctor: Person;
    let otherDoctor: Person;
    let nextDoor: Person;
    before(async () => {
      people = await openPeople('app-state', { hasNoBaseUrl });
      for (const [id, more] of Object.entries(clients)) {
        await people.oauth.clients.register({
          client_id: id,
          client_name: id,
          redirect_uris: [`https://${id}.example/callback`],
          token_endpoint_auth_method: 'none',
          ...more,
        });
      }
      admin = await people.person('admin');
      for (const id of ['h1', 'h2']) {
        const organization = { resourceType: 'Organization', id, name: id };
        assert.equal((await admin.put(`/Organization/${id}`, organization)).status, 201);
        const patient = aPatient({ id: `p-${id}`, managingOrganization: { reference: `Organization/${id}` } });
        assert.equal((await admin.put(`/Patient/p-${id}`, patient)).status, 201);
      }
      doctor = await people.person('doctor', 'h1');
      otherDoctor = await people.person('doctor', 'h1');
      nextDoor = await people.person('doctor', 'h2');
    });
    after(() => people.close());

    interface Session extends FhirClient {
      token: string;
      user: string;
      patient: string;
    }

    /** somebody opens an app */
    async function open(app: string, person: Person, { patient = 'p-h1', scope = STATE } = {}): Promise<Session> {
      const { oauth, codeFor } = people;
      const smart = await createSmartApp(oauth, app);
      const [redirect] = ((await oauth.clients.find(app))!.metadata as { redirect_uris: string[] }).redirect_uris;
      const { url, verifier } = await smart.begin({ scope, redirect_uri: redirect! });
      const visitor = createVisitor(oauth.root);
      let page = await visitor.submit(await visitor.open(url.href), '/sign-in', {
        email: person.email,
        password: PASSWORD,
      });
      page = await visitor.submit(page, '/code', { code: await codeFor(person.email) });
      if (page.title.startsWith('Choose a patient')) page = await visitor.submit(page, '/patient', { id: patient });
      const tokens = await smart.redeem((await visitor.submit(page, '/allow')).url, verifier);
      const headers = { authorization: `Bearer ${tokens.access_token}` };
      return {
        ...withHeaders(createFhirClient(oauth.base), headers),
        token: tokens.access_token,
        user: String(tokens.claims()?.fhirUser),
        patient: `${oauth.base}/Patient/${tokens.patient}`,
      };
    }

    const aState = (coding: object, subject?: string, value = 'dark') => ({
      resourceType: 'Basic',
      code: { coding: [coding] },
      ...(subject !== undefined && { subject: { reference: subject } }),
      extension: [{ url: `${CHART}/v1`, valueString: value }],
    });
    const relative = (address: string): string => address.slice(people.oauth.base.length + 1);
    const found = async (at: FhirClient, query: string): Promise<string[]> => {
      const reply = await at.get(`/Basic?${query}`);
      assert.equal(reply.status, 200, reply.text);
      return (reply.body.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id);
    };
    const kept = async (at: FhirClient, state: object): Promise<{ id: string; etag: string }> => {
      const reply = await at.post('/Basic', state);
      assert.equal(reply.status, 201, reply.text);
      return { id: reply.body.id, etag: reply.headers.get('etag')! };
    };

    it('is announced', async () => {
      const reply = await createFhirClient(people.oauth.base).get('/.well-known/smart-configuration');
      assert.ok(reply.body.capabilities.includes('smart-app-state'));
    });

    it('of the user is created, found by the absolute address, changed and deleted, each under If-Match', async () => {
      const app = await open('chart', doctor);
      const state = aState(PREFERENCES, app.user);
      const made = await app.post('/Basic', state);
      assert.equal(made.status, 201, made.text);
      const { id, meta, subject, code, extension } = made.body;
      assert.deepEqual(
        { subject, code, extension },
        {
          subject: { reference: hasNoBaseUrl ? relative(app.user) : app.user },
          code: state.code,
          extension: state.extension,
        },
      );
      assert.equal(made.headers.get('etag'), `W/"${meta.versionId}"`);
      const query = `code=${CHART}|preferences&subject=`;
      assert.deepEqual(await found(app, query + app.user), [id]);
      assert.deepEqual(await found(app, query + relative(app.user)), [id]);
      assert.deepEqual(await found(app, `code=${CHART}|preferences&subject:missing=true`), []);

      const etag = { 'if-match': made.headers.get('etag')! };
      const next = { ...state, id, extension: [{ url: `${CHART}/v1`, valueString: 'light' }] };
      assert.equal((await app.put(`/Basic/${id}`, next)).status, 412);
      const changed = await app.put(`/Basic/${id}`, next, etag);
      assert.equal(changed.status, 200, changed.text);
      assert.equal(changed.body.extension[0].valueString, 'light');
      assert.equal((await app.put(`/Basic/${id}`, next, etag)).status, 412);
      const entry = (method: string, ifMatch?: string) => ({
        resource: next,
        request: { method, url: `Basic/${id}`, ...(ifMatch && { ifMatch }) },
      });
      const sent = (one: object) => app.post('/', { resourceType: 'Bundle', type: 'transaction', entry: [one] });
      for (const one of [entry('PUT'), entry('PUT', 'W/"1"')]) assert.equal((await sent(one)).status, 412);
      const newer = { 'if-match': changed.headers.get('etag')! };
      for (const [other, expression] of [
        [{ ...next, code: { coding: [KEYS] } }, 'Basic.code'],
        [{ ...next, subject: { reference: app.patient } }, 'Basic.subject'],
      ] as const) {
        const refused = await app.put(`/Basic/${id}`, other, newer);
        assert.deepEqual([refused.status, issueOf(refused)], [412, `conflict at ${expression}`]);
      }
      assert.equal((await app.delete(`/Basic/${id}`)).status, 412);
      assert.equal((await app.delete(`/Basic/${id}`, etag)).status, 412);
      assert.ok((await app.delete(`/Basic/${id}`, newer)).status < 300);
      assert.equal((await app.put(`/Basic/${id}`, next, newer)).status, 412);
      assert.equal((await app.delete(`/Basic/${id}`, newer)).status, 412);
      assert.deepEqual(await found(app, query + app.user), []);
    });

    it('of a patient is seen by those who see the patient, in the same app', async () => {
      const app = await open('chart', doctor);
      const { id } = await kept(app, aState(KEYS, app.patient));
      const query = `code=${CHART}|keys&subject=${app.patient}`;
      assert.deepEqual(await found(await open('chart', otherDoctor), query), [id]);
      assert.deepEqual(await found(await open('chart', nextDoor, { patient: 'p-h2' }), query), []);
      assert.deepEqual(await found(await open('rival', doctor), query), []);
      assert.deepEqual(await found(await open('came-alone', doctor), query), []);
      assert.deepEqual(
        await found(await open('chart', doctor, { scope: 'launch/patient patient/Basic.s?code=x|y' }), query),
        [],
      );
      // by whom signs in without an app it is not read either, unless the server is theirs to look after
      assert.equal((await doctor.get(`/Basic/${id}`)).status, 404);
      assert.equal((await admin.get(`/Basic/${id}`)).status, 200);
      assert.equal((await (await open('rival', admin)).get(`/Basic/${id}`)).status, 404);

      const companion = await open('companion', doctor, { scope: String(clients.companion.smart_scopes) });
      assert.deepEqual(await found(companion, query), [id]);
      assert.equal((await companion.post('/Basic', aState(KEYS, companion.patient))).status, 403);
    });

    it('of a user is that user’s alone', async () => {
      const app = await open('chart', doctor);
      const { id, etag } = await kept(app, aState(PREFERENCES, app.user));
      const other = await open('chart', otherDoctor);
      const at = `/Basic/${id}`;
      assert.equal((await other.get(at)).status, 404);
      const stolen = { ...aState(PREFERENCES, app.user, 'mine'), id };
      assert.equal((await other.put(at, stolen, { 'if-match': etag })).status, 412);
      assert.equal((await other.delete(at, { 'if-match': etag })).status, 412);
      assert.equal((await other.post('/Basic', aState(PREFERENCES, app.user))).status, 403);
      assert.equal((await app.get(at)).status, 200);
    });

    it('of a patient who opens the app is their own', async () => {
      const patient = await people.register();
      const app = await open('chart', patient);
      const { id } = await kept(app, aState(KEYS, app.patient));
      assert.deepEqual(await found(app, `code=${CHART}|keys&subject=${app.patient}`), [id]);
      const reply = await app.post('/Basic', aState(KEYS, `${people.oauth.base}/Patient/p-h1`));
      assert.equal(reply.status, 403, reply.text);
      const kit = new KitClient({ baseUrl: people.oauth.base });
      kit.bearerToken = app.token;
      const read = await kit.search({
        resourceType: 'Basic',
        searchParams: { code: `${CHART}|keys`, subject: app.patient },
      });
      assert.equal((read as unknown as { entry: unknown[] }).entry.length, 1);
    });

    it('of a role of the user, or of the person it is, is the user’s', async () => {
      const app = await open('chart', doctor);
      const practitioner = { reference: relative(app.user) };
      const other = { reference: 'Practitioner/somebody-else' };
      const have = async (type: string, id: string, body: object): Promise<void> => {
        const reply = await admin.put(`/${type}/${id}`, { resourceType: type, id, ...body });
        assert.equal(reply.status, 201, reply.text);
      };
      await have('Practitioner', 'somebody-else', {});
      for (const [id, who] of [
        ['mine', practitioner],
        ['theirs', other],
      ] as const) {
        await have('PractitionerRole', id, { practitioner: who });
        await have('Person', id, { link: [{ target: who }] });
        for (const type of ['PractitionerRole', 'Person']) {
          const reply = await app.post('/Basic', aState(PREFERENCES, `${people.oauth.base}/${type}/${id}`));
          assert.equal(reply.status, id === 'mine' ? 201 : 403, reply.text);
        }
      }
    });

    it('of nobody is read by the staff of the organisation, and written by who administers it', async () => {
      const config = aState({ system: CHART, code: 'config' });
      const manager = await people.person('hospital-admin', 'h1');
      const { id } = await kept(await open('chart', manager, { scope: 'openid fhirUser user/Basic.cruds' }), config);
      const query = `code=${CHART}|config&subject:missing=true`;
      const app = await open('chart', doctor);
      assert.deepEqual(await found(app, query), [id]);
      assert.equal((await app.post('/Basic', config)).status, 403);
      assert.deepEqual(await found(await open('chart', nextDoor, { patient: 'p-h2' }), query), []);
    });

    it('is refused where it is none', async () => {
      const app = await open('chart', doctor);
      const rows: [state: object, expected: string][] = [
        [aState({ system: 'https://rival.example', code: 'x' }, app.user), '403 forbidden at Basic'],
        [
          { ...aState(KEYS, app.user), code: { coding: [KEYS, PREFERENCES] } },
          '422 business-rule at Basic.code.coding',
        ],
        [{ ...aState(KEYS, app.user), code: { text: 'keys' } }, '422 business-rule at Basic.code.coding'],
        [aState(KEYS, `${people.oauth.base}/Organization/h1`), '422 business-rule at Basic.subject'],
        [aState(KEYS, app.user, 'x'.repeat(256 * 1024)), '413 too-long at Basic'],
      ];
      for (const [state, expected] of rows) {
        const reply = await app.post('/Basic', state);
        assert.equal(`${reply.status} ${issueOf(reply)}`, expected);
      }
    });
  });
}
