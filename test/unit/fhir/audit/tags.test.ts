// What the log knows of its records without making AuditEvents is what the search room would find in them; and the events are right FHIR.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boundsOf, isTold } from '../../../../src/fhir/audit/criteria.ts';
import { eventOf } from '../../../../src/fhir/audit/event.ts';
import { signIns } from '../../../../src/fhir/audit/facts.ts';
import { partsOf } from '../../../../src/fhir/audit/parts.ts';
import type { AuditRecord, RecordKind } from '../../../../src/fhir/audit/record.ts';
import { findableBy, TAGGED, tagsOf, tokensOf } from '../../../../src/fhir/audit/tags.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import type { Predicate } from '../../../../src/fhir/model/predicate.ts';
import { createKeyExtractor } from '../../../../src/fhir/search/index.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';

const CHAIN = 'mha1b2c3d4e5f6';
const kinds: RecordKind[] = [
  'read',
  'vread',
  'create',
  'update',
  'update-conditional',
  'patch',
  'patch-conditional',
  'delete',
  'delete-conditional',
  'search-type',
  'search-compartment',
  'search-system',
  'history-instance',
  'history-type',
  'history-system',
  'capabilities',
  'operation',
  'async-status',
  'bundle',
  'unknown',
  'sign-in',
  'log',
];

