// How pages say things: devices, refusals, answers of operations, events of the audit trail.
import assert from 'node:assert/strict';
import type { AuditEvent } from 'fhir/r4.js';
import { FhirError } from '../../../src/fhir/model/errors.ts';
import { tellEvent } from '../../../src/web/admin/tell-event.ts';
import { ownPath } from '../../../src/web/signed-in/paths.ts';
import { explain, problemOf } from '../../../src/web/signed-in/problem.ts';
import { readOutput } from '../../../src/web/signed-in/read-output.ts';
import { createWhen, deviceOf, nameOf } from '../../../src/web/signed-in/words.ts';

describe('a device is called', () => {
  for (const [userAgent, name] of [
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
      'Chrome on Linux',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
      'Edge on Windows',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1',
      'Safari on iPhone',
    ],
    ['Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0', 'Firefox on Android'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
      'Safari on Mac',
    ],
    ['curl/8.5.0', 'curl/8.5.0'],
    ['', 'Unknown device'],
    [undefined, 'Unknown device'],
  ] as const) {
    it(`${name}: ${userAgent?.slice(0, 40)}`, () => assert.equal(deviceOf(userAgent), name));
  }
});

describe('a sign-in leads', () => {
  for (const [given, path] of [
    ['/admin/users', '/admin/users'],
    ['/account', '/account'],
    ['/account/sign-in/code', '/account'],
    ['/administrator', '/account'],
    ['/admin//evil.example', '/account'],
    ['/admin/%2e%2e/x', '/account'],
    ['//evil.example/admin', '/account'],
    ['https://evil.example/admin', '/account'],
    [['/admin'], '/account'],
    [undefined, '/account'],
  ] as const) {
    it(`by ${JSON.stringify(given)} to ${path}`, () => assert.equal(ownPath(given), path));
  }
});

it('a time is told in the zone of the hospital', () => {
  assert.equal(createWhen('Asia/Kolkata')('2026-11-27T20:40:00Z'), '28 Nov 2026, 02:10');
  assert.equal(createWhen('UTC', 'medium')('2026-11-27T20:40:07Z'), '27 Nov 2026, 20:40:07');
  assert.equal(createWhen('UTC')(undefined), '–');
});

it('people and places have their names', () => {
  assert.equal(
    nameOf({ name: [{ prefix: ['Dr.'], given: ['Ada', 'M.'], family: 'Lovelace' }] }),
    'Dr. Ada M. Lovelace',
  );
  assert.equal(nameOf({ name: [{ text: 'Ada' }] }), 'Ada');
  assert.equal(nameOf({ name: 'First Hospital' }), 'First Hospital');
  assert.equal(nameOf({ name: [{}] }), undefined);
  assert.equal(nameOf({}), undefined);
});

describe('a refusal', () => {
  it('names each field once with all that is wrong with it', () => {
    const issue = (expression: string | undefined, diagnostics: string) => ({
      severity: 'error' as const,
      code: 'value',
      diagnostics,
      ...(expression !== undefined && { expression }),
    });
    const problem = problemOf(
      new FhirError('value', 'x', {
        issues: [
          issue('password', 'too short'),
          issue('password', 'no digit'),
          issue('policy.grants[0]', 'wrong'),
          issue(undefined, 'at all'),
        ],
      }),
    );
    assert.deepEqual(problem.fields, { password: 'too short. no digit.', policy: 'wrong.' });
    assert.deepEqual(problem.sentences, ['too short.', 'no digit.', 'wrong.', 'at all.']);
    assert.equal(problem.details[2]?.expression, 'policy.grants[0]');
  });

  it('that is a failure of ours tells nothing of it', () => {
    const { status, sentence } = explain(new Error('at secret.ts:1'));
    assert.equal(status, 500);
    assert.doesNotMatch(sentence, /secret/);
    assert.equal(explain(new FhirError('exception', 'secret')).sentence, sentence);
  });
});

it('the answer of an operation is read by its definition', () => {
  const one = (name: string, max = 1, parts: { name: string; max: number; parts: never[] }[] = []) => ({
    name,
    max,
    parts,
  });
  const defined = [
    one('total'),
    one('account', Number.POSITIVE_INFINITY, [one('id') as never, one('tag', 9) as never]),
    one('next'),
  ];
  const parameter = [
    { name: 'total', valueUnsignedInt: 1 },
    {
      name: 'account',
      part: [
        { name: 'id', valueId: 'a' },
        { name: 'tag', valueString: 'x' },
      ],
    },
  ];
  assert.deepEqual(readOutput(defined, { resourceType: 'Parameters', parameter } as never), {
    total: 1,
    account: [{ id: 'a', tag: ['x'] }],
  });
  assert.deepEqual(readOutput(defined, undefined), { account: [] });
});

describe('an event is told', () => {
  const base: AuditEvent = {
    resourceType: 'AuditEvent',
    type: { code: 'rest', display: 'RESTful Operation' },
    recorded: '2026-11-27T02:00:00Z',
    agent: [{ requestor: true, network: { address: '192.0.2.1' } }],
    source: { observer: {} },
  };
  const query = (text: string) => ({ role: { code: '24' }, query: Buffer.from(text).toString('base64') });
  for (const [what, more, expected] of [
    [
      'of nobody',
      { subtype: [{ code: 'read' }], entity: [{ role: { code: '4' }, what: { reference: 'Slot/s1' } }] },
      'Nobody signed in | Read: Slot | done',
    ],
    [
      'of a search',
      {
        outcome: '4',
        outcomeDesc: '403 forbidden',
        subtype: [{ code: 'search-type' }, { code: '110113' }],
        entity: [query('GET Patient?name=%C3%A9')],
      },
      'Nobody signed in | Searched: Patient | refused or wrong (403 forbidden)',
    ],
    [
      'of an operation on one patient',
      { subtype: [{ code: 'operation' }], entity: [query('GET Patient/p1/$everything?_count=5')] },
      'Nobody signed in | Ran an operation: $everything | done',
    ],
    [
      'of the log itself',
      { outcome: '8', type: { code: '110100', display: 'Application Activity' }, agent: [{ requestor: false }] },
      'The server | Application Activity | failed',
    ],
  ] as [string, Partial<AuditEvent>, string][]) {
    it(what, () => {
      const told = tellEvent({ ...base, ...more } as AuditEvent, (reference) => reference);
      assert.equal([told.who, told.what, told.ended].join(' | '), expected);
    });
  }

  it('with its request in the letters that were meant, also where they are broken', () => {
    const requestOf = (text: string) =>
      tellEvent({ ...base, entity: [query(text)] } as AuditEvent, (one) => one).request;
    assert.equal(requestOf('GET Patient?name=%C3%A9'), 'GET Patient?name=é');
    assert.equal(requestOf('GET Patient?name=%E0'), 'GET Patient?name=%E0');
  });
});
