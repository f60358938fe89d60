// Whose work may go on: who is still what they were when it began.
import assert from 'node:assert/strict';
import Bull from 'bull';
import { actingAs } from '../../src/fhir/auth/accounts/acting.ts';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { clientGrant, FIRST_PARTY, OPERATOR } from '../../src/fhir/auth/oauth/token-claims.ts';
import { createStillAllowed } from '../../src/fhir/auth/still-allowed.ts';
import { callerFrom } from '../../src/fhir/http/authenticate.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { aCaller } from '../support/callers.ts';
import { redisUrl } from '../support/engines.ts';
import { freshEmail, openPeople, PASSWORD, type People, type Person } from '../support/people.ts';
import { CALLBACK, createSmartApp } from '../support/smart-app.ts';
import { createVisitor } from '../support/visitor.ts';

describe('work that goes on without its caller', function () {
  this.timeout(60_000);
  let people: People;
  let admin: Person;
  let isStill: (caller: Caller) => Promise<boolean>;
  before(async () => {
    people = await openPeople('still_allowed');
    admin = await people.person('admin');
    for (const id of ['h1', 'h2'])
      await admin.put(`/Organization/${id}`, { resourceType: 'Organization', id, name: id });
    const { signIn } = people.server.service.accounts!;
    const { clients, tokens } = people.oauth;
    isStill = createStillAllowed({ signIn, clients, tokens, own: [FIRST_PARTY, OPERATOR], actingAs });
  });
  after(() => people.close());

  const callerOf = async (accessToken: string): Promise<Caller> =>
    callerFrom(await people.oauth.tokens.verify(accessToken), '192.0.2.1');
  const nurseOfTwo = async (): Promise<Person> => {
    const { email, account } = await people.register({ role: 'nurse', organization: 'Organization/h1' });
    await admin.call('approve', { account });
    await admin.call('approve', { account, role: 'nurse', organization: 'Organization/h2' });
    return people.signIn(email);
  };

  it('is a person’s whose account is in use, and nobody’s after a deactivation', async () => {
    const person = await people.register();
    const caller = await callerOf(person.accessToken);
    assert.equal(await isStill(caller), true);
    await admin.call('deactivate', { account: person.account });
    assert.equal(await isStill(caller), false);
    await admin.call('reactivate', { account: person.account });
    assert.equal(await isStill(caller), false, 'nor is what was begun before that');
    people.clock.now++;
    assert.equal(await isStill(await callerOf((await people.signIn(person.email)).accessToken)), true);
  });

  it('ends with the role at a hospital that it was done as, and not with one at another', async () => {
    const nurse = await nurseOfTwo();
    const both = await callerOf(nurse.accessToken);
    const { accessToken } = await nurse.call('work-at', { organization: 'Organization/h1' });
    const one = await callerOf(accessToken);
    assert.deepEqual([await isStill(both), await isStill(one)], [true, true]);
    await admin.call('withdraw-role', { account: nurse.account, role: 'nurse', organization: 'Organization/h2' });
    assert.deepEqual([await isStill(both), await isStill(one)], [false, true]);
  });

  it('ends with the care for a patient', async () => {
    const patient = await people.register();
    const email = freshEmail();
    await patient.call('add-carer', { email });
    const token = await people.inMailTo(email, /\/invitation\/(\S+)/);
    await people.guest().call('accept-invitation', { token, firstName: 'Anna', lastName: 'Small', password: PASSWORD });
    const carer = await callerOf((await people.signIn(email)).accessToken);
    assert.equal(await isStill(carer), true);
    await patient.call('remove-carer', { id: (await patient.call('carers')).carer.id });
    assert.equal(await isStill(carer), false);
  });

  it('ends with what an app was allowed, and neither with another sign-in to it nor with a sign-out of our own', async () => {
    const { email, account } = await people.register();
    await people.oauth.clients.register({
      client_id: 'exporter',
      redirect_uris: [CALLBACK],
      token_endpoint_auth_method: 'none',
    });
    const app = await createSmartApp(people.oauth, 'exporter');
    const allow = async (): Promise<Caller> => {
      const { url, verifier } = await app.begin({
        scope: 'launch/patient offline_access patient/*.rs',
        prompt: 'login',
      });
      const visitor = createVisitor(people.oauth.root);
      let page = await visitor.submit(await visitor.open(url.href), '/sign-in', { email, password: PASSWORD });
      page = await visitor.submit(page, '/code', { code: await people.codeFor(email) });
      page = await visitor.submit(page, '/allow');
      return callerOf((await app.redeem(page.url, verifier)).access_token);
    };
    const [first, second] = [await allow(), await allow()];
    assert.deepEqual([await isStill(first), await isStill(second)], [true, true]);
    const person = await people.signIn(email);
    await person.call('end-session', { id: first.token!.grant });
    assert.deepEqual([await isStill(first), await isStill(second)], [false, true]);
    const own = await callerOf(person.accessToken);
    await person.call('logout', {});
    assert.deepEqual([await isStill(own), await isStill(second)], [true, true]);
    // another process hears of it, and one that is told by the database alone
    const elsewhere = await people.oauth.another();
    await people.oauth.tokens.endAllOf(account);
    assert.equal(await isStill(second), false);
    for (let tries = 0; !(await elsewhere.tokens.hasEnded(second.token!.grant)); tries++) {
      assert.ok(tries < 400);
      await sleep(50);
    }
  });

  it('ends with the keys or scopes of a system', async () => {
    const at = { backend: true, scope: 'system/*.rs', jwksUri: 'https://lab.example/keys' };
    const { id } = (await admin.call('register-client', { name: 'Lab', ...at })).client;
    const { generation } = (await people.oauth.clients.find(id))!;
    const token = { id: 't1', grant: clientGrant(id, generation), expires: people.clock.now + 3_600_000 };
    const client = { ...aCaller('system'), kind: 'client', id, client: id, token } as const;
    await admin.call('change-client', { id, name: 'Laboratory' });
    assert.equal(await isStill(client), true);
    await admin.call('change-client', { id, scope: 'system/Observation.rs' });
    assert.equal(await isStill(client), false);
  });

  it('ends with a client that was disabled, and is never the command line’s to lose', async () => {
    const jwks = { keys: [{ kty: 'EC', crv: 'P-384', x: 'A'.repeat(64), y: 'A'.repeat(64), alg: 'ES384' }] };
    const { id } = (
      await admin.call('register-client', {
        name: 'Warehouse',
        backend: true,
        scope: 'system/*.rs',
        jwks: JSON.stringify(jwks),
      })
    ).client;
    const client = { ...aCaller('system'), kind: 'client', id, client: id } as const;
    assert.equal(await isStill(client), true);
    await admin.call('disable-client', { id });
    assert.equal(await isStill(client), false);
    assert.equal(await isStill({ ...client, id: OPERATOR, client: OPERATOR }), true);
    assert.equal(await isStill({ ...client, id: 'gone', client: 'gone' }), false);
  });

  describe('on the queue', () => {
    const OTHER = 'Another-Horse-8';
    let queue: Bull.Queue;
    before(async () => {
      queue = new Bull('operation', await redisUrl(), { prefix: `{${people.space}}` });
    });
    after(() => queue.close());

    /** its work is accepted and has not begun when `deed` is done */
    async function workOf(person: Person, deed: () => Promise<unknown>): Promise<string> {
      await queue.pause();
      const parameter = [{ name: 'type', valueCode: 'Basic' }];
      const begun = await person.send(
        'POST',
        '/$reindex',
        { resourceType: 'Parameters', parameter },
        { prefer: 'respond-async' },
      );
      assert.equal(begun.status, 202, begun.text);
      people.clock.now += 1;
      await deed();
      await queue.resume();
      people.clock.now += 1;
      return new URL(begun.headers.get('content-location')!).pathname.replace('/fhir', '');
    }
    async function answerTo(person: Person, address: string): Promise<string> {
      for (let tries = 0; ; tries++) {
        const { status, body } = await person.get(address);
        if (status !== 202) return `${status} ${body.issue?.[0].diagnostics ?? ''}`.trim();
        assert.ok(tries < 400);
        await sleep(50);
      }
    }
    const resetOf = async (email: string): Promise<void> => {
      const { challenge } = await people.guest().call('forgot-password', { email });
      const code = await people.codeFor(email);
      await people.guest().call('reset-password', { code, challenge, newPassword: OTHER });
    };

    /** what is done meanwhile, by the owner in another session or by an administrator; gives how they sign in from then on */
    type Deed = (stolen: Person, own: Person) => Promise<{ email?: string; password?: string }>;
    const ending: Record<string, Deed> = {
      'a reset of the password': async ({ email }) => {
        await resetOf(email);
        return { password: OTHER };
      },
      'a sign-out, and then a reset of the password': async (stolen) => {
        await stolen.call('logout', {});
        await resetOf(stolen.email);
        return { password: OTHER };
      },
      'a change of the password in another session': async (_stolen, own) => {
        await own.call('change-password', { currentPassword: PASSWORD, newPassword: OTHER });
        return { password: OTHER };
      },
      'an end of all other sessions': async (_stolen, own) => {
        await own.call('end-session', { others: true });
        return {};
      },
      'a recovery by an administrator': async ({ account }) => {
        const email = freshEmail();
        await admin.call('recover-account', { account, newEmail: email });
        await resetOf(email);
        return { email, password: OTHER };
      },
      'a deactivation that is taken back': async ({ account }) => {
        await admin.call('deactivate', { account });
        await admin.call('reactivate', { account });
        return {};
      },
    };
    for (const [what, deed] of Object.entries(ending)) {
      it(`does not go on after ${what}`, async () => {
        const stolen = await people.person('admin');
        const own = await people.signIn(stolen.email);
        let now: Awaited<ReturnType<Deed>> = {};
        const address = await workOf(stolen, async () => {
          now = await deed(stolen, own);
        });
        const again = await people.signIn(now.email ?? stolen.email, now.password);
        const answer = await answerTo(again, address);
        assert.equal(answer, '403 The work has ended: who began it may not do it any more');
        const anew = await workOf(again, async () => undefined);
        assert.equal(await answerTo(again, anew), '200', 'what is begun after it goes on');
      });
    }

    const keeping: Record<string, (person: Person) => Promise<unknown>> = {
      'a sign-out': (person) => person.call('logout', {}),
      'a change of the password in the same session': (person) =>
        person.call('change-password', { currentPassword: PASSWORD, newPassword: OTHER }),
      'the end of another role': async ({ account }) => {
        await admin.call('approve', { account, role: 'nurse', organization: 'Organization/h1' });
        await admin.call('withdraw-role', { account, role: 'nurse', organization: 'Organization/h1' });
      },
    };
    for (const [what, deed] of Object.entries(keeping)) {
      it(`goes on after ${what}`, async () => {
        const person = await people.person('admin');
        const address = await workOf(person, () => deed(person));
        const password = what.includes('password') ? OTHER : PASSWORD;
        assert.equal(await answerTo(await people.signIn(person.email, password), address), '200');
      });
    }
  });
});