const id = fc.stringMatching(/^[A-Za-z0-9\-.]{1,12}$/);
const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const records: fc.Arbitrary<AuditRecord> = fc
  .record({
    n: fc.integer({ min: 1, max: 1e9 }),
    at: fc.integer({ min: 1.6e12, max: 1.9e12 }),
    kind: fc.constantFrom(...kinds),
    request: maybe(id),
    entry: maybe(fc.nat(50)),
    type: maybe(fc.constantFrom('Patient', 'Observation', 'Encounter')),
    id: maybe(id),
    version: maybe(fc.integer({ min: 1, max: 99 })),
    code: maybe(fc.constantFrom('login', 'everything', 'transaction', 'start', 'account')),
    method: maybe(fc.constantFrom('GET', 'POST')),
    url: maybe(fc.string({ minLength: 1 })),
    status: fc.constantFrom(200, 201, 204, 304, 400, 401, 403, 404, 429, 500, 503),
    refusal: maybe(fc.constantFrom('forbidden', 'login')),
    by: maybe(fc.stringMatching(/^[\x21-\x7e]{1,200}$/)),
    isClient: maybe(fc.constant(true as const)),
    client: maybe(id),
    user: maybe(fc.tuple(fc.constantFrom('Practitioner', 'Patient'), id).map(([type, one]) => `${type}/${one}`)),
    roles: maybe(fc.array(fc.constantFrom('doctor', 'nurse'), { minLength: 1, maxLength: 2 })),
    organizations: maybe(fc.uniqueArray(id, { minLength: 1, maxLength: 2 })),
    token: maybe(id),
    address: fc.constantFrom('192.0.2.1', '2001:db8::1'),
    glass: maybe(fc.constant('found unconscious')),
    patients: maybe(fc.uniqueArray(id, { minLength: 1, maxLength: 3 })),
    wrote: maybe(
      fc.array(
        id.map((one) => `Encounter/${one}/_history/2`),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    about: maybe(
      fc.array(
        fc.record({
          kind: fc.constantFrom('account', 'client', 'invitation', 'policy'),
          id,
          detail: maybe(fc.constant({ role: 'nurse' })),
        }),
        { minLength: 1, maxLength: 2 },
      ),
    ),
    times: maybe(fc.nat(9)),
  })
  .map((record) => JSON.parse(JSON.stringify(record)) as AuditRecord);

describe('records of the audit log', () => {
  const definitions = loadDefinitions();
  const extractor = createKeyExtractor(definitions, { baseUrl: undefined, timeZone: 'UTC' });
  const validate = createValidator(definitions);
  const paramOf = (key: string): string => key.slice(0, key.search(/[|:]/));

  it('have the tags that are the search keys of their AuditEvents', () => {
    fc.assert(
      fc.property(records, (whole) => {
        const inBlock = new Set(tagsOf(whole).map(findableBy));
        for (const part of partsOf(whole)) {
          const { record } = part;
          const { k, t, d, sd } = extractor.extract(eventOf(CHAIN, part));
          const expected = k.filter((key) => TAGGED.has(paramOf(key)) && !/^(agent|entity|patient):/.test(key));
          assert.deepEqual([...new Set(tagsOf(record))].sort(), [...new Set(expected)].sort());
          assert.deepEqual(
            expected.filter((tag) => !inBlock.has(findableBy(tag))),
            [],
            'a block is found by all of it',
          );
          const tokens = t.filter((token) => /^(type|subtype|_security)\|/.test(token));
          assert.deepEqual([...new Set(tokensOf(record))].sort(), [...new Set(tokens)].sort());
          assert.deepEqual(d, [{ p: 'date', lo: record.at, hi: record.at }]);
          assert.equal(sd, record.at);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('become AuditEvents that the base definition allows', () => {
    fc.assert(
      fc.property(records, (record) => {
        for (const part of partsOf(record))
          assert.deepEqual(validate(eventOf(CHAIN, part), { type: 'AuditEvent' }), []);
      }),
      { numRuns: 400 },
    );
  });

  it('that name several patients are events of which none tells of two, and together they tell all', () => {
    fc.assert(
      fc.property(records, (record) => {
        const { patients = [], url, wrote = [] } = record;
        const parts = partsOf(record);
        const told = parts.flatMap((part) => part.record.patients ?? []);
        assert.deepEqual(told, patients);
        assert.equal(new Set(parts.map(({ part }) => part)).size, parts.length);
        assert.deepEqual(
          parts.flatMap((part) => part.record.wrote ?? []),
          wrote,
        );
        assert.equal(url === undefined || parts.some((part) => part.record.url === url), true);
        if (patients.length < 2) return;
        for (const { record: own } of parts) {
          if (own.patients === undefined) continue;
          assert.equal(own.patients.length, 1);
          for (const other of patients) {
            if (other !== own.patients[0] && !own.patients[0]!.includes(other)) assert.ok(!own.url?.includes(other));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('have a code for everything that happens to a session', () => {
    assert.deepEqual(Object.keys(signIns), ['login', 'logout', 'account', 'consent', 'roles', 'introspection']);
  });

  const key = (text: string): Predicate => ({ op: 'equals', key: text });
  const on = (lo: number, hi: number): Predicate => ({
    op: 'interval',
    in: 'd',
    param: 'date',
    lo: { gte: lo },
    hi: { lte: hi },
  });
  const and = (...of: Predicate[]): Predicate => ({ op: 'and', of });
  const or = (...of: Predicate[]): Predicate => ({ op: 'or', of });
  const rows: { what: string; where: Predicate; tags: string[][]; from?: number; until?: number; told: boolean }[] = [
    { what: 'a user', where: key('altid|a1'), tags: [['altid|a1']], told: true },
    {
      what: 'a patient in a week',
      where: and(key('patient|Patient/p1'), on(10, 20)),
      tags: [['patient|Patient/p1']],
      from: 10,
      until: 20,
      told: true,
    },
    {
      what: 'one of two patients',
      where: or(key('patient|Patient/p1'), key('patient|Patient/p2')),
      tags: [['patient|Patient/p1', 'patient|Patient/p2']],
      told: true,
    },
    {
      what: 'a choice with an open side',
      where: or(key('patient|Patient/p1'), on(10, 20)),
      tags: [],
      told: true,
    },
    {
      what: 'two times',
      where: or(and(on(10, 20), key('action|R')), and(on(40, 50), key('action|D'))),
      tags: [['action|R', 'action|D']],
      from: 10,
      until: 50,
      told: true,
    },
    {
      what: 'a version, by its resource',
      where: key('entity|Observation/o1/_history/2'),
      tags: [['entity|Observation/o1']],
      told: true,
    },
    {
      what: 'what only the event knows',
      where: and(key('policy|x'), key('action|R')),
      tags: [['action|R']],
      told: false,
    },
    { what: 'the opposite of a user', where: { op: 'not', of: key('altid|a1') }, tags: [], told: true },
    { what: 'everything', where: and(), tags: [], told: true },
  ];
  for (const { what, where, tags, from, until, told } of rows) {
    it(`are looked for in no more blocks than needed: ${what}`, () => {
      const bounds = boundsOf(where);
      assert.deepEqual(bounds.tags, tags);
      assert.equal(bounds.from, from ?? Number.NEGATIVE_INFINITY);
      assert.equal(bounds.until, until ?? Number.POSITIVE_INFINITY);
      assert.equal(isTold(where), told);
    });
  }
});
