// Row A11: accounts elsewhere that open the one here, seen and ended by their owner and by administrators.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { freshEmail, openPeople, PASSWORD, type People, type Person, refusalOf } from '../support/people.ts';

const ISSUER = 'https://login.example/realms/staff';
const ADDRESS = '192.0.2.1';

describe('sign-ins by other identity providers', () => {
  let people: People;
  let admin: Person;
  let ofHospital: Person;
  before(async () => {
    people = await openPeople('identity_links', {
      audit: true,
      identityProviders: () => [{ id: 'directory', name: 'the directory', issuer: `${ISSUER}/`, clientId: 'x' }],
    });
    admin = await people.person('admin');
    for (const id of ['h1', 'h2'])
      await admin.put(`/Organization/${id}`, { resourceType: 'Organization', id, name: id });
    ofHospital = await people.person('hospital-admin', 'h1');
  });
  after(() => people.close());

  const arrivals = (identity: { issuer: string; subject: string }) =>
    people.oauth.foreign.arrive({ provider: '', ...identity }, { address: ADDRESS });
  const at = () => ({ address: ADDRESS, since: people.clock.now });

  /** as the pages do it once somebody has signed in to both */
  async function link({ account, email }: Person, issuer = ISSUER): Promise<{ issuer: string; subject: string }> {
    const identity = { provider: 'the directory', issuer, subject: randomUUID(), email: `at.${email}` };
    people.clock.now += 1;
    await people.oauth.links.link(identity, account, at());
    return identity;
  }

  const linksOf = async (person: Person, account?: string): Promise<Record<string, string>[]> => {
    const { link: found = [] } = await person.call('identity-links', account === undefined ? undefined : { account });
    return Array.isArray(found) ? found : [found];
  };
  const isSignedIn = async (person: Person): Promise<boolean> => (await person.get('/$profile')).status === 200;

  it('are listed to their owner: provider, address there, since when', async () => {
    const person = await people.register();
    assert.deepEqual(await linksOf(person), []);
    await link(person);
    await people.mailTo(person.email, /signs in with the directory as at\.\S+ is signed in to your account here/);
    await link(person, 'https://gone.example');
    const [first, second] = await linksOf(person);
    assert.deepEqual([first!.provider, first!.email], ['the directory', `at.${person.email}`]);
    assert.ok(Math.abs(Date.parse(first!.since!) - Date.now()) < 600_000);
    assert.equal(second!.provider, 'https://gone.example', 'one that is not configured any more');
    assert.equal(refusalOf(await people.guest().get('/$identity-links')), '401 login');
  });

  it('are ended by their owner with the password, and all other sessions with them', async () => {
    const person = await people.register();
    const other = await people.signIn(person.email);
    const [identity, kept] = [await link(person), await link(person, 'https://kept.example')];
    const [{ id }] = (await linksOf(person)) as [Record<string, string>];
    const attempt = (input: object) => person.post('/$remove-identity-link', { id, ...input });
    assert.equal(refusalOf(await attempt({})), '400 required at password');
    assert.equal(refusalOf(await attempt({ password: 'Wrong-Horse-7' })), '401 login at password');
    assert.equal(refusalOf(await attempt({ id: 'none', password: PASSWORD })), '404 not-found at id');
    assert.ok(await arrivals(identity));
    assert.equal((await attempt({ password: PASSWORD })).status, 200);
    await people.mailTo(person.email, /sign-in with the directory does not open your account any more/);
    assert.equal(await arrivals(identity), undefined);
    assert.equal((await arrivals(kept))?.account, person.account);
    assert.deepEqual([await isSignedIn(person), await isSignedIn(other)], [true, false]);
    assert.equal(refusalOf(await attempt({ password: PASSWORD })), '404 not-found at id');
  });

  it('of others are not to be ended, nor seen', async () => {
    const [person, thief] = [await people.register(), await people.register()];
    const identity = await link(person);
    const [{ id }] = (await linksOf(person)) as [Record<string, string>];
    const attempt = (input: object) => thief.post('/$remove-identity-link', { id, password: PASSWORD, ...input });
    assert.equal(refusalOf(await attempt({})), '404 not-found at id');
    assert.equal(refusalOf(await attempt({ account: person.account })), '403 forbidden');
    assert.equal(refusalOf(await thief.get(`/$identity-links?account=${person.account}`)), '403 forbidden');
    assert.equal((await arrivals(identity))?.account, person.account);
  });

  it('are kept while they are the only way in, as the password is nobody’s', async () => {
    const person = await people.register();
    await link(person);
    const [{ id }] = (await linksOf(person)) as [Record<string, string>];
    // a recovery leaves an account so; it ends links too, so that this one is from before it did
    await people.db
      .collection<{ _id: string }>('accounts')
      .updateOne({ _id: person.account }, { $set: { password: '-' } });
    const refused = await person.post('/$remove-identity-link', { id, password: PASSWORD });
    assert.equal(refusalOf(refused), '422 business-rule at password');
    assert.match(refused.text, /the only way in; choose one with “Forgot password” first/);
    assert.equal((await linksOf(person)).length, 1);
  });

  it('are ended by an administrator with a say in the account, with all its sessions', async () => {
    const nurse = await people.person('nurse', 'h1');
    const stranger = await people.person('nurse', 'h2');
    const patient = await people.register();
    await admin.call('approve', {
      account: patient.account,
      role: 'nurse',
      organization: { reference: 'Organization/h1' },
    });
    const identities = new Map<Person, { issuer: string; subject: string }>();
    for (const one of [nurse, stranger, patient]) identities.set(one, await link(one));
    const [seen] = await linksOf(ofHospital, nurse.account);
    assert.deepEqual(Object.keys(seen!).sort(), ['id', 'provider', 'since'], 'the address there is the owner’s matter');
    const attempt = async (by: Person, { account }: Person) => {
      const [{ id }] = (await linksOf(admin, account)) as [Record<string, string>];
      return by.post('/$remove-identity-link', { account, id });
    };
    assert.equal(
      refusalOf(await ofHospital.get(`/$identity-links?account=${stranger.account}`)),
      '404 not-found at account',
    );
    assert.equal(refusalOf(await attempt(ofHospital, stranger)), '404 not-found at account');
    assert.equal(refusalOf(await attempt(ofHospital, patient)), '403 forbidden at account');
    assert.equal((await attempt(ofHospital, nurse)).status, 200);
    await people.mailTo(nurse.email, /does not open your account any more/);
    assert.equal(await arrivals(identities.get(nurse)!), undefined);
    assert.equal(await isSignedIn(nurse), false);
    assert.equal((await attempt(admin, stranger)).status, 200);
    const none = { account: stranger.account, id: 'none' };
    assert.equal(refusalOf(await admin.post('/$remove-identity-link', none)), '404 not-found at id');
  });

  describe('end with what shuts the account to whoever could come in before:', () => {
    const reset = async (email: string): Promise<void> => {
      const { challenge } = await people.guest().call('forgot-password', { email });
      const code = await people.codeFor(email);
      await people.guest().call('reset-password', { code, challenge, newPassword: 'New-Horse-8' });
    };
    const rows: [what: string, act: (person: Person) => Promise<unknown>, mail?: RegExp][] = [
      ['a password reset', ({ email }) => reset(email), /The sign-in with the directory does not open your account/],
      [
        'a new password',
        (person) => person.call('change-password', { currentPassword: PASSWORD, newPassword: 'New-Horse-8' }),
        /The sign-in with the directory does not open your account/,
      ],
      [
        'another address',
        async (person) => {
          const newEmail = freshEmail();
          const { challenge } = await person.call('change-email', { newEmail, password: PASSWORD });
          await person.call('confirm-email', { code: await people.codeFor(newEmail), challenge });
        },
      ],
      [
        'a recovery',
        async ({ account }) => {
          const newEmail = freshEmail();
          await admin.call('recover-account', { account, newEmail });
          await people.mailTo(newEmail, /The sign-in with the directory does not open your account/);
        },
      ],
    ];
    for (const [what, act, mail] of rows) {
      it(what, async () => {
        const person = await people.register();
        const identity = await link(person);
        await act(person);
        if (mail !== undefined) await people.mailTo(person.email, mail);
        assert.equal(await arrivals(identity), undefined);
        assert.deepEqual(await linksOf(admin, person.account), []);
      });
    }

    it('also those that are made while it is shut', async () => {
      const person = await people.register();
      const identity = { provider: 'the directory', issuer: ISSUER, subject: randomUUID() };
      const { since } = at();
      people.clock.now += 1000;
      await reset(person.email);
      const late = people.oauth.links.link(identity, person.account, { address: ADDRESS, since });
      await assert.rejects(late, /This sign-in is over/);
      assert.equal(await arrivals(identity), undefined);
    });
  });

  it('are on record: made, ended alone, ended with a new password', async () => {
    const person = await people.register();
    const changes = async (): Promise<number> => {
      const reply = await admin.get(`/AuditEvent?altid=${person.account}&subtype=110137&_summary=count`);
      return reply.body.total as number;
    };
    await link(person);
    assert.equal(people.oauth.events.at(-1)?.act, 'account');
    assert.equal(people.oauth.events.at(-1)?.account, person.account);
    const [{ id }] = (await linksOf(person)) as [Record<string, string>];
    const before = await changes();
    await person.call('remove-identity-link', { id, password: PASSWORD });
    assert.equal(await changes(), before + 1);
    await link(person);
    await person.call('change-password', { currentPassword: PASSWORD, newPassword: 'New-Horse-8' });
    assert.equal(await changes(), before + 3, 'the operation, and the link');
  });
});
