// Every row of the tables here, asked of a real store.
import assert from 'node:assert/strict';
import type { Db } from 'mongodb';
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts';
import type { Engine } from '../../../src/fhir/interactions/call.ts';
import { planned } from '../../../src/fhir/interactions/look-ups.ts';
import { createKeyExtractor, type SearchPlan } from '../../../src/fhir/search/index.ts';
import { createMongoStore, type MongoStore } from '../../../src/fhir/storage/mongo/index.ts';
import type { Match, Store } from '../../../src/fhir/storage/store.ts';
import { freshDatabase } from '../../support/engines.ts';
import { searchCases } from './all.ts';
import type { SearchCases } from './cases.ts';
import { base, planOf } from './plan-of.ts';

const definitions = loadDefinitions();

interface Opened {
  store: MongoStore;
  db: Db;
  drop(): Promise<void>;
}

const engine = { definitions, now: Date.now, settings: { baseUrl: base } } as Engine;

/** One database per time zone, because keys depend on it. */
const opened = new Map<string, Promise<Opened>>();

async function open(timeZone: string): Promise<Opened> {
  const { client, db, drop } = await freshDatabase('search_cases');
  const extractor = createKeyExtractor(definitions, { timeZone, baseUrl: base, fullText: 'all' });
  const logger = { error: (message: string, details?: object) => console.error(message, details) };
  const store = await createMongoStore({ db, client, definitions, extractor, now: Date.now, workerId: 1, logger });
  await store.prepare();
  return { store, db, drop };
}

function storeFor({ timeZone = 'UTC' }: SearchCases): Promise<Opened> {
  const known = opened.get(timeZone) ?? open(timeZone);
  opened.set(timeZone, known);
  return known;
}

async function fill({ store, db }: Opened, { resources }: SearchCases): Promise<void> {
  const kept = (await db.collections()).filter(({ collectionName }) => /^[A-Z]/.test(collectionName));
  await Promise.all(kept.map((collection) => collection.deleteMany({})));
  await Promise.all(
    resources.map((resource) => {
      const { resourceType: type, id = '' } = resource;
      return store.write({ kind: 'update', type, id, resource });
    }),
  );
}

async function everyPage(store: Store, plan: SearchPlan, limit: number): Promise<string[]> {
  const matches: Match[] = [];
  let after: string | undefined;
  do {
    const { type, where, sort } = plan;
    const page = await store.find({ type, where, sort, limit, total: 'none', ...(after !== undefined && { after }) });
    matches.push(...page.matches);
    after = page.next;
  } while (after !== undefined);
  return matches.map(({ id }) => id);
}

describe('searches of a real store', () => {
  after(async () => {
    for (const one of opened.values()) {
      const { store, drop } = await one;
      await store.close();
      await drop();
    }
  });

  for (const [name, groups] of Object.entries(searchCases)) {
    for (const group of groups) {
      describe(`${name}: ${group.title}`, () => {
        before(async () => fill(await storeFor(group), group));
        for (const [query, expected] of group.rows) {
          if (expected === 'refused') continue;
          it(`${group.type}?${query} finds ${expected.join(', ') || 'nothing'}, page by page too`, async () => {
            const { store } = await storeFor(group);
            const plan = await planned(engine, { store }, (lookups) => planOf(group, query, lookups));
            const inOrder = (ids: readonly string[]): string[] => (plan.sort.length > 0 ? [...ids] : [...ids].sort());
            assert.deepEqual(inOrder(await everyPage(store, plan, 100)), inOrder(expected));
            assert.deepEqual(inOrder(await everyPage(store, plan, 2)), inOrder(expected));
          });
        }
      });
    }
  }
});
