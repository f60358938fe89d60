// What the database knows of definitions; see ../../definitions.ts.
import type { Db } from 'mongodb';
import type { DefinitionRevision, DefinitionStore } from '../../definitions.ts';
import { createBatcher } from '../batcher.ts';
import { createPackageStore } from './packages.ts';
import { readRows } from './rows.ts';

interface RevisionDocument {
  _id: 'revision';
  packages?: number;
  stored?: Record<string, number>;
}

export interface DefinitionStoreDeps {
  db: Db;
  now: () => number;
}

export function createDefinitionStore({ db, now }: DefinitionStoreDeps): DefinitionStore {
  const revisions = db.collection<RevisionDocument>('definitions', { writeConcern: { w: 'majority' } });

  async function rise(fields: Readonly<Record<string, 1>>): Promise<void> {
    await revisions.updateOne({ _id: 'revision' }, { $inc: fields }, { upsert: true });
  }

  // Hundreds of definitions are written at once; each telling of its own would wait for all others, on one document.
  const tell = createBatcher<readonly string[], void>({
    maxInFlight: 1,
    async run(touched) {
      const types = new Set(touched.flat());
      await rise(Object.fromEntries([...types].map((type) => [`stored.${type}`, 1])));
      return touched.map(() => undefined);
    },
  });

  return {
    packages: createPackageStore({ db, now, changed: () => rise({ packages: 1 }) }),
    async revision(): Promise<DefinitionRevision> {
      const document = await revisions.findOne({ _id: 'revision' });
      return { packages: document?.packages ?? 0, stored: document?.stored ?? {} };
    },
    touch: tell,
    rows: (type, parameters, since) => readRows(db, type, parameters, since),
  };
}
