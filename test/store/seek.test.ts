import assert from 'node:assert/strict';
import type { Predicate, SeekKeys } from '../../src/fhir/model/predicate.ts';
import type { FindQuery } from '../../src/fhir/storage/store.ts';
import { aStore, type TestStore, withKeys, writtenKeys } from './a-store.ts';

const PATIENTS = 300;
const PER_PATIENT = 20;

describe('_has by a key that holds both the patient and the code', () => {
  let t: TestStore;

  /** `often` for every patient but each tenth, `seldom` for the last two; every patient has many others. */
  function codesOf(patient: number): string[] {
    const codes = Array.from({ length: PER_PATIENT }, (_, index) => `other${index}`);
    if (patient % 10 !== 0) for (let index = 0; index < 5; index++) codes.push('often');
    if (patient >= PATIENTS - 2) codes.push('seldom', '$x');
    return codes;
  }

  const has = (code: string, more: readonly Predicate[] = [], codes = [code]): Predicate => {
    const keys = codes.map((one) => `code|${one}`);
    const ends: SeekKeys['keys'] = keys.map((key) => ({ key, before: '&subject|Patient/', after: `|${key}` }));
    const rest: Predicate = { op: 'and', of: more };
    const where: Predicate = { op: 'and', of: [{ op: 'oneOf', keys }, ...more] };
    return { op: 'linkedFrom', type: 'Observation', param: 'subject', where, seek: { keys: ends, rest } };
  };
  const ask = (where: Predicate, more: Partial<FindQuery> = {}): FindQuery => ({
    type: 'Patient',
    where,
    sort: [],
    limit: 1000,
    total: 'none',
    ...more,
  });
  async function found(where: Predicate, store = t.store): Promise<number[]> {
    const page = await store.find(ask(where));
    const counted = await store.find(ask(where, { limit: 0, total: 'accurate' }));
    assert.equal(counted.total, page.matches.length);
    return page.matches.map(({ id }) => Number(id.slice(1))).sort((a, b) => a - b);
  }
  const patients = (meets: (patient: number) => boolean): number[] =>
    Array.from({ length: PATIENTS }, (_, index) => index).filter(meets);

  /** Index entries and documents that the commands of a search looked at, by the database's own profile. */
  async function examined(query: FindQuery): Promise<{ keys: number; documents: number; sorts: boolean }> {
    await t.db.command({ profile: 2 });
    await t.store.find(query);
    await t.db.command({ profile: 0 });
    const seen = { keys: 0, documents: 0, sorts: false };
    for (const { keysExamined = 0, docsExamined = 0, hasSortStage } of await t.db
      .collection('system.profile')
      .find({ ns: { $in: [`${t.db.databaseName}.Patient`, `${t.db.databaseName}.Observation`] } })
      .toArray()) {
      seen.keys += keysExamined;
      seen.documents += docsExamined;
      seen.sorts ||= hasSortStage === true;
    }
    await t.db.collection('system.profile').drop();
    return seen;
  }

  before(async () => {
    t = await aStore('seek');
    for (let start = 0; start < PATIENTS; start += 50)
      await t.store.transaction((tx) =>
        tx.write(
          Array.from({ length: 50 }, (_, offset) => {
            const patient = start + offset;
            const about = `subject|Patient/p${patient}`;
            const parity = `parity|${patient % 2}`;
            return [
              { kind: 'create', type: 'Patient', id: `p${patient}`, resource: withKeys('Patient', { k: [parity] }) },
              ...codesOf(patient).map((code, index) => ({
                kind: 'create' as const,
                type: 'Observation',
                resource: withKeys('Observation', {
                  k: [about, `code|${code}`, `&${about}|code|${code}`, parity],
                  t: [`code|${code}|${patient % 3}`],
                  sd: patient * 1000 + index,
                }),
              })),
            ] as const;
          }).flat(),
        ),
      );
  });
  after(() => t.drop());

  it('finds the same as any other way: frequent, seldom and absent codes, several codes, and what is confirmed', async () => {
    const often = (patient: number): boolean => patient % 10 !== 0;
    assert.deepEqual(await found(has('often')), patients(often));
    assert.deepEqual(await found(has('seldom')), [PATIENTS - 2, PATIENTS - 1]);
    assert.deepEqual(await found(has('$x', [], ['$x', 'never'])), [PATIENTS - 2, PATIENTS - 1]);
    assert.deepEqual(await found(has('never')), []);
    assert.deepEqual(
      await found(has('', [], ['often', 'seldom'])),
      patients((patient) => often(patient) || patient >= PATIENTS - 2),
    );
    const confirms: Predicate = { op: 'confirms', tokens: ['code|often|1'] };
    assert.deepEqual(
      await found(has('often', [confirms])),
      patients((patient) => often(patient) && patient % 3 === 1),
    );
    assert.deepEqual(
      await found(has('often', [{ op: 'not', of: { op: 'equals', key: 'parity|1' } }])),
      patients((patient) => often(patient) && patient % 2 === 0),
    );
  });

  it('finds what has none, combinations with other conditions, and a chain of _has', async () => {
    assert.deepEqual(
      await found({ op: 'not', of: has('often') }),
      patients((patient) => patient % 10 === 0),
    );
    assert.deepEqual(
      await found({ op: 'and', of: [has('often'), { op: 'equals', key: 'parity|0' }] }),
      patients((patient) => patient % 10 !== 0 && patient % 2 === 0),
    );
    const chain: Predicate = { op: 'linked', param: 'subject', types: ['Patient'], where: has('often') };
    const page = await t.store.find(ask(chain, { type: 'Observation', limit: 0, total: 'accurate' }));
    assert.equal(page.total, patients((patient) => patient % 10 !== 0).flatMap(codesOf).length);
    assert.deepEqual(
      await found(has('often', [chain])),
      patients((patient) => patient % 10 !== 0),
    );
  });

  it('pages through all of them once', async () => {
    const ids: string[] = [];
    let after: string | undefined;
    do {
      const page = await t.store.find(ask(has('often'), { limit: 41, ...(after !== undefined && { after }) }));
      ids.push(...page.matches.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    assert.deepEqual([ids.length, new Set(ids).size], [270, 270]);
  });

  it('looks a page of candidates up by one entry each, and reads only the hits of a seldom code', async () => {
    const often = await examined(ask(has('often'), { limit: 20 }));
    // 1,001 entries say that the code is frequent; the rest is the page
    assert.ok(often.keys <= 1_001 + 400 && often.documents <= 400, JSON.stringify(often));
    assert.ok(!often.sorts, 'the order comes from an index');
    const seldom = await examined(ask(has('seldom'), { limit: 20 }));
    assert.ok(seldom.keys <= 20 && seldom.documents <= 20, JSON.stringify(seldom));
  });

  it('tests every document while keys are outdated', async () => {
    const store = await t.another({ extractor: writtenKeys('2') });
    assert.deepEqual(
      await found(has('often'), store),
      patients((patient) => patient % 10 !== 0),
    );
  });
});
