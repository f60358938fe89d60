// Whom or what an administrator acted on is in the AuditEvent of it, and what was given.
import assert from 'node:assert/strict';
import { freshEmail, openPeople, type People, type Person } from '../support/people.ts';

interface Entity {
  what?: { identifier?: { system?: string; value: string } };
  type?: { code: string };
  role?: { code: string };
  detail?: { type: string; valueString: string }[];
}

describe('the audit trail of administration', () => {
  let people: People;
  let admin: Person;
  let person: Person;
  before(async () => {
    people = await openPeople('audit_accounts', { audit: true });
    admin = await people.person('admin');
    for (const id of ['h1', 'h2'])
      await admin.put(`/Organization/${id}`, { resourceType: 'Organization', id, name: id });
    person = await people.register({ role: 'nurse' });
  });
  after(() => people.close());

  /** `account 11 <id> role=nurse` */
  const tell = ({ what, role, detail = [] }: Entity): string => {
    const { system = '', value } = what!.identifier!;
    const told = detail.map(({ type, valueString }) => `${type}=${valueString}`);
    return [system.replace('https://wardgate.dev/fhir/', ''), role?.code, value, ...told].join(' ');
  };
  async function actedOn(request: string): Promise<string[]> {
    const { body, text } = await admin.get(`/AuditEvent?entity:identifier=${request}`);
    assert.equal(body.entry?.length, 1, text);
    return (body.entry[0].resource.entity as Entity[])
      .filter(({ what, type }) => what?.identifier !== undefined && type?.code !== 'XrequestId')
      .map(tell);
  }

  const policy = JSON.stringify({
    role: 'auditor',
    title: 'Auditor',
    description: 'Looks.',
    grants: [],
    operations: [],
  });
  const client = { name: 'Chart', redirectUri: ['https://chart.example/back'] };
  let at = 0;
  const rows: [what: string, input: () => object, status: number, expected: (answered: string) => string[]][] = [
    ['approve', () => ({ account: person.account }), 400, () => [`account 11 ${person.account}`]],
    [
      'approve',
      () => ({ account: person.account, organization: 'Organization/h1' }),
      200,
      () => [`account 11 ${person.account} role=nurse organization=h1`],
    ],
    [
      'withdraw-role',
      () => ({ account: person.account, role: 'nurse', organization: 'Organization/h1' }),
      200,
      () => [`account 11 ${person.account} role=nurse organization=h1`],
    ],
    ['deactivate', () => ({ account: admin.account }), 409, () => [`account 11 ${admin.account}`]],
    ['deactivate', () => ({ account: person.account }), 200, () => [`account 11 ${person.account}`]],
    ['reactivate', () => ({ account: person.account }), 200, () => [`account 11 ${person.account}`]],
    [
      'set-limits',
      () => ({ account: person.account, limits: 'premium' }),
      200,
      () => [`account 11 ${person.account} limits=premium`],
    ],
    [
      'recover-account',
      () => ({ account: person.account, newEmail: freshEmail() }),
      200,
      () => [`account 11 ${person.account}`],
    ],
    [
      'invite',
      () => ({ email: freshEmail(), role: 'doctor', organization: 'Organization/h2' }),
      200,
      (id) => [`invitation 13 ${id} role=doctor organization=h2`],
    ],
    ['register-client', () => client, 200, (id) => [`client 11 ${id}`]],
    ['change-access-policy', () => ({ policy }), 200, () => ['policy 13 auditor version=1']],
  ];
  for (const [operation, input, status, expected] of rows) {
    it(`names what $${operation} acted on, ${status < 300 ? 'when it is done' : 'also when it is refused'}`, async () => {
      const request = `acted-${++at}`;
      const reply = await admin.send('POST', `/$${operation}`, input(), { 'x-request-id': request });
      assert.equal(reply.status, status, reply.text);
      const id = /"name":"(?:id|clientId)","value[A-Za-z]+":"([^"]+)"/.exec(reply.text)?.[1] ?? '';
      assert.deepEqual(await actedOn(request), expected(id));
    });
  }

  it('finds everything that was done to an account', async () => {
    const system = 'https://wardgate.dev/fhir/account';
    const { body } = await admin.get(
      `/AuditEvent?entity:identifier=${system}|${person.account}&subtype=110136,110137&_summary=count`,
    );
    assert.equal(body.total, 7);
    const other = await admin.get(`/AuditEvent?entity:identifier=${system}|none&subtype=110136,110137&_summary=count`);
    assert.equal(other.body.total, 0);
  });
});
