// Row A2: who registers, what comes of it, and what is refused.
import assert from 'node:assert/strict';
import { freshEmail, openPeople, PASSWORD, type People, refusalOf } from '../support/people.ts';

describe('$register', () => {
  let people: People;
  before(async () => {
    people = await openPeople('registration');
    await people.server.service.store.write({
      kind: 'update',
      type: 'Organization',
      id: 'h1',
      resource: { resourceType: 'Organization', id: 'h1', name: 'General Hospital' },
    });
  });
  after(() => people.close());

  const form = (more: Record<string, unknown> = {}) => ({
    firstName: 'Ada',
    lastName: 'Lovelace',
    email: freshEmail(),
    password: PASSWORD,
    phone: '+44 20 7946 0958',
    role: 'patient',
    ...more,
  });
  const stored = async (reference: string) => {
    const [type = '', id = ''] = reference.split('/');
    const version = await people.server.store.read(type, id);
    return JSON.parse(String(version?.bytes));
  };

  it('sends a code, and makes the account and its Patient only once it comes back', async () => {
    const said = form({ gender: 'female', birthDate: '1815-12-10' });
    const { accounts } = people.server.service;
    const answer = await people.guest().call('register', said);
    assert.equal(answer.expiresIn, 600);
    assert.equal(await accounts!.book.findByEmail(said.email), undefined);

    const done = await people.guest().call('verify-otp', {
      code: await people.codeFor(said.email),
      challenge: answer.challenge,
    });
    assert.equal(done.tokenType, 'bearer');
    assert.equal(done.account.status, 'active');
    assert.deepEqual(done.account.role, { code: 'patient', status: 'active' });
    const { meta, id, ...patient } = await stored(done.account.fhirUser.reference);
    assert.deepEqual(patient, {
      resourceType: 'Patient',
      active: true,
      name: [{ use: 'official', family: 'Lovelace', given: ['Ada'] }],
      telecom: [
        { system: 'email', value: said.email },
        { system: 'phone', value: '+442079460958' },
      ],
      gender: 'female',
      birthDate: '1815-12-10',
    });
  });

  it('takes a Parameters resource as well', async () => {
    const parameter = Object.entries(form({ role: undefined }))
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ({ name, valueString: value }));
    const reply = await people.guest().post('/$register', { resourceType: 'Parameters', parameter });
    assert.equal(reply.status, 200, reply.text);
    assert.equal(reply.headers.get('cache-control'), 'no-store');
  });

  it('makes a donor at once', async () => {
    const donor = await people.register({ role: 'donor' });
    const { account } = await donor.call('profile');
    assert.equal(account.status, 'active');
    assert.match(account.fhirUser.reference, /^Patient\//);
  });

  for (const role of [
    'admin',
    'hospital-admin',
    'doctor',
    'nurse',
    'receptionist',
    'pharmacist',
    'lab-technician',
    'ambulance-driver',
  ]) {
    it(`lets a ${role} wait for approval, with a Practitioner that is not active`, async () => {
      const person = await people.register({ role, organization: 'Organization/h1', department: 'Surgery' });
      const { account, resource } = await person.call('profile');
      assert.equal(account.status, 'pending');
      assert.deepEqual(account.role, {
        code: role,
        status: 'pending',
        organization: { reference: 'Organization/h1', display: 'General Hospital' },
        department: 'Surgery',
      });
      assert.equal(resource.resourceType, 'Practitioner');
      assert.equal(resource.active, false);
      const verified = await people.server.service.accounts!.tokens.verify(person.accessToken);
      assert.deepEqual([verified.roles, verified.organizations], [[], []]);
    });
  }

  it('understands the words people use for roles', async () => {
    const roles = {
      'Front desk': 'receptionist',
      pharmacy: 'pharmacist',
      LABORATORY: 'lab-technician',
      hospital: 'hospital-admin',
    };
    for (const [said, role] of Object.entries(roles)) {
      const { account } = await (await people.register({ role: said })).call('profile');
      assert.equal(account.role.code, role);
    }
  });

  it('never links a chart that has the same e-mail address', async () => {
    const email = freshEmail();
    await people.server.service.store.write({
      kind: 'create',
      type: 'Patient',
      resource: { resourceType: 'Patient', telecom: [{ system: 'email', value: email }] },
    });
    const { account, resource } = await (await people.register({ email })).call('profile');
    assert.equal(account.fhirUser.reference, `Patient/${resource.id}`);
    assert.equal(resource.meta.versionId, '1');
    assert.equal(resource.name[0].family, 'Lovelace');
  });

  it('answers 409 where the address has an account, however it is written', async () => {
    const { email } = await people.register();
    for (const written of [email, email.toUpperCase(), `  ${email} `]) {
      const reply = await people.guest().post('/$register', form({ email: written }));
      assert.equal(refusalOf(reply), '409 duplicate at email');
    }
  });

  it('gives an address one account when two registrations of it are confirmed at once', async () => {
    const email = freshEmail();
    const guest = people.guest();
    const codes: { code: string; challenge: string }[] = [];
    for (const lastName of ['First', 'Second']) {
      const { challenge } = await guest.call('register', form({ email, lastName }));
      codes.push({ challenge, code: await people.codeFor(email) });
    }
    const replies = await Promise.all(codes.map((code) => guest.post('/$verify-otp', code)));
    assert.deepEqual(replies.map(({ status }) => status).sort(), [200, 409]);
    assert.equal(refusalOf(replies.find(({ status }) => status === 409)!), '409 duplicate at email');
  });

  it('makes one account of a code that is sent many times at once', async () => {
    const said = form();
    const { challenge } = await people.guest().call('register', said);
    const code = await people.codeFor(said.email);
    const attempts = Array.from({ length: 8 }, () => people.guest().post('/$verify-otp', { code, challenge }));
    const statuses = (await Promise.all(attempts)).map(({ status }) => status).sort();
    assert.deepEqual(statuses, [200, 401, 401, 401, 401, 401, 401, 401]);
  });

  for (const [what, more, refusal] of [
    ['a password that is too short', { password: 'Sh0rt!a' }, '400 value at password'],
    ['a password without a digit', { password: 'No-Digits-Here' }, '400 value at password'],
    ['a password without an upper case letter', { password: 'correct-horse-7' }, '400 value at password'],
    ['a password without a lower case letter', { password: 'CORRECT-HORSE-7' }, '400 value at password'],
    ['a password without a special character', { password: 'CorrectHorse7' }, '400 value at password'],
    ['a password longer than 128 characters', { password: `Aa1!${'x'.repeat(128)}` }, '400 value at password'],
    ['no e-mail address', { email: 'ada' }, '400 value at email'],
    ['an address with another in it', { email: 'a@example.org,b@example.org' }, '400 value at email'],
    ['an address with a line break', { email: 'a@example.org\nBcc: b@example.org' }, '400 value at email'],
    ['a name with a line break', { firstName: 'Ada\nBcc: x' }, '400 value at firstName'],
    ['a name with markup', { lastName: '<b>L</b>' }, '400 value at lastName'],
    ['a telephone number of letters', { phone: 'call me' }, '400 value at phone'],
    ['an unknown role', { role: 'wizard' }, '400 code-invalid at role'],
    [
      'an organization that is not there',
      { role: 'doctor', organization: 'Organization/none' },
      '400 value at organization',
    ],
    ['an impossible date of birth', { birthDate: '1815-13-40' }, '400 value at birthDate'],
    ['no first name', { firstName: undefined }, '400 required at firstName'],
  ] as const) {
    it(`refuses ${what}`, async () => {
      assert.equal(refusalOf(await people.guest().post('/$register', form(more))), refusal);
    });
  }

  it('names everything that is wrong at once', async () => {
    const { body } = await people
      .guest()
      .post('/$register', form({ firstName: '<i>', email: 'ada', password: 'short', phone: 'x' }));
    const expressions = body.issue.map(({ expression }: { expression: string[] }) => expression[0]);
    assert.deepEqual([...new Set(expressions)].sort(), ['email', 'firstName', 'password', 'phone']);
  });

  const findingsOf = async (body: object): Promise<string[]> => {
    const reply = await people.guest().post('/$register', body);
    assert.equal(reply.status, 400, reply.text);
    return reply.body.issue.map(
      ({ code, expression }: { code: string; expression: string[] }) => `${code} at ${expression}`,
    );
  };
  const wrong = { email: 'ada', password: 'Correct-Horse', phone: 'x', role: 'wizard' };
  const others = ['value at email', 'value at phone', 'value at password', 'code-invalid at role'];

  it('names it also beside what is no value at all: empty, missing, unknown, of another type', async () => {
    const place = { organization: 'Organization/none' };
    const all = await findingsOf(form({ ...wrong, ...place, lastName: '', firstName: undefined, surname: 'x' }));
    assert.deepEqual(all.slice(-5), [...others, 'value at organization']);
    assert.deepEqual(all.slice(0, -5).sort(), [
      'not-supported at surname',
      'required at firstName',
      'value at lastName',
    ]);
    assert.deepEqual(await findingsOf(form({ ...wrong, lastName: '' })), ['value at lastName', ...others]);
    const organization = { organization: 'Patient/p1' };
    assert.deepEqual((await findingsOf(form({ phone: 'x', ...organization }))).sort(), [
      'value at organization',
      'value at phone',
    ]);
  });

  it('names it so in Parameters as well', async () => {
    const said = form({ ...wrong, lastName: '' });
    const parameter = Object.entries(said).map(([name, value]) => ({
      name,
      [name === 'role' ? 'valueCode' : 'valueString']: value,
    }));
    const found = await findingsOf({ resourceType: 'Parameters', parameter });
    assert.deepEqual(found, ['value at Parameters.parameter[1].value', ...others]);
  });
});

describe('$register, limited', () => {
  it('is taken five times an hour from one address', async () => {
    const people = await openPeople('registration_limited', { limits: 'anonymous=none' });
    try {
      const statuses: number[] = [];
      for (let time = 0; time < 6; time++) {
        const said = { firstName: 'A', lastName: 'B', email: freshEmail(), password: PASSWORD };
        statuses.push((await people.guest().post('/$register', said)).status);
      }
      assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429]);
      const elsewhere = { firstName: 'A', lastName: 'B', email: freshEmail(), password: PASSWORD };
      assert.equal((await people.guest('192.0.2.77').post('/$register', elsewhere)).status, 200);
    } finally {
      await people.close();
    }
  });
});
