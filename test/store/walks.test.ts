// Walks through all pages while another client rewrites a tenth of the data: what it did not touch comes exactly once, in every order.
import assert from 'node:assert/strict';
import type { SearchKeys } from '../../src/fhir/model/keys.ts';
import type { FindPage, HistoryQuery, SortKey, Store } from '../../src/fhir/storage/store.ts';
import { sleep } from '../../src/platform/clock/clock.ts';
import { aStore, type TestStore, withKeys } from './a-store.ts';

const DAY = 86_400_000;
const TYPES = ['Basic', 'Flag'];
const PER_TYPE = 300;
const HOT = PER_TYPE / 10;

const random = (below: number): number => Math.floor(Math.random() * below);

function keysOf(): Partial<SearchKeys> {
  const day = random(40) * DAY;
  const name = `${String.fromCharCode(97 + random(5))}\u0001A\u0001`;
  return {
    k: [`status|${['final', 'amended', 'unknown'][random(3)]}`],
    s: [`name:${name}`],
    ...(random(8) > 0 && { d: [{ p: 'date', lo: day, hi: day + DAY - 1 }], sd: day, span: DAY - 1 }),
    ...(random(8) > 0 && { name: { first: name, last: name } }),
  };
}

describe('a walk through all pages while a tenth of the data is being rewritten', function () {
  this.timeout(120_000);
  let t: TestStore;
  let other: Store;
  let writes = 0;
  let writing: Promise<void> | undefined;
  let isRacing = false;

  const write = (store: Store, type: string, index: number) =>
    store.write({ kind: 'update', type, id: `r${index}`, resource: withKeys(type, keysOf()) });

  before(async () => {
    t = await aStore('walks');
    other = await t.another();
    for (const type of TYPES)
      await Promise.all(Array.from({ length: PER_TYPE }, (_, index) => write(t.store, type, index)));
    isRacing = true;
    // two at a time, never waiting for the walks
    writing = Promise.all([0, 1].map(race)).then(() => undefined);
  });
  after(async () => {
    isRacing = false;
    await writing;
    await t?.drop();
  });

  async function race(): Promise<void> {
    while (isRacing) {
      await write(other, TYPES[random(TYPES.length)]!, random(HOT));
      writes++;
    }
  }

  async function walk<Page extends { next?: string }>(
    page: (after: string | undefined) => Promise<Page>,
  ): Promise<Page[]> {
    const pages: Page[] = [];
    let after: string | undefined;
    do {
      pages.push(await page(after));
      after = pages.at(-1)!.next;
      // no two pages without a write between them, whoever is faster
      for (const before = writes; writes === before && after !== undefined; ) await sleep(1);
    } while (after !== undefined);
    return pages;
  }

  const untouched = (pages: readonly FindPage[]): string[] =>
    pages
      .flatMap(({ matches }) => matches)
      .filter(({ id }) => Number(id.slice(1)) >= HOT)
      .map(({ type, id }) => `${type}/${id}`)
      .sort();
  const expected = (types: readonly string[]): string[] =>
    types.flatMap((type) => Array.from({ length: PER_TYPE - HOT }, (_, index) => `${type}/r${index + HOT}`)).sort();

  const status: SortKey = { by: 'param', in: 'k', param: 'status', descending: false };
  const orders: SortKey[][] = [
    [],
    ...[true, false].flatMap((descending): SortKey[][] => [
      [{ by: 'lastUpdated', descending }],
      [{ by: 'main-date', descending }],
      [{ by: 'main-name', descending }],
      [{ by: 'id', descending }],
      [{ by: 'param', in: 's', param: 'name', descending }],
      [{ ...status, descending }],
      [{ by: 'main-name', descending }, status],
      [
        { by: 'main-date', descending },
        { by: 'id', descending: false },
      ],
    ]),
  ];
  const nameOf = (sort: readonly SortKey[]): string =>
    sort.map((key) => (key.descending ? '-' : '') + (key.by === 'param' ? key.param : key.by)).join(',');

  for (const sort of orders) {
    it(`repeats and skips nothing in the order ${nameOf(sort) || 'of its choice'}`, async () => {
      const pages = await walk((after) =>
        t.store.find({
          type: 'Basic',
          where: { op: 'and', of: [] },
          sort,
          limit: 17,
          total: 'none',
          ...(after !== undefined && { after }),
        }),
      );
      assert.deepEqual(untouched(pages), expected(['Basic']));
    });
    if (sort.length > 0)
      it(`repeats and skips nothing over several types in the order ${nameOf(sort)}`, async () => {
        const queries = TYPES.map((type) => ({
          type,
          where: { op: 'and' as const, of: [] },
          sort,
          limit: 0,
          total: 'none' as const,
        }));
        const pages = await walk((after) =>
          t.store.findAcross({ queries, limit: 23, ...(after !== undefined && { after }) }),
        );
        assert.deepEqual(untouched(pages), expected(TYPES));
      });
  }

  for (const scope of [{ level: 'type', type: 'Basic' }, { level: 'system' }] as HistoryQuery['scope'][])
    it(`shows every version that there was exactly once in the history of the ${scope.level}`, async () => {
      const history = (after: string | undefined) =>
        t.store.history({ scope, limit: 100, ...(after !== undefined && { after }) });
      const versionsIn = (pages: Awaited<ReturnType<typeof history>>[]): string[] =>
        pages.flatMap(({ versions }) => versions).map(({ type, id, version }) => `${type}/${id}/${version}`);
      const there = versionsIn(await walk(history));
      const seen = versionsIn(await walk(history));
      assert.equal(new Set(seen).size, seen.length, 'one is repeated');
      const missed = new Set(there);
      for (const version of seen) missed.delete(version);
      assert.deepEqual([...missed], []);
    });
});
