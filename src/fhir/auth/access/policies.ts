// The policies in force: those that come with the program, and what administrators put in their place. A change is a version of its own, kept
// with who made it, and every process follows it within seconds.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { every, type Repeated } from '../../../platform/clock/every.ts';
import type { Definitions } from '../../definitions/definitions.ts';
import { FhirError } from '../../model/errors.ts';
import type { Resource } from '../../model/resource.ts';
import type { Place, Store } from '../../storage/store.ts';
import { type Ownership, readOwnership, type WrittenOwnership } from './owners.ts';
import { type Policy, readPolicy, type TypeGroups } from './policy.ts';
import { type ReleaseChanges, releaseChanges } from './release-changes.ts';
import { type PolicyInForce, putInForce } from './rights.ts';

export interface PolicyEntry {
  role: string;
  /** 0: as it came with the program */
  version: number;
  policy: Policy;
  /** as it was written */
  written: unknown;
  /** the program's of which all is in it, or was left out on purpose; absent where that is not known */
  base?: unknown;
  changedBy?: string;
  /** ms since 1970 */
  changedAt?: number;
}

export interface Policies {
  readonly ownership: Ownership;
  readonly groups: TypeGroups;
  /** another one whenever a policy changed */
  readonly revision: number;
  find(role: string): PolicyInForce | undefined;
  all(): readonly PolicyEntry[];
  /** earlier versions too, newest first */
  versionsOf(role: string): Promise<readonly PolicyEntry[]>;
  /** what the program's own policy of the role gained and lost since it was changed here */
  releaseChanges(role: string): ReleaseChanges | undefined;
  /** Throws 'invalid' with everything that is wrong, and 'precondition' where another version than `ifVersion` is in force. */
  change(written: unknown, by: string, options?: ChangeOptions): Promise<PolicyEntry>;
  /** looks what other processes changed */
  refresh(): Promise<void>;
  /** looks every two seconds from now on */
  follow(): void;
  stop(): void;
}

export interface ChangeOptions {
  ifVersion?: number | undefined;
  /** what the program's own policy gained and lost is left out on purpose where it is not taken */
  isReleaseSeen?: boolean | undefined;
}

export interface PoliciesDeps {
  folder: string;
  definitions: Definitions;
  /** below every restriction */
  store: Pick<Store, 'transaction'>;
  /** `$everything`, `Patient/$everything` … */
  operations: ReadonlySet<string>;
  now: () => number;
  onError: (error: unknown) => void;
}

const KIND = 'access-policy';
const INDEX = 'index';
const EVERY_MS = 2_000;
/** Whoever has it keeps it: without it nobody could put right what was changed wrongly. */
export const FIXED_ROLE = 'admin';

interface Index extends Place {
  revision: number;
  versions: Record<string, number>;
}

interface Kept extends Place {
  /** JSON as text */
  text: string;
  /** PolicyEntry.base, as text; not kept before there were release changes */
  base?: string;
  by: string;
  at: number;
}

