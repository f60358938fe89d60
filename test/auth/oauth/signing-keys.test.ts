// Signing keys change, by age or by hand, and nobody is signed out by it, unless that is what is wanted.
import assert from 'node:assert/strict';
import { CHECK_FOR_MS, USE_FOR_MS } from '../../../src/fhir/auth/oauth/signing-keys.ts';
import { sleep } from '../../../src/platform/clock/clock.ts';
import { aSubject } from '../../support/accounts.ts';
import { startTestOauth, type TestOauth } from '../../support/oauth.ts';

const subject = aSubject();
const kidOf = (token: string): string =>
  JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString()).kid as string;

describe('signing keys', () => {
  let oauth: TestOauth;
  beforeEach(async () => {
    oauth = await startTestOauth('keys');
    oauth.accounts.add({ id: 'd1' });
  });
  afterEach(() => oauth.close());

  const issued = async (on = oauth): Promise<string> => (await on.tokens.issue(subject)).accessToken;
  const published = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(`${oauth.root}/oauth/jwks`)).json()) as { keys: Record<string, string>[] };
    for (const key of keys) assert.deepEqual([key.d, key.p, key.use], [undefined, undefined, 'sig']);
    return keys.map(({ kid }) => kid!);
  };
  const states = (on = oauth): string[] => on.keys.list().map(({ state, alg }) => `${state} ${alg}`);

  it('are there from the start, the next ones too, the same in every process', async () => {
    const other = await oauth.another();
    assert.deepEqual(states(), ['current RS256', 'current ES384', 'next RS256', 'next ES384']);
    assert.deepEqual(other.keys.list(), oauth.keys.list());
    assert.deepEqual(
      (await published()).toSorted(),
      oauth.keys
        .list()
        .map(({ kid }) => kid)
        .toSorted(),
    );
  });

  it('of processes that start on an empty database at the same moment are the same', async () => {
    await oauth.db.collection('oauth_keys').deleteMany({});
    const others = await Promise.all([oauth.another(), oauth.another(), oauth.another()]);
    const sets = others.map(({ keys }) => keys.list().map(({ kid }) => kid));
    assert.deepEqual(sets[1], sets[0]);
    assert.deepEqual(sets[2], sets[0]);
  });

  it('that come into use were published before, so other processes know them already', async () => {
    const other = await oauth.another();
    const before = await published();
    await oauth.keys.rotate();
    const token = await issued();
    assert.ok(before.includes(kidOf(token)));
    assert.equal((await other.tokens.verify(token)).account, 'd1');
  });

  it('that were in use still check what they signed', async () => {
    const old = await issued();
    await oauth.keys.rotate();
    const other = await oauth.another();
    for (const one of [oauth, other]) assert.equal((await one.tokens.verify(old)).account, 'd1');
    assert.notEqual(kidOf(await issued()), kidOf(old));
    assert.ok((await published()).includes(kidOf(old)));
  });

  it('change once when several processes want to at the same moment', async () => {
    const other = await oauth.another();
    oauth.clock.now = other.clock.now = Date.now() + USE_FOR_MS + 1000;
    await Promise.all([oauth, other, oauth, other].map(({ keys }) => keys.tend()));
    assert.deepEqual(states(), [
      'current RS256',
      'current ES384',
      'next RS256',
      'next ES384',
      'previous RS256',
      'previous ES384',
    ]);
  });

  it('are not changed before their time, and forgotten after it', async () => {
    const { version } = oauth.keys;
    const first = version();
    await oauth.keys.tend();
    assert.equal(version(), first);
    await oauth.keys.rotate();
    oauth.clock.now = Date.now() + CHECK_FOR_MS + 1000;
    await oauth.keys.tend();
    assert.deepEqual(states(), ['current RS256', 'current ES384', 'next RS256', 'next ES384']);
  });

  it('that are compromised are worth nothing at once, and soon everywhere', async () => {
    const other = await oauth.another();
    const token = await issued();
    await other.tokens.verify(token);
    const at = performance.now();
    await oauth.keys.rotate({ compromised: true });
    await assert.rejects(async () => oauth.tokens.verify(token), { kind: 'login' });
    for (;;) {
      const isGood = await Promise.resolve(token)
        .then(other.tokens.verify)
        .then(
          () => true,
          () => false,
        );
      if (!isGood) break;
      assert.ok(performance.now() - at < 20_000);
      await sleep(50);
    }
    assert.equal((await other.tokens.verify(await issued())).account, 'd1');
  });
});
