// Rows A5 and A6: passwords forgotten and changed, addresses changed, sessions seen and ended.
import assert from 'node:assert/strict';
import { freshEmail, openPeople, PASSWORD, type People, type Person, refusalOf } from '../support/people.ts';

const passwords = ['First-Horse-1', 'Second-Horse-2', 'Third-Horse-3', 'Fourth-Horse-4', 'Fifth-Horse-5'];

describe('passwords and sessions', () => {
  let people: People;
  before(async () => {
    people = await openPeople('passwords');
  });
  after(() => people.close());

  const isSignedIn = async (person: Person): Promise<boolean> => (await person.get('/$profile')).status === 200;
  const forgot = async (email: string) => {
    const { challenge } = await people.guest().call('forgot-password', { email });
    return { challenge, code: await people.codeFor(email) };
  };

  describe('$forgot-password and $reset-password', () => {
    it('set a new password and end every session', async () => {
      const person = await people.register();
      const { email } = person;
      await people.guest().call('reset-password', { ...(await forgot(email)), newPassword: 'New-Horse-8' });
      await people.mailTo(email, /password was changed/);
      assert.equal(await isSignedIn(person), false);
      assert.equal((await people.guest().post('/$login', { email, password: PASSWORD })).status, 401);
      assert.equal(await isSignedIn(await people.signIn(email, 'New-Horse-8')), true);
    });

    it('answer an address without an account as any other, and tell only its owner', async () => {
      const { email } = await people.register();
      const unknown = freshEmail();
      const [known, none] = await Promise.all(
        [email, unknown].map((one) => people.guest().post('/$forgot-password', { email: one })),
      );
      assert.equal(none!.status, known!.status);
      const shape = ({ body }: typeof known & object) =>
        body.parameter.map(({ name, ...value }: { name: string }) => [name, Object.keys(value)]);
      assert.deepEqual(shape(none!), shape(known!));
      const { subject, text } = await people.mailTo(unknown);
      assert.match(subject, /no account/);
      assert.doesNotMatch(text, /\d{6}/);
    });

    it('take the code from the address that asked for it without its challenge', async () => {
      const { email } = await people.register();
      const { code } = await forgot(email);
      const request = { code, newPassword: 'New-Horse-8' };
      assert.equal(refusalOf(await people.guest('203.0.113.9').post('/$reset-password', request)), '401 login at code');
      assert.equal((await people.guest().post('/$reset-password', request)).status, 200);
    });

    it('refuse a bad password without spending the code', async () => {
      const { email } = await people.register();
      const sent = await forgot(email);
      const attempt = (newPassword: string) => people.guest().post('/$reset-password', { ...sent, newPassword });
      assert.equal(refusalOf(await attempt('weak')), '400 value at newPassword');
      assert.equal(refusalOf(await attempt(PASSWORD)), '422 business-rule at newPassword');
      assert.equal((await attempt('New-Horse-8')).status, 200);
      assert.equal(refusalOf(await attempt('New-Horse-9')), '401 login at code');
    });

    it('change the password once, though the code is sent many times at once', async () => {
      const { email } = await people.register();
      const sent = await forgot(email);
      const attempts = passwords.map((newPassword) =>
        people.guest().post('/$reset-password', { ...sent, newPassword }),
      );
      const statuses = (await Promise.all(attempts)).map(({ status }) => status);
      assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
    });

    it('open a locked account', async () => {
      const { email } = await people.register();
      const from = people.guest('198.51.100.40');
      for (let time = 0; time < 6; time++) await from.post('/$login', { email, password: 'Wrong-Password-1' });
      assert.equal((await from.post('/$login', { email, password: PASSWORD })).status, 429);
      await people.guest().call('reset-password', { ...(await forgot(email)), newPassword: 'New-Horse-8' });
      await people.mailTo(email);
      assert.equal((await from.post('/$login', { email, password: 'New-Horse-8' })).status, 200);
    });
  });

  describe('$change-password', () => {
    it('ends every other session, not its own', async () => {
      const first = await people.register();
      const second = await people.signIn(first.email);
      await second.call('change-password', { currentPassword: PASSWORD, newPassword: 'New-Horse-8' });
      assert.deepEqual([await isSignedIn(first), await isSignedIn(second)], [false, true]);
    });

    it('refuses the last five passwords, and takes the one before them', async () => {
      const person = await people.register();
      let currentPassword = PASSWORD;
      for (const newPassword of passwords) {
        await person.call('change-password', { currentPassword, newPassword });
        currentPassword = newPassword;
      }
      for (const newPassword of passwords) {
        const reply = await person.post('/$change-password', { currentPassword, newPassword });
        assert.equal(refusalOf(reply), '422 business-rule at newPassword', newPassword);
      }
      await person.call('change-password', { currentPassword, newPassword: PASSWORD });
    });

    it('refuses a wrong current password, and counts it as a failure to sign in', async () => {
      const person = await people.register();
      const attempt = () =>
        person.post('/$change-password', { currentPassword: 'Wrong-1-Horse', newPassword: 'New-Horse-8' });
      for (let time = 0; time < 5; time++) assert.equal(refusalOf(await attempt()), '401 login at currentPassword');
      assert.equal(refusalOf(await attempt()), '429 throttled');
    });

    it('refuses who is not signed in', async () => {
      const request = { currentPassword: PASSWORD, newPassword: 'New-Horse-8' };
      assert.equal(refusalOf(await people.guest().post('/$change-password', request)), '401 login');
    });
  });

  describe('$change-email and $confirm-email', () => {
    it('move the account, its resource and the sign-in to the new address, and tell the old one', async () => {
      const person = await people.register();
      const other = await people.signIn(person.email);
      const newEmail = freshEmail();
      const { challenge } = await person.call('change-email', { newEmail, password: PASSWORD });
      const code = await people.codeFor(newEmail);
      const { account } = await person.call('confirm-email', { code, challenge });
      assert.equal(account.email, newEmail);
      const { text } = await people.mailTo(person.email);
      assert.ok(!text.includes(newEmail));
      assert.deepEqual([await isSignedIn(person), await isSignedIn(other)], [true, false]);
      assert.equal((await person.call('profile')).resource.telecom[0].value, newEmail);
      assert.equal((await people.guest().post('/$login', { email: person.email, password: PASSWORD })).status, 401);
      await people.signIn(newEmail);
      await people.register({ email: person.email });
    });

    it('refuse an address that has an account, before and at the end', async () => {
      const person = await people.register();
      const taken = (await people.register()).email;
      const refused = await person.post('/$change-email', { newEmail: taken, password: PASSWORD });
      assert.equal(refusalOf(refused), '409 duplicate at newEmail');

      const newEmail = freshEmail();
      const { challenge } = await person.call('change-email', { newEmail, password: PASSWORD });
      const code = await people.codeFor(newEmail);
      await people.register({ email: newEmail });
      assert.equal(refusalOf(await person.post('/$confirm-email', { code, challenge })), '409 duplicate at email');
      await people.signIn(person.email);
    });

    it('refuse the code in the hands of another account', async () => {
      const person = await people.register();
      const other = await people.register();
      const newEmail = freshEmail();
      const { challenge } = await person.call('change-email', { newEmail, password: PASSWORD });
      const sent = { challenge, code: await people.codeFor(newEmail) };
      assert.equal(refusalOf(await other.post('/$confirm-email', sent)), '401 login at code');
      assert.equal(refusalOf(await people.guest().post('/$verify-otp', sent)), '401 login at code');
    });
  });

  describe('sessions', () => {
    it('are listed with the current one marked, and end one by one or all others at once', async () => {
      const { email } = await people.register();
      const [first, second, third] = [
        await people.signIn(email),
        await people.signIn(email),
        await people.signIn(email),
      ];
      assert.equal(refusalOf(await people.guest().get('/$sessions')), '401 login');
      const { session } = await second.call('sessions');
      assert.equal(session.length, 4);
      assert.equal(session.filter(({ isCurrent }: { isCurrent: boolean }) => isCurrent).length, 1);
      const own = (await first.call('sessions')).session.find(({ isCurrent }: { isCurrent: boolean }) => isCurrent);
      await second.call('end-session', { id: own.id });
      assert.deepEqual([await isSignedIn(first), await isSignedIn(third)], [false, true]);
      await second.call('end-session', { others: true });
      assert.deepEqual([await isSignedIn(second), await isSignedIn(third)], [true, false]);
    });

    it('of others cannot be ended', async () => {
      const [one, other] = [await people.register(), await people.register()];
      const { session } = await other.call('sessions');
      assert.equal(refusalOf(await one.post('/$end-session', { id: session.id })), '404 not-found at id');
      assert.equal(await isSignedIn(other), true);
      assert.equal(refusalOf(await one.post('/$end-session', {})), '400 required at id');
    });

    it('go on with a refresh token, which is of use once', async () => {
      const person = await people.register();
      const next = await people.guest().call('refresh-token', { refreshToken: person.refreshToken });
      assert.notEqual(next.refreshToken, person.refreshToken);
      people.clock.now += 60_000;
      const again = await people.guest().post('/$refresh-token', { refreshToken: person.refreshToken });
      assert.equal(refusalOf(again), '401 login');
      const after = await people.guest().post('/$refresh-token', { refreshToken: next.refreshToken });
      assert.equal(after.status, 401, 'the whole session has ended');
    });

    it('end with $logout, by the access token or by the refresh token', async () => {
      const { email } = await people.register();
      const [first, second] = [await people.signIn(email), await people.signIn(email)];
      await first.call('logout', {});
      await people.guest().call('logout', { refreshToken: second.refreshToken });
      assert.deepEqual([await isSignedIn(first), await isSignedIn(second)], [false, false]);
      assert.equal(refusalOf(await people.guest().post('/$logout', {})), '401 login');
    });

    it('are told by $validate-token, which says no more of a bad token than that', async () => {
      const person = await people.register();
      const { active, account } = await people.guest().call('validate-token', { token: person.accessToken });
      assert.deepEqual([active, account.id], [true, person.account]);
      assert.equal((await person.call('validate-token', {})).active, true);
      await person.call('logout', {});
      for (const token of [person.accessToken, 'nonsense'])
        assert.deepEqual(await people.guest().call('validate-token', { token }), { active: false });
      assert.equal(refusalOf(await people.guest().post('/$validate-token', {})), '400 required at token');
    });
  });

  describe('$profile and $update-profile', () => {
    it('change the account and the Patient together', async () => {
      const person = await people.register();
      const address = { line: ['12 St James’s Square'], city: 'London' };
      const change = {
        firstName: 'Augusta Ada',
        phone: '020 7946 0000',
        gender: 'female',
        birthDate: '1815-12-10',
        address,
      };
      const { account, resource } = await person.call('update-profile', change);
      assert.equal(account.firstName, 'Augusta Ada');
      assert.deepEqual(resource.name, [{ use: 'official', family: 'Lovelace', given: ['Augusta', 'Ada'] }]);
      assert.deepEqual(resource.address, [address]);
      assert.equal(resource.gender, 'female');
      const read = await person.call('profile');
      assert.deepEqual(read.resource, resource);
      assert.equal(read.account.phone, '02079460000');
      const again = await person.post('/$update-profile', { birthDate: '1815-12-11' });
      assert.equal(refusalOf(again), '422 business-rule at birthDate');
    });

    it('leave alone what others wrote into the Patient', async () => {
      const person = await people.register();
      const { resource } = await person.call('profile');
      const { store } = people.server.service;
      const changed = { ...resource, maritalStatus: { text: 'married' }, meta: undefined };
      delete changed.meta;
      await store.write({ kind: 'update', type: 'Patient', id: resource.id, resource: changed });
      const after = await person.call('update-profile', { lastName: 'King' });
      assert.equal(after.resource.maritalStatus.text, 'married');
      assert.equal(after.resource.name[0].family, 'King');
    });

    it('refuse what is no name', async () => {
      const person = await people.register();
      const reply = await person.post('/$update-profile', { firstName: '<script>' });
      assert.equal(refusalOf(reply), '400 value at firstName');
    });

    it('tell all that is wrong at once, and change nothing', async () => {
      const person = await people.register();
      const wrong = { firstName: '<script>', lastName: 'King', phone: 'none', birthDate: 'once' };
      const { status, body } = await person.post('/$update-profile', wrong);
      assert.equal(status, 400);
      const places = body.issue.flatMap(({ expression }: { expression: string[] }) => expression);
      assert.deepEqual(places.sort(), ['birthDate', 'firstName', 'phone']);
      const { account } = await person.call('profile', {});
      assert.notEqual(account.lastName, 'King');
    });
  });
});