export async function createPolicies(deps: PoliciesDeps): Promise<Policies> {
  const { folder, definitions, store, now, onError } = deps;
  const { groups, ...written } = (await readJson(folder, TYPES)) as WrittenOwnership & { groups: TypeGroups };
  refuseUnknownTypes(
    [
      ...Object.values(groups).flat(),
      ...written.shared,
      ...written.open,
      ...Object.keys(written.owners),
      ...Object.keys(written.inside),
    ],
    definitions,
  );
  const ownership = readOwnership(written, definitions);
  const context = { definitions, groups, operations: deps.operations };

  const shipped = new Map<string, PolicyEntry>();
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.json') && one !== TYPES).sort()) {
    const written = await readJson(folder, name);
    const { policy, issues } = readPolicy(written, context);
    if (!policy) {
      const problems = issues.map(({ expression, diagnostics }) => `${expression}: ${diagnostics}`).join('; ');
      throw new Error(`profiles/access-policies/${name}: ${problems}`);
    }
    if (name !== `${policy.role}.json`)
      throw new Error(`profiles/access-policies/${name}: by its role it should be named ${policy.role}.json`);
    shipped.set(policy.role, { role: policy.role, version: 0, policy, written });
  }

  let entries = new Map(shipped);
  let inForce = new Map<string, PolicyInForce>();
  let revision = 0;
  let known: Index = { _id: INDEX, revision: 0, versions: {} };
  const put = (changed: Map<string, PolicyEntry>): void => {
    entries = changed;
    inForce = new Map([...changed].map(([role, { policy }]) => [role, putInForce(policy, { definitions, groups })]));
    revision++;
  };
  put(entries);

  const nameOf = (role: string, version: number): string => `${role}/${version}`;

  /** undefined where it is not right any more, after an upgrade: then the role has no rights, rather than others than were meant */
  function entryOf(role: string, version: number, { text, base, by, at }: Kept): PolicyEntry | undefined {
    const written = JSON.parse(text) as unknown;
    const { policy, issues } = readPolicy(written, context);
    const known = base !== undefined && { base: JSON.parse(base) as unknown };
    if (policy) return { role, version, policy, written, ...known, changedBy: by, changedAt: at };
    onError(new Error(`the policy of ${role}, version ${version}: ${issues[0]?.diagnostics}`));
    return undefined;
  }

  async function refresh(): Promise<void> {
    const found = await store.transaction(async (tx) => {
      const index = (await tx.readPlace(KIND, INDEX)) as Index | undefined;
      if (!index || index.revision === known.revision) return undefined;
      const changed = new Map(entries);
      for (const [role, version] of Object.entries(index.versions)) {
        if (known.versions[role] === version) continue;
        const kept = (await tx.readPlace(KIND, nameOf(role, version))) as Kept | undefined;
        const entry = kept && entryOf(role, version, kept);
        if (entry) changed.set(role, entry);
        else changed.delete(role);
      }
      return { index, changed };
    });
    if (!found) return;
    known = found.index;
    put(found.changed);
  }

  function changesSince(role: string, mine: unknown, base: unknown): ReleaseChanges | undefined {
    const release = shipped.get(role)?.written;
    return release === undefined ? undefined : releaseChanges({ mine, base, release }, context);
  }

  /** What is told of the release stays told until it is taken or left out. */
  function baseOf(role: string, written: unknown, before: Kept | undefined, isSeen: boolean): string | undefined {
    const release = shipped.get(role)?.written;
    const base = before?.base === undefined ? undefined : (JSON.parse(before.base) as unknown);
    const isSettled = before === undefined || isSeen || changesSince(role, written, base) === undefined;
    if (!isSettled) return before.base;
    return release === undefined ? undefined : JSON.stringify(release);
  }

  async function change(
    written: unknown,
    by: string,
    { ifVersion, isReleaseSeen = false }: ChangeOptions = {},
  ): Promise<PolicyEntry> {
    const { policy, issues } = readPolicy(written, context);
    if (!policy) throw new FhirError('invalid', `${issues.length} problem(s) in the policy`, { issues });
    const { role } = policy;
    if (role === FIXED_ROLE)
      throw new FhirError('business-rule', `The policy of ${FIXED_ROLE} cannot be changed`, {
        expression: 'policy.role',
      });
    const at = now();
    await store.transaction(async (tx) => {
      const index = (await tx.readPlace(KIND, INDEX)) as Index | undefined;
      const current = index?.versions[role] ?? 0;
      if (ifVersion !== undefined && ifVersion !== current)
        throw new FhirError(
          'precondition',
          `Version ${current} of the policy of ${role} is in force, not ${ifVersion}`,
        );
      const before = (await tx.readPlace(KIND, nameOf(role, current))) as Kept | undefined;
      const base = baseOf(role, written, before, isReleaseSeen);
      const kept = { text: JSON.stringify(written), ...(base !== undefined && { base }), by, at };
      await tx.changePlace(KIND, nameOf(role, current + 1), {}, { $set: kept }, {});
      const set = { $set: { [`versions.${role}`]: current + 1 }, $inc: { revision: 1 } };
      await tx.changePlace(KIND, INDEX, {}, set, { revision: 0, versions: {} });
    });
    await refresh();
    return entries.get(role)!;
  }

  await refresh();
  let following: Repeated | undefined;

  return {
    ownership,
    groups,
    get revision() {
      return revision;
    },
    find: (role) => inForce.get(role),
    all: () => [...entries.values()],
    async versionsOf(role) {
      const newest = entries.get(role)?.version ?? 0;
      const kept = await store.transaction(async (tx) => {
        const found: PolicyEntry[] = [];
        for (let version = newest; version > 0; version--) {
          const one = (await tx.readPlace(KIND, nameOf(role, version))) as Kept | undefined;
          const entry = one && entryOf(role, version, one);
          if (entry) found.push(entry);
        }
        return found;
      });
      const first = shipped.get(role);
      return first ? [...kept, first] : kept;
    },
    releaseChanges(role) {
      const { version, written, base } = entries.get(role)!;
      return version === 0 ? undefined : changesSince(role, written, base);
    },
    change,
    refresh,
    follow() {
      following ??= every(EVERY_MS, refresh, onError);
    },
    stop: () => following?.stop(),
  };
}

/** What policies may name, of the OperationDefinitions in profiles/. */
export function operationNames(published: readonly Resource[]): Set<string> {
  return new Set(
    (published as (Resource & { code: string; resource?: string[] })[]).flatMap(({ code, resource = [] }) => [
      `$${code}`,
      ...resource.map((type) => `${type}/$${code}`),
    ]),
  );
}

const TYPES = 'types.json';

async function readJson(folder: string, name: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(join(folder, name), 'utf8'));
  } catch (cause) {
    throw new Error(`profiles/access-policies/${name}: ${(cause as Error).message}`, { cause });
  }
}

function refuseUnknownTypes(types: readonly string[], { resourceTypes }: Definitions): void {
  const unknown = types.find((type) => !resourceTypes.includes(type));
  if (unknown !== undefined) throw new Error(`profiles/access-policies/${TYPES}: there is no type ${unknown}`);
}
