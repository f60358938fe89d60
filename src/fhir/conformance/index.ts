// The door of this room: all definitions of one tenant, kept in line with its database.
import type { Definitions } from '../definitions/definitions.ts';
import type { Profiles } from '../definitions/profiles.ts';
import type { DefinitionStore, PackageRecord } from '../storage/definitions.ts';
import type { Store } from '../storage/store.ts';
import type { Canonicals } from './canonicals.ts';
import { checkDefinition } from './check-definition.ts';
import { createCanonicals } from './create-canonicals.ts';
import { definitionTypes } from './definition-types.ts';
import { type KeepUp, keepUp } from './keep-up.ts';
import { createPackages } from './packages.ts';
import { createPublished } from './published.ts';
import { createShipped } from './shipped.ts';
import { createStored } from './stored.ts';
import { withDefinitions } from './with-definitions.ts';

export interface ConformanceDeps {
  definitions: Definitions;
  /** what comes with the server */
  profiles: Profiles;
  store: Pick<Store, 'readMany' | 'vread'>;
  definitionStore: DefinitionStore;
  now: () => number;
  onError: (error: unknown) => void;
}

export interface Conformance {
  canonicals: Canonicals;
  /** resource types that are named by a canonical */
  types: ReadonlySet<string>;
  /** packages by name and version */
  packages(): readonly PackageRecord[];
  /** a store whose writes of definitions take effect here */
  watch<S extends Store>(store: S): S;
  /** reads what the database holds and follows it from then on */
  start(): Promise<void>;
  /** compares with the database now instead of within a second */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

export function createConformance(deps: ConformanceDeps): Conformance {
  const { definitions, profiles, store, definitionStore, now, onError } = deps;
  const types = definitionTypes(definitions);
  const stored = createStored({ store, rows: definitionStore.rows });
  const packages = createPackages(definitionStore.packages);
  const canonicals = createCanonicals({
    sources: [stored, createShipped(profiles, stored), packages, createPublished()],
  });
  let following: KeepUp | undefined;

  return {
    canonicals,
    types,
    packages: packages.loaded,
    watch: (inner) =>
      withDefinitions(inner, {
        types,
        check: (resource, beside) => checkDefinition(resource, beside, canonicals),
        async written(versions) {
          stored.written(versions);
          // the write is done and stays: others learn of it later, by looking at all
          await definitionStore.touch([...new Set(versions.map(({ type }) => type))]).catch(onError);
        },
      }),
    async start() {
      following = await keepUp({ definitionStore, packages, stored, types, now, onError });
    },
    refresh: async () => following?.look(),
    stop: async () => following?.stop(),
  };
}
