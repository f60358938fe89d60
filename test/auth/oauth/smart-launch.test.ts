// SMART App Launch 2.2 as apps see it: http://hl7.org/fhir/smart-app-launch/app-launch.html
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import * as client from 'openid-client';
import { clientFrom } from '../../../src/fhir/auth/oauth/client-request.ts';
import type { Directory } from '../../../src/fhir/auth/oauth/directory.ts';
import { aSubject } from '../../support/accounts.ts';
import { startTestOauth, type TestOauth } from '../../support/oauth.ts';
import { CALLBACK, createSmartApp, refusalIn, type SmartApp, signIn } from '../../support/smart-app.ts';
import { createVisitor, type Page, type Visitor } from '../../support/visitor.ts';

const people = [
  { id: 'p1', name: 'Ada Okafor', birthDate: '1984-03-02', gender: 'female', identifiers: ['MRN 1'] },
  { id: 'p2', name: 'Bo <b>Li</b>', identifiers: [] },
];
const directory: Directory = {
  patients: async (_account, text) => people.filter(({ name }) => name.includes(text)),
  patient: async (_account, id) => people.find((one) => one.id === id),
  encounters: async (_account, patient) =>
    patient === 'p1' ? [{ id: 'e1', title: 'Ward 3', status: 'in-progress' }] : [],
};

const STAY = 'openid fhirUser offline_access launch/patient patient/*.rs';

