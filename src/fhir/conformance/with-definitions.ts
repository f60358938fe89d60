// Wraps a store so that definitions are known as soon as they are written, whichever way they came in: REST, patch, Bundle, operation.
// Writes of other types go straight to the store: for them the wrapper costs one look-up in a Set.
import type { Resource } from '../model/resource.ts';
import type { Store, Transaction, Write, Written } from '../storage/store.ts';

export interface DefinitionHooks {
  types: ReadonlySet<string>;
  /** refuses what cannot be; `beside` is written in the same transaction, before or together with it */
  check(resource: Resource, beside: readonly Resource[]): Promise<void>;
  /** before the write is answered */
  written(versions: readonly Written[]): Promise<void>;
}

export function withDefinitions<S extends Store>(store: S, { types, check, written }: DefinitionHooks): S {
  const concerns = ({ type }: { type: string }): boolean => types.has(type);

  async function checkAll(writes: readonly Write[], before: readonly Resource[]): Promise<Resource[]> {
    const beside = [...before, ...writes.filter(concerns).flatMap((write) => contentOf(write) ?? [])];
    for (const write of writes) {
      const resource = concerns(write) ? contentOf(write) : undefined;
      if (resource !== undefined) await check(resource, beside);
    }
    return beside;
  }

  /** one attempt: what a retry repeats is collected again */
  function watched(tx: Transaction): Transaction {
    let beside: Resource[] = [];
    const done: Written[] = [];
    // the first of all actions: what others do after the commit may ask for the definitions
    tx.afterCommit(() => (done.length > 0 ? written(done) : undefined));
    return {
      ...tx,
      async write(writes) {
        if (!writes.some(concerns)) return tx.write(writes);
        beside = await checkAll(writes, beside);
        const results = await tx.write(writes);
        done.push(...results.filter((result) => concerns(result) && result.changed));
        return results;
      },
    };
  }

  return {
    ...store,
    async write(change) {
      if (!concerns(change)) return store.write(change);
      await checkAll([change], []);
      const result = await store.write(change);
      if (result.changed) await written([result]);
      return result;
    },
    transaction: (work, options) => store.transaction((tx) => work(watched(tx)), options),
  };
}

function contentOf(write: Write): Resource | undefined {
  return write.kind === 'delete' ? undefined : write.resource;
}
