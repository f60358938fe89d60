// Patient/[id]/$launch, and what an app then gets: the whole server, with accounts, access and the authorization server as the issuer.
import assert from 'node:assert/strict';
import { Client as KitClient } from 'fhir-kit-client';
import * as client from 'openid-client';
import { anObservation, aPatient, createFhirClient, issueOf } from '../support/fhir-client.ts';
import { parametersOf } from '../support/hospital.ts';
import { openPeople, PASSWORD, type People, type Person } from '../support/people.ts';
import { CALLBACK, createSmartApp, refusalIn } from '../support/smart-app.ts';
import { createVisitor, type Page, type Visitor } from '../support/visitor.ts';

describe('Patient/[id]/$launch', () => {
  let people: People;
  let doctor: Person;
  before(async () => {
    people = await openPeople('launch');
    await people.oauth.clients.register({
      client_id: 'chart',
      client_name: 'Growth chart',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
      launch_uri: 'https://app.example/launch?theme=dark',
    });
    doctor = await people.person('admin');
    const have = (path: string, body: object) =>
      doctor.put(path, body).then(({ status, text }) => assert.ok(status < 300, text));
    await have('/Patient/p1', aPatient({ id: 'p1', identifier: [{ value: '4711' }] }));
    await have('/Patient/p2', aPatient({ id: 'p2', name: [{ family: 'Nguyen' }] }));
    const stay = { resourceType: 'Encounter', status: 'in-progress', class: { code: 'IMP', display: 'inpatient' } };
    await have('/Encounter/e1', { ...stay, id: 'e1', subject: { reference: 'Patient/p1' } });
    await have('/Observation/o1', anObservation({ id: 'o1', subject: { reference: 'Patient/p1' } }));
    await have('/Encounter/e2', { ...stay, id: 'e2', subject: { reference: 'Patient/p2' } });
  });
  after(() => people.close());

  async function signIn(visitor: Visitor, page: Page, { email }: Person): Promise<Page> {
    const next = await visitor.submit(page, '/sign-in', { email, password: PASSWORD });
    return visitor.submit(next, '/code', { code: await people.codeFor(email) });
  }

  it('leads to an app that starts with this patient and encounter, and may read no other', async () => {
    const reply = await doctor.post('/Patient/p1/$launch', {
      app: 'chart',
      encounter: 'Encounter/e1',
      intent: 'plot',
      patientBanner: false,
      context: ['Observation/o1'],
    });
    assert.equal(reply.status, 200, reply.text);
    const { launch, iss, url } = parametersOf(reply) as Record<string, string>;
    assert.equal(iss, people.oauth.base);
    const opened = new URL(url!);
    assert.deepEqual(
      [...opened.searchParams],
      [
        ['theme', 'dark'],
        ['iss', iss],
        ['launch', launch],
      ],
    );

    const app = await createSmartApp(people.oauth, 'chart');
    const begun = await app.begin({ scope: 'launch openid fhirUser patient/*.rs', launch: launch! });
    const visitor = createVisitor(people.oauth.root);
    const page = await signIn(visitor, await visitor.open(begun.url.href), doctor);
    assert.match(page.text, /record of <strong>Ada Okafor<\/strong>/);
    const tokens = await app.redeem((await visitor.submit(page, '/allow')).url, begun.verifier);
    const { patient, encounter, intent, need_patient_banner: banner, fhirContext } = tokens;
    assert.deepEqual(
      { patient, encounter, intent, banner, fhirContext },
      { patient: 'p1', encounter: 'e1', intent: 'plot', banner: false, fhirContext: [{ reference: 'Observation/o1' }] },
    );
    const introspected = await client.tokenIntrospection(app.config, tokens.access_token);
    for (const name of ['patient', 'encounter', 'intent', 'need_patient_banner', 'fhirContext'])
      assert.deepEqual(introspected[name], tokens[name], name);
    const fhir = createFhirClient(people.oauth.base);
    const headers = { authorization: `Bearer ${tokens.access_token}` };
    assert.equal((await fhir.get('/Patient/p1', headers)).body.name[0].family, 'Okafor');
    assert.equal((await fhir.get('/Patient/p2', headers)).status, 404);
    assert.equal((await fhir.put('/Patient/p1', aPatient({ id: 'p1' }), headers)).status, 403);

    await client.tokenRevocation(app.config, tokens.access_token);
    assert.equal((await fhir.get('/Patient/p1', headers)).status, 401);
  });

  it('can open the apps that say where they begin, and that are not disabled', async () => {
    const apps = async () => (await doctor.get('/$launchable-apps')).body.parameter ?? [];
    const one = (await apps()).find(
      ({ part }: { part: { valueString?: string }[] }) => part[0]?.valueString === 'chart',
    );
    assert.deepEqual(
      one.part.map(({ name }: { name: string }) => name),
      ['id', 'name', 'launchUri'],
    );
    await people.oauth.clients.disable('chart');
    const left = JSON.stringify(await apps());
    await people.oauth.clients.enable('chart');
    assert.ok(!left.includes('"chart"'), left);
    assert.equal((await createFhirClient(people.oauth.base).get('/$launchable-apps')).status, 401);
  });

  it('gives a handle for any app where none is named', async () => {
    const { launch, url } = parametersOf(await doctor.post('/Patient/p1/$launch', {}));
    assert.deepEqual([typeof launch, url], ['string', undefined]);
  });

  const refusals: [name: string, path: string, body: object, expected: string][] = [
    ['a patient who is not there', '/Patient/p9/$launch', {}, '404 not-found'],
    ['an encounter of another patient', '/Patient/p1/$launch', { encounter: 'Encounter/e2' }, '400 value at encounter'],
    ['an encounter that is not there', '/Patient/p1/$launch', { encounter: 'Encounter/e9' }, '400 value at encounter'],
    [
      'a context without a reference',
      '/Patient/p1/$launch',
      { context: [{ display: 'x' }] },
      '400 required at context[0].reference',
    ],
    [
      'a context that is elsewhere',
      '/Patient/p1/$launch',
      { context: ['Observation/o1', 'https://elsewhere.example/Observation/o1'] },
      '400 value at context[1].reference',
    ],
    [
      'a context that is not there',
      '/Patient/p1/$launch',
      { context: ['Observation/o9'] },
      '404 not-found at context[0]',
    ],
    ['a context of no type', '/Patient/p1/$launch', { context: ['Bogus/o9'] }, '404 not-found at context[0]'],
    ['an app that is not known', '/Patient/p1/$launch', { app: 'nothing' }, '400 value at app'],
  ];
  for (const [name, path, body, expected] of refusals) {
    it(`refuses ${name}`, async () => {
      const reply = await doctor.post(path, body);
      assert.equal(`${reply.status} ${issueOf(reply)}`, expected);
    });
  }

  it('refuses who has not signed in, and a patient who is not their own', async () => {
    assert.equal((await createFhirClient(people.oauth.base).post('/Patient/p1/$launch', {})).status, 401);
    const patient = await people.register();
    assert.equal((await patient.post('/Patient/p1/$launch', {})).status, 404);
    const { fhirUser } = await people.oauth.tokens.verify(patient.accessToken);
    const reply = await patient.post(`/Patient/${fhirUser!.id}/$launch`, { context: ['Observation/o1'] });
    assert.equal(`${reply.status} ${issueOf(reply)}`, '404 not-found at context[0]');
  });

  it('gives nothing to somebody else who has the handle', async () => {
    const { launch } = parametersOf(await doctor.post('/Patient/p1/$launch', {})) as Record<string, string>;
    const app = await createSmartApp(people.oauth, 'chart');
    const { url } = await app.begin({ scope: 'launch patient/*.rs', launch: launch! });
    const visitor = createVisitor(people.oauth.root);
    const other = await people.person('admin');
    assert.match(refusalIn(await signIn(visitor, await visitor.open(url.href), other)), /^access_denied/);
  });

  it('is not needed where the person picks the patient: by name, by number', async () => {
    const app = await createSmartApp(people.oauth, 'chart');
    const { url, verifier } = await app.begin({ scope: 'launch/patient launch/encounter patient/*.rs' });
    const visitor = createVisitor(people.oauth.root);
    let page = await signIn(visitor, await visitor.open(url.href), doctor);
    for (const [typed, found, hidden] of [
      ['Nguy', 'p2', 'p1'],
      ['4711', 'p1', 'p2'],
      ['1984-03-02', 'p1', ''],
      ['O$ka|f,or\\', '', 'p1'],
    ]) {
      const search = { ...page, forms: page.forms.filter(({ method }) => method === 'get') };
      const listed = await visitor.submit(search, '', { q: typed! });
      assert.equal(listed.status, 200);
      if (found !== '') assert.match(listed.text, new RegExp(`value="${found}"`), typed);
      if (hidden !== '') assert.doesNotMatch(listed.text, new RegExp(`value="${hidden}"`), typed);
    }
    page = await visitor.submit(page, '/patient', { id: 'p1' });
    assert.match(page.text, /inpatient/);
    page = await visitor.submit(page, '/encounter', { id: 'e1' });
    const tokens = await app.redeem((await visitor.submit(page, '/allow')).url, verifier);
    assert.deepEqual([tokens.patient, tokens.encounter], ['p1', 'e1']);
  });

  it('of a patient who opens an app: their own record, and no picker', async () => {
    const patient = await people.register();
    const app = await createSmartApp(people.oauth, 'chart');
    const { url, verifier } = await app.begin({ scope: 'openid fhirUser launch/patient patient/*.rs' });
    const visitor = createVisitor(people.oauth.root);
    const page = await signIn(visitor, await visitor.open(url.href), patient);
    assert.match(page.title, /^Allow/);
    const tokens = await app.redeem((await visitor.submit(page, '/allow')).url, verifier);
    assert.equal(tokens.claims()!.fhirUser, `${people.oauth.base}/Patient/${tokens.patient}`);
  });

  it('and $login are of one issuer: a new password ends what apps hold as well', async () => {
    const patient = await people.register();
    const app = await createSmartApp(people.oauth, 'chart');
    const { url, verifier } = await app.begin({ scope: 'offline_access patient/*.rs' });
    const visitor = createVisitor(people.oauth.root);
    const page = await signIn(visitor, await visitor.open(url.href), patient);
    const tokens = await app.redeem((await visitor.submit(page, '/allow')).url, verifier);
    await people.oauth.tokens.endAllOf(patient.account);
    const fhir = createFhirClient(people.oauth.base);
    for (const token of [tokens.access_token, patient.accessToken]) {
      assert.equal((await fhir.get('/Patient', { authorization: `Bearer ${token}` })).status, 401);
    }
    await assert.rejects(client.refreshTokenGrant(app.config, tokens.refresh_token!), { error: 'invalid_grant' });
  });

  it('is for fhir-kit-client too', async () => {
    const kit = new KitClient({ baseUrl: people.oauth.base });
    const { authorizeUrl, tokenUrl } = await kit.smartAuthMetadata();
    assert.equal(String(authorizeUrl), `${people.oauth.root}/oauth/authorize`);
    assert.equal(String(tokenUrl), `${people.oauth.root}/oauth/token`);
    const patient = await people.register();
    const app = await createSmartApp(people.oauth, 'chart');
    const { url, verifier } = await app.begin({ scope: 'launch/patient patient/*.rs' });
    const visitor = createVisitor(people.oauth.root);
    const page = await signIn(visitor, await visitor.open(url.href), patient);
    const tokens = await app.redeem((await visitor.submit(page, '/allow')).url, verifier);
    kit.bearerToken = tokens.access_token;
    const own = await kit.read({ resourceType: 'Patient', id: String(tokens.patient) });
    assert.equal(own.id, tokens.patient);
    const found = await kit.search({ resourceType: 'Patient', searchParams: {} });
    assert.deepEqual(
      (found as unknown as { entry: { resource: { id: string } }[] }).entry.map(({ resource }) => resource.id),
      [tokens.patient],
    );
    await assert.rejects(kit.read({ resourceType: 'Patient', id: 'p1' }), /404/);
  });

  it('is found by clients of the CapabilityStatement too', async () => {
    const { body } = await createFhirClient(people.oauth.base).get('/metadata');
    const [uris] = body.rest[0].security.extension;
    assert.equal(uris.extension[1].valueUri, `${people.oauth.root}/oauth/token`);
    assert.equal(body.rest[0].security.service[0].coding[0].code, 'SMART-on-FHIR');
  });
});