describe('an app', () => {
  let oauth: TestOauth;
  let app: SmartApp;
  before(async () => {
    oauth = await startTestOauth('launch', { directory });
    oauth.accounts.add({ id: 'd1', name: 'Dr. Dee', fhirUser: { type: 'Practitioner', id: 'pr1' } });
    oauth.accounts.add({ id: 'd2', fhirUser: { type: 'Practitioner', id: 'pr2' } });
    oauth.accounts.add({ id: 'ada', roles: ['patient'], fhirUser: { type: 'Patient', id: 'p1' } });
    await oauth.clients.register({
      client_id: 'my-app',
      client_name: 'My <i>app</i>',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
    });
    app = await createSmartApp(oauth, 'my-app');
  });
  after(() => oauth.close());
  afterEach(() => {
    oauth.clock.now = undefined;
  });

  const refusalOf = async (parameters: Record<string, string>): Promise<string> => {
    const { url } = await app.begin({ scope: STAY, ...parameters });
    return refusalIn(await createVisitor(oauth.root).open(url.href));
  };

  describe('launched by itself', () => {
    it('gets a token for the patient that was picked, and keeps the patient when it refreshes', async () => {
      const tokens = await app.launch({ scope: STAY, nonce: '' }, { id: 'd1', patient: 'p2' });
      const { patient, need_patient_banner: banner, scope, expires_in: seconds } = tokens;
      assert.deepEqual(
        { patient, banner, scope, seconds },
        { patient: 'p2', banner: true, scope: STAY, seconds: 3600 },
      );
      const { fhirUser, sub, amr } = tokens.claims()!;
      assert.deepEqual(
        { fhirUser, sub, amr },
        { fhirUser: `${oauth.base}/Practitioner/pr1`, sub: 'd1', amr: ['pwd', 'otp'] },
      );
      const again = await client.refreshTokenGrant(app.config, tokens.refresh_token!);
      assert.equal(again.patient, 'p2');
      const token = await oauth.tokens.verify(again.access_token);
      assert.deepEqual(
        {
          account: token.account,
          client: token.client,
          patient: token.patient,
          scopes: token.scopes,
          limits: token.limits,
        },
        { account: 'd1', client: 'my-app', patient: 'p2', scopes: STAY.split(' '), limits: 'app' },
      );
    });

    it('gets the patient’s own record without a question where a patient opens it', async () => {
      const { url } = await app.begin({ scope: STAY });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'ada', accounts: oauth.accounts });
      assert.match(page.title, /^Allow access/);
      const tokens = await app.launch({ scope: STAY }, { id: 'ada', visitor });
      assert.equal(tokens.patient, 'p1');
    });

    it('gets an encounter where it asks for one', async () => {
      const tokens = await app.launch({ scope: 'launch/encounter user/*.rs' }, { id: 'd1', encounter: 'e1' });
      assert.deepEqual({ patient: tokens.patient, encounter: tokens.encounter }, { patient: 'p1', encounter: 'e1' });
    });

    it('gets none where the person goes on without', async () => {
      const tokens = await app.launch({ scope: 'launch/encounter user/*.rs' }, { id: 'd1' });
      assert.deepEqual(
        { patient: tokens.patient, encounter: tokens.encounter },
        { patient: 'p1', encounter: undefined },
      );
    });

    it('gets no context where it asks for none', async () => {
      const tokens = await app.launch({ scope: 'user/*.rs' }, { id: 'd1' });
      assert.deepEqual([tokens.patient, tokens.scope, tokens.refresh_token], [undefined, 'user/*.rs', undefined]);
    });

    it('cannot be given a patient whom the person may not see', async () => {
      const { url } = await app.begin({ scope: STAY });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      const refused = await visitor.submit(page, '/patient', { id: 'p9' });
      assert.equal(refused.status, 400);
      assert.match(refused.text, /role="alert"[^>]*>There is no such patient/);
    });

    it('finds patients by what is typed', async () => {
      const { url } = await app.begin({ scope: STAY });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      const found = await visitor.submit({ ...page, forms: page.forms.filter(({ method }) => method === 'get') }, '', {
        q: 'Ada',
      });
      assert.match(found.text, /value="p1"/);
      assert.doesNotMatch(found.text, /value="p2"/);
    });
  });

  describe('launched by the EHR', () => {
    const context = { patient: 'p2', encounter: 'e7', intent: 'reconcile-medications', needPatientBanner: false };
    const scope = 'launch openid fhirUser online_access patient/*.rs';

    it('starts with what the person was looking at', async () => {
      const launch = await oauth.launches.open({ account: 'd1', context });
      const {
        patient,
        encounter,
        intent,
        need_patient_banner: banner,
      } = await app.launch({ scope, launch }, { id: 'd1' });
      assert.deepEqual(
        { patient, encounter, intent, banner },
        { patient: 'p2', encounter: 'e7', intent: 'reconcile-medications', banner: false },
      );
    });

    it('is told fhirContext', async () => {
      const fhirContext = [{ reference: 'ImagingStudy/i1' }];
      const launch = await oauth.launches.open({ account: 'd1', context: { patient: 'p1', fhirContext } });
      assert.deepEqual((await app.launch({ scope, launch }, { id: 'd1' })).fhirContext, fhirContext);
    });

    it('is refused where someone else started it', async () => {
      const launch = await oauth.launches.open({ account: 'd2', context });
      const { url } = await app.begin({ scope, launch });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      assert.equal(refusalIn(page), 'access_denied: the launch was started by someone else');
    });

    it('is refused where another app was to start', async () => {
      const launch = await oauth.launches.open({ account: 'd1', client: 'other-app', context });
      assert.equal(await refusalOf({ scope, launch }), 'access_denied: the launch is for another app');
    });

    for (const launch of ['unknown', 'x'.repeat(32), '*']) {
      it(`is refused with a handle of nothing: ${launch}`, async () => {
        assert.match(await refusalOf({ scope, launch }), /^invalid_request: the launch is not known/);
      });
    }

    it('starts with it where it asks for launch/patient alone, and with nothing where it asks for neither', async () => {
      const begin = () => oauth.launches.open({ account: 'd1', context });
      const asking = await app.launch({ scope: 'launch/patient patient/*.rs', launch: await begin() }, { id: 'd1' });
      assert.deepEqual([asking.patient, asking.scope], ['p2', 'launch/patient patient/*.rs']);
      const other = await app.launch({ scope: 'user/*.rs', launch: await begin() }, { id: 'd1' });
      assert.equal(other.patient, undefined);
    });

    it('does not get the scope launch without a launch', async () => {
      const tokens = await app.launch({ scope: 'launch user/*.rs' }, { id: 'd1' });
      assert.equal(tokens.scope, 'user/*.rs');
    });
  });

  describe('is refused', () => {
    const rows: [name: string, parameters: Record<string, string>, expected: RegExp][] = [
      ['without aud', { aud: '' }, /^invalid_request: aud is missing/],
      [
        'with the aud of another server',
        { aud: 'https://other.example/fhir' },
        /^invalid_request: aud is not this server/,
      ],
      ['for another resource', { resource: 'https://other.example/fhir' }, /^invalid_target/],
      ['without PKCE', { code_challenge: '', code_challenge_method: '' }, /^invalid_request: .*PKCE/],
      [
        'with plain PKCE',
        { code_challenge_method: 'plain' },
        /^invalid_request: not supported value of code_challenge_method/,
      ],
      ['with PKCE of no method', { code_challenge_method: '' }, /^invalid_request: code_challenge_method/],
      ['with the implicit flow', { response_type: 'token' }, /^unsupported_response_type/],
      ['without a question where nobody is signed in', { prompt: 'none' }, /^login_required/],
    ];
    for (const [name, parameters, expected] of rows) {
      it(name, async () => assert.match(await refusalOf(parameters), expected));
    }

    for (const uri of [
      `${CALLBACK}/more`,
      'https://evil.example/callback',
      `${CALLBACK}?x=1`,
      'javascript:alert(1)',
      '//evil.example',
    ]) {
      it(`where the browser is not sent to: ${uri}`, async () => {
        const { url } = await app.begin({ scope: STAY, redirect_uri: uri });
        const page = await createVisitor(oauth.root).open(url.href);
        assert.equal(page.status, 400);
        assert.match(page.title, /^This did not work/);
        assert.doesNotMatch(page.text, /evil\.example|alert\(1\)/);
      });
    }

    it('where the person does not allow it', async () => {
      const { url } = await app.begin({ scope: 'user/*.rs' });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      const end = await visitor.submit(page, '/cancel');
      assert.equal(refusalIn(end), 'access_denied: the person did not allow it');
      assert.equal(new URL(end.url).searchParams.get('state'), 'as-it-was');
    });
  });

  describe('that asks for scopes', () => {
    const rows: [asked: string, granted: string][] = [
      ['patient/Observation.read', 'patient/Observation.read'],
      ['user/*.* patient/*.write', 'user/*.* patient/*.write'],
      ['user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory', ''],
      ['user/Observation.rs user/Bogus.rs user/Patient.xyz patient/Observation', 'user/Observation.rs'],
      ['user/Observation.sr', ''],
      ['user/Patient.rs system/*.rs', 'user/Patient.rs'],
      ['user/*.rs?category=laboratory', ''],
      ['user/*.rs?_lastUpdated=gt2024', ''],
      ['user/Observation.rs?code:in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult', ''],
    ];
    for (const [asked, granted] of rows) {
      it(`gets ${granted || 'what it asked for or nothing'} of ${asked}`, async () => {
        const expected = asked.includes('?') ? asked : granted;
        if (expected === '') assert.match(await refusalOf({ scope: asked }), /^invalid_scope: none of the scopes/);
        else assert.equal((await app.launch({ scope: asked }, { id: 'd1' })).scope, expected);
      });
    }

    for (const query of [
      'bogus=1',
      'category=',
      '_count=0',
      '_include=Observation:patient',
      'patient={patients}',
      '&&',
    ]) {
      it(`is not given what cannot be met: ?${query}`, async () => {
        for (const type of ['Observation', '*'])
          assert.match(await refusalOf({ scope: `user/${type}.rs?${query}` }), /^invalid_scope/);
        const scope = `user/Observation.rs?${query}`;
        assert.equal((await app.launch({ scope: `${scope} user/Patient.r` }, { id: 'd1' })).scope, 'user/Patient.r');
        await assert.rejects(
          oauth.clients.register({ redirect_uris: [CALLBACK], smart_scopes: scope }),
          /No such scope/,
        );
      });
    }

    it('gets less when it refreshes where it asks for less, and all again later, but never more', async () => {
      const tokens = await app.launch(
        { scope: 'offline_access user/*.r user/Observation.s?status=final' },
        { id: 'd1' },
      );
      let refresh = tokens.refresh_token!;
      const rows: [asked: string, granted: string][] = [
        ['user/Observation.r', 'user/Observation.r'],
        ['user/Observation.rs?status=final&code=1', 'user/Observation.rs?status=final&code=1'],
        ['user/*.r offline_access', 'user/*.r offline_access'],
        ['', 'offline_access user/*.r user/Observation.s?status=final'],
        ['user/Patient.r', 'user/Patient.r'],
      ];
      for (const [asked, granted] of rows) {
        const again = await client.refreshTokenGrant(app.config, refresh, asked === '' ? {} : { scope: asked });
        refresh = again.refresh_token!;
        assert.equal(again.scope, granted);
        assert.deepEqual((await oauth.tokens.verify(again.access_token)).scopes, granted.split(' '));
      }
      for (const scope of [
        'user/Observation.s',
        'user/Observation.rs',
        'user/*.u',
        'patient/Patient.r',
        'system/*.r',
        'openid',
        'user/Observation.r?bogus=1',
      ])
        await assert.rejects(
          client.refreshTokenGrant(app.config, refresh, { scope }),
          { error: 'invalid_scope' },
          scope,
        );
    });

    it('gets no more than it is registered for', async () => {
      await oauth.clients.register({
        client_id: 'small-app',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
        smart_scopes: 'openid launch/patient patient/*.rs',
      });
      const small = await createSmartApp(oauth, 'small-app');
      const scope = 'openid fhirUser launch/patient patient/Observation.r patient/Observation.cud user/*.rs';
      const tokens = await small.launch({ scope }, { id: 'd1' });
      assert.equal(tokens.scope, 'openid launch/patient patient/Observation.r');
    });

    it('gets less where the person takes something away', async () => {
      const { url, verifier } = await app.begin({ scope: 'openid fhirUser user/Observation.rs user/Patient.cruds' });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      const end = await visitor.submit(page, '/allow', { scope: ['user/Patient.cruds'], reading: 'on' });
      assert.equal((await app.redeem(end.url, verifier)).scope, 'openid user/Patient.rs');
    });

    it('cannot get more by a changed form', async () => {
      const { url, verifier } = await app.begin({ scope: 'user/Observation.rs' });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      const end = await visitor.submit(page, '/allow', {
        scope: ['user/Observation.rs', 'user/*.cruds', 'system/*.cruds'],
      });
      assert.equal((await app.redeem(end.url, verifier)).scope, 'user/Observation.rs');
    });
  });

  describe('that was allowed before', () => {
    const scope = 'openid offline_access user/Observation.rs';
    const remembering = async (id: string, more: Record<string, string> = {}) => {
      const visitor = createVisitor(oauth.root);
      const { url } = await app.begin({ scope, ...more });
      const page = await signIn(visitor, await visitor.open(url.href), { account: id, accounts: oauth.accounts });
      await visitor.submit(page, '/allow', { remember: 'on' });
      return visitor;
    };
    const titleOf = async (
      visitor: ReturnType<typeof createVisitor>,
      parameters: Record<string, string>,
    ): Promise<string> => {
      const { url } = await app.begin(parameters);
      return (await visitor.open(url.href)).title.split(' – ')[0]!;
    };

    it('is not asked for again, and has a grant of its own each time', async () => {
      const visitor = await remembering('d1');
      const [first, second] = [
        await app.launch({ scope }, { id: 'd1', visitor }),
        await app.launch({ scope: 'openid user/Observation.rs' }, { id: 'd1', visitor }),
      ];
      assert.ok(first.refresh_token);
      const grants = await Promise.all(
        [first, second].map(async (one) => (await oauth.tokens.verify(one.access_token)).grant),
      );
      assert.notEqual(grants[0], grants[1]);
    });

    it('is asked for again when it wants more, or when it wants to', async () => {
      const visitor = await remembering('d2');
      assert.equal(await titleOf(visitor, { scope }), '');
      assert.equal(await titleOf(visitor, { scope: `${scope} user/Patient.rs` }), 'Allow access?');
      assert.equal(await titleOf(visitor, { scope, prompt: 'consent' }), 'Allow access?');
      assert.equal(await titleOf(visitor, { scope, prompt: 'login' }), 'Sign in');
    });

    it('is asked for again after its access was ended', async () => {
      oauth.accounts.add({ id: 'd5' });
      const visitor = await remembering('d5');
      const { access_token: token } = await app.launch({ scope }, { id: 'd5', visitor });
      await oauth.tokens.endGrant((await oauth.tokens.verify(token)).grant);
      assert.equal(await titleOf(visitor, { scope }), 'Allow access?');
    });

    it('is asked for again where it is not on the web, each time', async () => {
      await oauth.clients.register({
        client_id: 'native-app',
        redirect_uris: ['com.example.app:/callback'],
        application_type: 'native',
        token_endpoint_auth_method: 'none',
      });
      const visitor = await remembering('d1', { client_id: 'native-app', redirect_uri: 'com.example.app:/callback' });
      const title = await titleOf(visitor, {
        scope,
        client_id: 'native-app',
        redirect_uri: 'com.example.app:/callback',
      });
      assert.equal(title, 'Allow access?');
    });
  });

  describe('with a code', () => {
    const codeOf = async (): Promise<{ address: string; verifier: string }> => {
      const { url, verifier } = await app.begin({ scope: 'user/*.rs' });
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      return { address: (await visitor.submit(page, '/allow')).url, verifier };
    };

    it('redeems it once at most, of six times at the same moment, and leaves nobody a token that is good', async () => {
      const { address, verifier } = await codeOf();
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => app.redeem(address, verifier)));
      // nobody, where one of the others ended the grant before the first had its token
      const won = results.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      assert.ok(won.length <= 1, `${won.length} redeemed the code`);
      for (const one of results) if (one.status === 'rejected') assert.equal(one.reason.error, 'invalid_grant');
      for (const { access_token: token } of won)
        await assert.rejects(async () => oauth.tokens.verify(token), /revoked/, 'a code that is sent twice was stolen');
    });

    it('must know what the code was asked with', async () => {
      const { address } = await codeOf();
      await assert.rejects(app.redeem(address, client.randomPKCECodeVerifier()), { error: 'invalid_grant' });
    });

    it('of another app gets nothing', async () => {
      await oauth.clients.register({
        client_id: 'thief',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
      });
      const thief = await createSmartApp(oauth, 'thief');
      const { address, verifier } = await codeOf();
      await assert.rejects(thief.redeem(address, verifier), { error: 'invalid_grant' });
    });
  });

  describe('with a refresh token', () => {
    it('gets one successor when it refreshes six times at the same moment', async () => {
      const { refresh_token: token } = await app.launch({ scope: STAY }, { id: 'd1' });
      const sets = await Promise.all(Array.from({ length: 6 }, () => client.refreshTokenGrant(app.config, token!)));
      assert.equal(new Set(sets.map((set) => set.refresh_token)).size, 1);
    });

    it('loses everything when it sends one a second time later', async () => {
      const first = await app.launch({ scope: STAY }, { id: 'd1' });
      const second = await client.refreshTokenGrant(app.config, first.refresh_token!);
      oauth.clock.now = Date.now() + 11_000;
      await assert.rejects(client.refreshTokenGrant(app.config, first.refresh_token!), { error: 'invalid_grant' });
      await assert.rejects(client.refreshTokenGrant(app.config, second.refresh_token!), { error: 'invalid_grant' });
      await assert.rejects(async () => oauth.tokens.verify(second.access_token), /revoked/);
    });

    it('of another app gets nothing, and our own client’s are not refreshed here', async () => {
      const thief = await createSmartApp(oauth, 'thief');
      const { refresh_token: token } = await app.launch({ scope: STAY }, { id: 'd1' });
      await assert.rejects(client.refreshTokenGrant(thief.config, token!), { error: 'invalid_grant' });
      const own = await oauth.tokens.issue(aSubject({ roles: [] }));
      const wardgate = await createSmartApp(oauth, 'wardgate');
      await assert.rejects(client.refreshTokenGrant(wardgate.config, own.refreshToken));
      await assert.rejects(oauth.tokens.refresh(token!), { kind: 'login' });
    });

    it('need not say who it is where it keeps no secret, and must where it does', async () => {
      const { secret } = await oauth.clients.register({ client_id: 'keeper', redirect_uris: [CALLBACK] });
      const keeper = await createSmartApp(oauth, 'keeper', client.ClientSecretBasic(secret!));
      const refresh = async (token: string | undefined): Promise<number> => {
        const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token ?? '' });
        return (await fetch(`${oauth.root}/oauth/token`, { method: 'POST', body })).status;
      };
      assert.equal(await refresh((await app.launch({ scope: STAY }, { id: 'd1' })).refresh_token), 200);
      assert.equal(await refresh((await keeper.launch({ scope: STAY }, { id: 'd1' })).refresh_token), 400);
      assert.equal(await refresh('nonsense'), 400);
    });

    it('of online_access lives as long as the sign-in, in every tab', async () => {
      const visitor = createVisitor(oauth.root);
      const scope = 'online_access launch/patient patient/*.rs';
      const first = await app.launch({ scope }, { id: 'd1', visitor, patient: 'p1' });
      const second = await app.launch({ scope }, { id: 'd1', visitor, patient: 'p2' });
      const staying = await app.launch({ scope: 'offline_access user/*.rs' }, { id: 'd1', visitor });
      const again = await client.refreshTokenGrant(app.config, first.refresh_token!);
      assert.equal(again.patient, 'p1');
      const page = await visitor.open(`${oauth.root}/oauth/logout`);
      assert.match(page.title, /^Sign out/);
      const out = await visitor.submit(page, '/logout/confirm', { logout: 'yes' });
      assert.match(out.title, /^You are signed out/);
      for (const token of [again.refresh_token!, second.refresh_token!])
        await assert.rejects(client.refreshTokenGrant(app.config, token), { error: 'invalid_grant' });
      const other = await oauth.another();
      await assert.rejects(async () => other.tokens.verify(again.access_token), /revoked/);
      assert.equal((await oauth.tokens.verify(staying.access_token)).account, 'd1');
    });

    it('is refused after the person was deactivated', async () => {
      oauth.accounts.add({ id: 'leaver' });
      const { refresh_token: token } = await app.launch({ scope: STAY }, { id: 'leaver' });
      oauth.accounts.add({ id: 'leaver', isActive: false });
      await assert.rejects(client.refreshTokenGrant(app.config, token!), { error: 'invalid_grant' });
    });
  });

  describe('of a person who signed in before', () => {
    it('asks for a sign-in again after all of theirs were ended', async () => {
      oauth.accounts.add({ id: 'd3' });
      const visitor = createVisitor(oauth.root);
      await app.launch({ scope: 'user/*.rs' }, { id: 'd3', visitor });
      const { url } = await app.begin({ scope: 'user/*.rs' });
      assert.match((await visitor.open(url.href)).title, /^Allow/);
      oauth.clock.now = Date.now() + 2000;
      await oauth.tokens.endAllOf('d3');
      assert.match((await visitor.open(url.href)).title, /^Sign in/);
    });

    it('tells a sign-in before the end of all from one after it, within the same second', async () => {
      oauth.accounts.add({ id: 'd5' });
      const second = Math.floor(Date.now() / 1000) * 1000;
      const [before, after] = [createVisitor(oauth.root), createVisitor(oauth.root)];
      oauth.clock.now = second + 300;
      await app.launch({ scope: STAY }, { id: 'd5', visitor: before });
      oauth.clock.now++;
      await oauth.tokens.endAllOf('d5');
      const titleIn = async (visitor: Visitor): Promise<string> =>
        (await visitor.open((await app.begin({ scope: STAY })).url.href)).title;
      assert.match(await titleIn(before), /^Sign in/);
      oauth.clock.now++;
      const tokens = await app.launch({ scope: STAY }, { id: 'd5', visitor: after });
      assert.match(await titleIn(before), /^Sign in/);
      assert.match(await titleIn(after), /^Choose a patient/);
      const next = await client.refreshTokenGrant(app.config, tokens.refresh_token!);
      const { authenticatedAt } = await oauth.tokens.verify(next.access_token);
      assert.equal(authenticatedAt, second + 302);
      assert.equal(tokens.claims()!.auth_time, second / 1000, 'whole seconds, as OpenID Connect has it');
    });

    it('asks for a sign-in again after the account was deactivated', async () => {
      oauth.accounts.add({ id: 'd4' });
      const visitor = createVisitor(oauth.root);
      await app.launch({ scope: 'user/*.rs' }, { id: 'd4', visitor });
      oauth.accounts.add({ id: 'd4', isActive: false });
      const { url } = await app.begin({ scope: 'user/*.rs' });
      assert.match((await visitor.open(url.href)).title, /^Sign in/);
    });

    it('lets someone else sign in', async () => {
      const visitor = createVisitor(oauth.root);
      const { url, verifier } = await app.begin({ scope: 'openid launch/patient user/*.rs' });
      let page = await signIn(visitor, await visitor.open(url.href), { account: 'd1', accounts: oauth.accounts });
      page = await visitor.submit(page, '/patient', { id: 'p2' });
      page = await visitor.submit(page, '/start-over');
      assert.match(page.title, /^Sign in/);
      page = await signIn(visitor, page, { account: 'd2', accounts: oauth.accounts });
      assert.match(page.title, /^Choose a patient/, 'what the other one picked is forgotten');
      page = await visitor.submit(page, '/patient', { id: 'p1' });
      page = await visitor.submit(page, '/allow');
      const tokens = await app.redeem(page.url, verifier);
      assert.deepEqual([tokens.claims()!.sub, tokens.patient], ['d2', 'p1']);
    });

    it('lets someone else sign in where the app asks for a new sign-in, and ends what hangs on the first', async () => {
      const visitor = createVisitor(oauth.root);
      const first = await app.launch({ scope: 'online_access user/*.rs' }, { id: 'd1', visitor });
      const { url, verifier } = await app.begin({ scope: 'openid user/*.rs', prompt: 'login' });
      let page = await signIn(visitor, await visitor.open(url.href), { account: 'd2', accounts: oauth.accounts });
      page = await visitor.submit(page, '/allow');
      assert.equal((await app.redeem(page.url, verifier)).claims()!.sub, 'd2');
      await assert.rejects(client.refreshTokenGrant(app.config, first.refresh_token!), { error: 'invalid_grant' });
    });

    it('is signed out, and sent to where the app says, as far as it is registered for it', async () => {
      const after = 'https://leaving.example/bye?from=here';
      await oauth.clients.register({
        client_id: 'leaving',
        redirect_uris: [CALLBACK],
        post_logout_redirect_uris: [after],
        token_endpoint_auth_method: 'none',
      });
      const leaving = await createSmartApp(oauth, 'leaving');
      const visitor = createVisitor(oauth.root);
      const tokens = await leaving.launch({ scope: 'openid online_access user/*.rs' }, { id: 'd1', visitor });
      const leave = (more: Record<string, string>): Promise<Page> =>
        visitor.open(client.buildEndSessionUrl(leaving.config, { post_logout_redirect_uri: after, ...more }).href);
      assert.equal((await leave({ post_logout_redirect_uri: 'https://evil.example/' })).status, 400);
      const page = await leave({ id_token_hint: tokens.id_token!, state: 'as-it-was' });
      assert.match(page.title, /^Sign out/);
      const out = await visitor.submit(page, '/logout/confirm', { logout: 'yes' });
      assert.equal(out.url, `${after}&state=as-it-was`);
      await assert.rejects(client.refreshTokenGrant(leaving.config, tokens.refresh_token!), { error: 'invalid_grant' });
      assert.equal((await leave({ state: 'again' })).url, `${after}&state=again`);
    });

    it('is signed out at once where nobody is signed in', async () => {
      const page = await createVisitor(oauth.root).open(`${oauth.root}/oauth/logout`);
      assert.match(page.title, /^You are signed out/);
      assert.deepEqual([page.status, page.forms], [200, []]);
    });
  });

  describe('that keeps a secret', () => {
    const register = (id: string, method: 'client_secret_basic' | 'client_secret_post') =>
      oauth.clients.register({ client_id: id, redirect_uris: [CALLBACK], token_endpoint_auth_method: method });

    for (const [method, auth] of [
      ['client_secret_basic', client.ClientSecretBasic],
      ['client_secret_post', client.ClientSecretPost],
    ] as const) {
      it(`shows it by ${method}`, async () => {
        const { secret } = await register(`by-${method}`, method);
        const good = await createSmartApp(oauth, `by-${method}`, auth(secret!));
        assert.equal((await good.launch({ scope: 'user/*.rs' }, { id: 'd1' })).scope, 'user/*.rs');
        const isRefused = (error: { status?: number }): boolean => error.status === 401;
        const bad = await createSmartApp(oauth, `by-${method}`, auth(`${secret}x`));
        await assert.rejects(bad.launch({ scope: 'user/*.rs' }, { id: 'd1' }), isRefused);
        const stored = await oauth.db.collection<{ _id: string }>('oauth_clients').findOne({ _id: `by-${method}` });
        assert.ok(!JSON.stringify(stored).includes(secret!), 'the secret is in the database');
        const hash = JSON.parse(String((stored as unknown as { metadata: string }).metadata)).client_secret;
        const byHash = await createSmartApp(oauth, `by-${method}`, auth(hash));
        await assert.rejects(byHash.launch({ scope: 'user/*.rs' }, { id: 'd1' }), isRefused);
      });
    }

    it('loses all it holds when it is disabled', async () => {
      await oauth.clients.register({
        client_id: 'short-lived',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
      });
      const short = await createSmartApp(oauth, 'short-lived');
      const tokens = await short.launch({ scope: STAY }, { id: 'd1' });
      await oauth.tokens.verify(tokens.access_token);
      await oauth.clients.disable('short-lived');
      await assert.rejects(client.refreshTokenGrant(short.config, tokens.refresh_token!), { error: 'invalid_client' });
      const other = await oauth.another();
      await assert.rejects(async () => other.tokens.verify(tokens.access_token), /revoked/);
    });
  });

  describe('that asks what a token is, or ends it', () => {
    it('is told about its own, and no longer after it has ended', async () => {
      const tokens = await app.launch({ scope: STAY }, { id: 'd1' });
      const { iat, exp, jti, ...told } = await client.tokenIntrospection(app.config, tokens.access_token);
      assert.deepEqual(told, {
        active: true,
        token_type: 'Bearer',
        client_id: 'my-app',
        sub: 'd1',
        iss: `${oauth.root}/oauth`,
        aud: oauth.base,
        scope: STAY,
        need_patient_banner: true,
        patient: 'p1',
        fhirUser: `${oauth.base}/Practitioner/pr1`,
      });
      assert.ok(iat! < exp! && jti);
      assert.equal((await client.tokenIntrospection(app.config, tokens.refresh_token!)).active, true);
      await client.tokenRevocation(app.config, tokens.access_token);
      assert.deepEqual(await client.tokenIntrospection(app.config, tokens.access_token), { active: false });
      // the app goes on with its refresh token
      const again = await client.refreshTokenGrant(app.config, tokens.refresh_token!);
      oauth.events.length = 0;
      await client.tokenRevocation(app.config, 'nonsense');
      await client.tokenRevocation(app.config, again.refresh_token!);
      const revoked = { act: 'logout', client: 'my-app', address: '127.0.0.1', status: 200 };
      assert.deepEqual(oauth.events, [revoked], 'what was no token has ended nothing');
      assert.deepEqual(await client.tokenIntrospection(app.config, again.access_token), { active: false });
      await assert.rejects(client.refreshTokenGrant(app.config, again.refresh_token!), { error: 'invalid_grant' });
    });

    it('learns nothing about tokens of others, and cannot end them', async () => {
      const thief = await createSmartApp(oauth, 'thief');
      const tokens = await app.launch({ scope: STAY }, { id: 'd1' });
      for (const token of [tokens.access_token, tokens.refresh_token!, 'nonsense', 'a.b.c']) {
        assert.deepEqual(await client.tokenIntrospection(thief.config, token), { active: false });
        await client
          .tokenRevocation(thief.config, token)
          .catch((error) => assert.equal(error.error, 'invalid_request'));
      }
      await oauth.tokens.verify(tokens.access_token);
      await client.refreshTokenGrant(app.config, tokens.refresh_token!);
    });

    it('is told about all where it is a resource server', async () => {
      const { secret } = await oauth.clients.register({
        client_id: 'records',
        resource_server: true,
        redirect_uris: [],
        response_types: [],
      });
      const server = await createSmartApp(oauth, 'records', client.ClientSecretBasic(secret!));
      const { access_token: token } = await app.launch({ scope: STAY }, { id: 'd1' });
      assert.equal((await client.tokenIntrospection(server.config, token)).sub, 'd1');
      const { act, client: by, about } = oauth.events.at(-1)!;
      assert.deepEqual([act, by, about?.[0]?.id], ['introspection', 'records', 'd1']);
    });

    it('may show an access token of its own, which tells about its client’s, or about all where it is a resource server', async () => {
      const ask = async (bearer: string, token: string): Promise<Record<string, unknown>> => {
        const headers = { authorization: `Bearer ${bearer}` };
        const body = new URLSearchParams({ token });
        const reply = await fetch(`${oauth.root}/oauth/introspect`, { method: 'POST', headers, body });
        return { status: reply.status, ...((await reply.json()) as Record<string, unknown>) };
      };
      const { secret } = await oauth.clients.register({
        ...clientFrom({ name: 'Records', backend: true, resourceServer: true, authentication: 'secret' }),
        client_id: 'record-system',
        smart_scopes: 'system/Patient.r',
      });
      const server = await createSmartApp(oauth, 'record-system', client.ClientSecretBasic(secret!));
      const { access_token: own } = await client.clientCredentialsGrant(server.config, { scope: 'system/Patient.r' });
      const { access_token: token } = await app.launch({ scope: STAY }, { id: 'd1', patient: 'p2' });
      const { access_token: thiefs } = await (await createSmartApp(oauth, 'thief')).launch(
        { scope: STAY },
        { id: 'd1' },
      );
      oauth.events.length = 0;
      for (const bearer of [own, token]) {
        const { status, active, patient, need_patient_banner: banner, scope } = await ask(bearer, token);
        assert.deepEqual(
          { status, active, patient, banner, scope },
          { status: 200, active: true, patient: 'p2', banner: true, scope: STAY },
        );
      }
      assert.deepEqual(await ask(thiefs, token), { status: 200, active: false });
      assert.deepEqual(await ask(own, 'nonsense'), { status: 200, active: false });
      for (const bearer of ['nonsense', 'a.b.c']) assert.equal((await ask(bearer, token)).status, 401);
      const asked = { act: 'introspection', address: '127.0.0.1' };
      const about = [{ kind: 'account', id: 'd1', detail: { token: decodeJwt(token).jti } }];
      const wrong = { ...asked, status: 401, refusal: 'invalid_token' };
      assert.deepEqual(oauth.events, [
        { ...asked, status: 200, client: 'record-system', about },
        { ...asked, status: 200, client: 'my-app', account: 'd1', about },
        { ...asked, status: 200, client: 'thief', account: 'd1' },
        { ...asked, status: 200, client: 'record-system' },
        ...[wrong, wrong],
      ]);
      await oauth.clients.disable('record-system');
      assert.equal((await ask(own, token)).status, 401);
    });

    it('must show who it is', async () => {
      const body = new URLSearchParams({ token: 'x', client_id: 'records' });
      const reply = await fetch(`${oauth.root}/oauth/introspect`, { method: 'POST', body });
      assert.equal(reply.status, 401);
    });
  });

  describe('in a browser', () => {
    it('is answered by a form where it wants one, whose script and target alone the policy names', async () => {
      const { url } = await app.begin({ scope: STAY, prompt: 'none', response_mode: 'form_post' });
      const page = await createVisitor(oauth.root).open(url.href);
      const [form] = page.forms;
      assert.equal(form!.action, CALLBACK);
      assert.equal(new Map(form!.fields).get('error'), 'login_required');
      const script = /<script>([\s\S]*?)<\/script>/.exec(page.text)![1]!;
      const policy = page.headers.get('content-security-policy')!;
      const hash = createHash('sha256').update(script).digest('base64');
      assert.ok(policy.includes(`script-src 'sha256-${hash}'`), policy);
      assert.ok(policy.includes(`form-action 'self' ${new URL(CALLBACK).origin};`), policy);
    });

    for (const path of ['//[/', '/%5B', '/%', '/%00', '/authorize?%', '/token//[']) {
      it(`is told that nothing is at /oauth${path}`, async () => {
        for (const method of ['GET', 'POST']) {
          const { status } = await fetch(`${oauth.root}/oauth${path}`, { method });
          assert.ok(status >= 400 && status < 500, `${method}: ${status}`);
        }
      });
    }

    it('begins by POST as well', async () => {
      const { url, verifier } = await app.begin({ scope: 'user/*.rs' });
      const target = `${oauth.root}/oauth/authorize`;
      const reply = await fetch(target, { method: 'POST', body: url.searchParams, redirect: 'manual' });
      assert.equal(reply.status, 303);
      const visitor = createVisitor(oauth.root);
      const page = await signIn(visitor, await visitor.open(reply.headers.get('location')!), {
        account: 'd1',
        accounts: oauth.accounts,
      });
      assert.equal((await app.redeem((await visitor.submit(page, '/allow')).url, verifier)).scope, 'user/*.rs');
      const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
      assert.equal((await fetch(target, json)).status, 415);
      assert.equal(
        (await fetch(target, { method: 'POST', body: new URLSearchParams({ state: 'x'.repeat(20_000) }) })).status,
        413,
      );
    });

    it('may call the token endpoint from where it is registered, and from nowhere else', async () => {
      const call = (origin: string) =>
        fetch(`${oauth.root}/oauth/token`, {
          method: 'POST',
          headers: { origin },
          body: new URLSearchParams({
            grant_type: 'authorization_code',
            client_id: 'my-app',
            code: 'x',
            redirect_uri: CALLBACK,
          }),
        });
      assert.equal(
        (await call('https://app.example')).headers.get('access-control-allow-origin'),
        'https://app.example',
      );
      assert.equal((await call('https://evil.example')).headers.get('access-control-allow-origin'), null);
    });

    it('is named as it is written, and is the only place besides us where forms may lead', async () => {
      const { url } = await app.begin({ scope: STAY });
      const page = await createVisitor(oauth.root).open(url.href);
      assert.match(page.text, /My &lt;i&gt;app&lt;\/i&gt;/);
      const policy = page.headers.get('content-security-policy')!;
      assert.match(policy, /default-src 'none'.*form-action 'self' https:\/\/app\.example; frame-ancestors 'none'/);
      assert.equal(page.headers.get('cache-control'), 'no-store');
    });

    it('leaves cookies that scripts and other sites cannot use', async () => {
      const visitor = createVisitor(oauth.root);
      await app.launch({ scope: 'user/*.rs' }, { id: 'd1', visitor });
      assert.ok(visitor.cookies.some(({ name }) => name === 'wardgate_session'));
      for (const { name, attributes } of visitor.cookies) {
        assert.match(attributes, /samesite=lax/, name);
        assert.match(attributes, /httponly/, name);
      }
    });

    for (const [what, more] of [
      ['to nowhere we know', {}],
      ['to where an app may be sent after a sign-in only', { client_id: 'my-app' }],
    ] as const) {
      it(`is not sent by a sign-out ${what}`, async () => {
        const visitor = createVisitor(oauth.root);
        await app.launch({ scope: 'user/*.rs' }, { id: 'd1', visitor });
        const asked = new URLSearchParams({ post_logout_redirect_uri: 'https://evil.example/', ...more });
        let page = await visitor.open(`${oauth.root}/oauth/logout?${asked}`);
        if (page.status === 200) page = await visitor.submit(page, '/logout/confirm', { logout: 'yes' });
        assert.match(page.title, /^(You are signed out|This did not work)/);
        assert.ok(page.url.startsWith(oauth.root), page.url);
        assert.doesNotMatch(page.text, /evil\.example/);
      });
    }

    it('gets no session that it brought itself', async () => {
      const visitor = createVisitor(oauth.root);
      visitor.cookies.push({ name: 'wardgate_session', value: 'chosen-by-someone-else', path: '/', attributes: '' });
      await app.launch({ scope: 'user/*.rs' }, { id: 'd1', visitor });
      assert.notEqual(visitor.cookies.find(({ name }) => name === 'wardgate_session')!.value, 'chosen-by-someone-else');
    });

    it('is a session that its owner recognises: the app, what it may, from where', async () => {
      oauth.accounts.add({ id: 'd6' });
      const visitor = createVisitor(oauth.root, { 'x-forwarded-for': '198.51.100.7', 'user-agent': 'Browser/7' });
      await app.launch({ scope: 'user/Patient.rs' }, { id: 'd6', visitor });
      const [{ id, startedAt, lastUsedAt, expiresAt, ...session } = assert.fail('no session'), ...more] =
        await oauth.tokens.sessions('d6');
      assert.deepEqual(session, {
        client: 'my-app',
        clientName: 'My <i>app</i>',
        scopes: ['user/Patient.rs'],
        address: '198.51.100.7',
        userAgent: 'Browser/7',
      });
      assert.ok(more.length === 0 && id !== '' && lastUsedAt >= startedAt && expiresAt > startedAt);
    });

    it('is told to the audit trail, without secrets', async () => {
      oauth.accounts.add({ id: 'd7' });
      oauth.events.length = 0;
      const tokens = await app.launch({ scope: 'offline_access user/*.rs' }, { id: 'd7' });
      await client.refreshTokenGrant(app.config, tokens.refresh_token!);
      await assert.rejects(client.refreshTokenGrant(app.config, 'nonsense'));
      const address = '127.0.0.1';
      assert.deepEqual(oauth.events, [
        { act: 'consent', account: 'd7', client: 'my-app', address, status: 200 },
        { act: 'login', account: 'd7', client: 'my-app', address, status: 200 },
        { act: 'login', client: 'my-app', address, status: 400, refusal: 'invalid_grant' },
      ]);
    });

    it('cannot go on with what another browser began', async () => {
      const { url } = await app.begin({ scope: STAY });
      const page = await createVisitor(oauth.root).open(url.href);
      const other = createVisitor(oauth.root);
      assert.equal((await other.open(page.url)).status, 404);
      assert.equal(
        (await other.submit(page, '/sign-in', { email: 'd1@example.org', password: 'Secret-d1-1' })).status,
        404,
      );
    });

    it('shows what was wrong beside what was typed, but no password', async () => {
      const visitor = createVisitor(oauth.root);
      const { url } = await app.begin({ scope: STAY });
      const page = await visitor.submit(await visitor.open(url.href), '/sign-in', {
        email: 'd1@example.org',
        password: 'wrong-one',
      });
      assert.equal(page.status, 401);
      assert.match(page.title, /^Error: Sign in/);
      assert.match(page.text, /role="alert"[^>]*>The e-mail address or the password is wrong/);
      assert.match(page.text, /value="d1@example.org"/);
      assert.doesNotMatch(page.text, /wrong-one/);
    });

    it('is always sent to the address that is configured, by cookies for https alone where that is https', async () => {
      const behind = await startTestOauth('behind-proxy', { base: 'https://hospital.example/wardgate/fhir' });
      await behind.clients.register({
        client_id: 'my-app',
        redirect_uris: [CALLBACK],
        token_endpoint_auth_method: 'none',
      });
      const parameters = new URLSearchParams({
        client_id: 'my-app',
        response_type: 'code',
        redirect_uri: CALLBACK,
        scope: 'user/*.rs',
        aud: 'https://hospital.example/wardgate/fhir',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
      });
      const reply = await fetch(`${behind.root}/oauth/authorize?${parameters}`, { redirect: 'manual' });
      assert.match(reply.headers.get('location')!, /^https:\/\/hospital\.example\/wardgate\/interaction\/[\w-]+$/);
      const cookies = reply.headers.getSetCookie();
      assert.ok(cookies.length >= 4);
      for (const cookie of cookies) assert.match(cookie, /; secure/);
      assert.ok(
        cookies.some((cookie) => /path=\/wardgate\/oauth\/authorize\//.test(cookie)),
        cookies.join('\n'),
      );
      const found = (await (await fetch(`${behind.root}/oauth/.well-known/openid-configuration`)).json()) as object;
      for (const url of Object.values(found).filter((one) => /^https?:/.test(String(one))))
        assert.match(String(url), /^https:\/\/hospital\.example\/wardgate\/oauth/);
      await behind.close();
    });

    it('is sent nowhere by a Host header', async () => {
      const { url } = await app.begin({ scope: STAY });
      for (const header of ['host', 'x-forwarded-host'] as const) {
        const reply = await fetch(url, { redirect: 'manual', headers: { [header]: 'evil.example' } });
        assert.ok(reply.headers.get('location')!.startsWith(oauth.root));
        const found = await fetch(`${oauth.root}/.well-known/openid-configuration`, {
          headers: { [header]: 'evil.example' },
        });
        assert.doesNotMatch(await found.text(), /evil/);
      }
    });
  });

  it('finds the server by every well-known address', async () => {
    for (const path of ['/fhir/.well-known/smart-configuration', '/.well-known/smart-configuration']) {
      const reply = await fetch(oauth.root + path);
      assert.equal(reply.headers.get('access-control-allow-origin'), '*');
      const found = (await reply.json()) as Record<string, unknown>;
      assert.equal(found.token_endpoint, `${oauth.root}/oauth/token`);
    }
    const openid = [
      '/oauth/.well-known/openid-configuration',
      '/fhir/.well-known/openid-configuration',
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration/oauth',
      '/.well-known/oauth-authorization-server/oauth',
    ];
    for (const path of openid) {
      const found = (await (await fetch(oauth.root + path)).json()) as Record<string, unknown>;
      assert.equal(found.issuer, `${oauth.root}/oauth`, path);
      assert.equal(found.authorization_endpoint, `${oauth.root}/oauth/authorize`, path);
    }
  });

  it('is told of no endpoint that is not there', async () => {
    const found = oauth.smartConfiguration() as Record<string, string>;
    for (const [name, url] of Object.entries(found).filter(
      ([key]) => key.endsWith('_endpoint') || key === 'jwks_uri',
    )) {
      const replies = await Promise.all(['GET', 'POST'].map((method) => fetch(url, { method, redirect: 'manual' })));
      assert.ok(
        replies.some(({ status }) => status !== 404),
        name,
      );
    }
  });
});
