// The one issuer as the rest of the server knows it: tokens are made, checked, refreshed and ended.
import assert from 'node:assert/strict';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import type { Subject } from '../../../src/fhir/auth/tokens.ts';
import type { FhirError } from '../../../src/fhir/model/errors.ts';
import { sleep } from '../../../src/platform/clock/clock.ts';
import { startTestOauth, type TestOauth } from '../../support/oauth.ts';

const refusal = (kind: string, words: RegExp) => (error: FhirError) => error.kind === kind && words.test(error.message);

describe('tokens of our own client', () => {
  let oauth: TestOauth;
  before(async () => {
    oauth = await startTestOauth('tokens');
  });
  after(() => oauth.close());
  afterEach(() => {
    oauth.clock.now = undefined;
  });

  let count = 0;
  const signedIn = async (more: Partial<Subject> = {}): Promise<Subject> => {
    const id = `doctor-${count++}`;
    oauth.accounts.add({ id, roles: ['doctor'], organizations: ['o1'], fhirUser: { type: 'Practitioner', id: 'p1' } });
    return {
      account: id,
      roles: ['doctor'],
      organizations: ['o1'],
      fhirUser: { type: 'Practitioner', id: 'p1' },
      amr: ['pwd', 'otp'],
      since: oauth.clock.now ?? Date.now(),
      address: '192.0.2.7',
      userAgent: 'Test/1',
      ...more,
    };
  };

  it('say who holds them, for an hour', async () => {
    const subject = await signedIn();
    const { accessToken, refreshToken, expiresIn } = await oauth.tokens.issue(subject);
    const { id, grant, expires, authenticatedAt, ...rest } = await oauth.tokens.verify(accessToken);
    assert.deepEqual(rest, {
      account: subject.account,
      client: 'wardgate',
      roles: ['doctor'],
      organizations: ['o1'],
      fhirUser: { type: 'Practitioner', id: 'p1' },
      limits: 'standard',
    });
    assert.equal(expiresIn, 3600);
    assert.ok(Math.abs(expires - Date.now() - 3_600_000) < 5000);
    assert.ok(id !== '' && grant !== '');
    assert.ok(Math.abs(authenticatedAt! - Date.now()) < 5000);
    const next = await oauth.tokens.refresh(refreshToken);
    const { authenticatedAt: still } = await oauth.tokens.verify(next.accessToken);
    assert.equal(still, authenticatedAt, 'a refresh is no sign-in');
  });

  it('are JWTs of RFC 9068, for this FHIR base', async () => {
    const { accessToken } = await oauth.tokens.issue(await signedIn());
    assert.deepEqual({ ...decodeProtectedHeader(accessToken), kid: '' }, { alg: 'RS256', typ: 'at+jwt', kid: '' });
    const { iss, aud, client_id: client, scope } = decodeJwt(accessToken);
    assert.deepEqual(
      { iss, aud, client, scope },
      {
        iss: `${oauth.root}/oauth`,
        aud: oauth.base,
        client: 'wardgate',
        scope: undefined,
      },
    );
  });

  it('are checked once; after that the answer is there at once', async () => {
    const { accessToken } = await oauth.tokens.issue(await signedIn());
    const first = oauth.tokens.verify(accessToken);
    assert.ok(first instanceof Promise);
    await first;
    assert.ok(!(oauth.tokens.verify(accessToken) instanceof Promise));
  });

  it('end at their time, also where they were checked before', async () => {
    const { accessToken } = await oauth.tokens.issue(await signedIn());
    await oauth.tokens.verify(accessToken);
    oauth.clock.now = Date.now() + 3_601_000;
    assert.throws(() => oauth.tokens.verify(accessToken), refusal('login', /expired/));
  });

  it('are refreshed, with the roles that the person has now', async () => {
    const subject = await signedIn();
    const first = await oauth.tokens.issue(subject);
    oauth.accounts.add({ id: subject.account, roles: ['doctor', 'admin'] });
    const second = await oauth.tokens.refresh(first.refreshToken);
    const { roles, limits, grant } = await oauth.tokens.verify(second.accessToken);
    assert.deepEqual({ roles, limits }, { roles: ['doctor', 'admin'], limits: 'admin' });
    assert.equal(grant, (await oauth.tokens.verify(first.accessToken)).grant);
    assert.notEqual(second.refreshToken, first.refreshToken);
  });

  it('are not refreshed for who may not sign in any more', async () => {
    const subject = await signedIn();
    const { refreshToken } = await oauth.tokens.issue(subject);
    oauth.accounts.add({ id: subject.account, isActive: false });
    await assert.rejects(oauth.tokens.refresh(refreshToken), refusal('login', /not valid/));
  });

  it('refreshed twenty times at once give one successor, twenty times', async () => {
    const { refreshToken } = await oauth.tokens.issue(await signedIn());
    const other = await oauth.another();
    const sets = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? oauth : other).tokens.refresh(refreshToken)),
    );
    assert.equal(new Set(sets.map((set) => set.refreshToken)).size, 1);
    assert.equal(new Set(sets.map((set) => set.accessToken)).size, 20);
    await oauth.tokens.refresh(sets[0]!.refreshToken);
  });

  it('used a second time after the grace end the whole grant', async () => {
    const first = await oauth.tokens.issue(await signedIn());
    const second = await oauth.tokens.refresh(first.refreshToken);
    oauth.clock.now = Date.now() + 11_000;
    await assert.rejects(oauth.tokens.refresh(first.refreshToken), refusal('login', /not valid/));
    await assert.rejects(oauth.tokens.refresh(second.refreshToken), refusal('login', /not valid/));
    for (const { accessToken } of [first, second]) {
      await assert.rejects(async () => oauth.tokens.verify(accessToken), refusal('login', /revoked/));
    }
  });

  for (const [which, pick] of [
    ['access', 'accessToken'],
    ['refresh', 'refreshToken'],
  ] as const) {
    it(`end together, by the ${which} token`, async () => {
      const set = await oauth.tokens.issue(await signedIn());
      await oauth.tokens.verify(set.accessToken);
      await oauth.tokens.endGrantOf(set[pick]);
      await assert.rejects(async () => oauth.tokens.verify(set.accessToken), refusal('login', /revoked/));
      await assert.rejects(oauth.tokens.refresh(set.refreshToken), refusal('login', /not valid/));
    });
  }

  it('that were never ours are ended without a word', async () => {
    await oauth.tokens.endGrantOf('nonsense');
    await oauth.tokens.endGrantOf('a.b.c');
  });

  it('of a person end everywhere within five seconds, besides one', async () => {
    const subject = await signedIn();
    const [kept, ...ended] = await Promise.all([1, 2, 3].map(() => oauth.tokens.issue(subject)));
    const other = await oauth.another();
    for (const { accessToken } of ended) await other.tokens.verify(accessToken);
    const { grant } = await oauth.tokens.verify(kept!.accessToken);
    const endedAt = performance.now();
    await oauth.tokens.endAllOf(subject.account, { besides: grant });
    for (const { accessToken } of ended) {
      await assert.rejects(async () => oauth.tokens.verify(accessToken), refusal('login', /revoked/));
      while (await isGood(other, accessToken)) {
        assert.ok(performance.now() - endedAt < 20_000, 'the other process still lets it in');
        await sleep(50);
      }
    }
    await other.tokens.verify(kept!.accessToken);
    assert.deepEqual(
      (await oauth.tokens.sessions(subject.account)).map(({ id }) => id),
      [grant],
    );
  });

  it('are not made for a sign-in that began before the account was shut', async () => {
    const before = await signedIn();
    await oauth.tokens.endAllOf(before.account);
    await assert.rejects(oauth.tokens.issue(before), refusal('login', /This sign-in is over/));
    assert.deepEqual(await oauth.tokens.sessions(before.account), []);
    await oauth.tokens.issue({ ...before, since: Date.now() + 1 });
    assert.equal((await oauth.tokens.sessions(before.account)).length, 1);
  });

  it('are nobody’s who signs in while the account is shut, however the two meet', async () => {
    for (let turn = 0; turn < 40; turn++) {
      const before = await signedIn();
      const soon = async (ms: number): Promise<void> => (ms === 0 ? undefined : sleep(ms));
      const [issued] = await Promise.allSettled([
        oauth.tokens.issue(before),
        soon(turn % 8).then(() => oauth.tokens.endAllOf(before.account)),
      ]);
      assert.deepEqual(await oauth.tokens.sessions(before.account), []);
      if (issued.status === 'fulfilled') assert.equal(await isGood(oauth, issued.value.accessToken), false);
    }
  });

  it('that have ended stay so when Redis has lost everything', async () => {
    const { accessToken } = await oauth.tokens.issue(await signedIn());
    await oauth.tokens.endGrantOf(accessToken);
    const keys = await oauth.redis.keys(`${oauth.db.databaseName}*`);
    if (keys.length > 0) await oauth.redis.del(keys);
    const other = await oauth.another();
    await assert.rejects(async () => other.tokens.verify(accessToken), refusal('login', /revoked/));
  });

  it('are shown to their owner as sessions', async () => {
    const subject = await signedIn();
    await oauth.tokens.issue(subject);
    const [session, ...others] = await oauth.tokens.sessions(subject.account);
    const { id, startedAt, lastUsedAt, expiresAt, ...rest } = session!;
    assert.deepEqual(rest, {
      client: 'wardgate',
      clientName: 'Wardgate',
      scopes: [],
      address: '192.0.2.7',
      userAgent: 'Test/1',
    });
    assert.ok(id !== '' && lastUsedAt >= startedAt);
    assert.equal(expiresAt - startedAt, 7 * 24 * 3600 * 1000);
    assert.deepEqual(others, []);
  });

  it('lie in the database so that who reads it cannot use them', async () => {
    const { refreshToken } = await oauth.tokens.issue(await signedIn());
    for (const name of (await oauth.db.listCollections().toArray()).map((one) => one.name)) {
      const text = JSON.stringify(await oauth.db.collection(name).find().toArray());
      assert.ok(!text.includes(refreshToken), `${name} holds the refresh token`);
      assert.ok(!/"d":|\\"d\\":/.test(text), `${name} holds a private key`);
    }
  });
});

const isGood = async ({ tokens }: TestOauth, token: string): Promise<boolean> =>
  Promise.resolve()
    .then(() => tokens.verify(token))
    .then(
      () => true,
      () => false,
    );
