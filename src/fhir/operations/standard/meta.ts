// Profiles, tags and security labels as sets. https://hl7.org/fhir/R4/resource-operation-meta-add.html: "the identity of a tag or security
// label is the system+code … version and display are ignored. For profiles, matching is based on the full URL"
import type { Meta } from 'fhir/r4.js';
import { readIfMatch } from '../../interactions/headers.ts';
import { untilNotOutrun } from '../../interactions/outrun.ts';
import { withId } from '../../interactions/resource-body.ts';
import { FhirError } from '../../model/errors.ts';
import { labelIdentity } from '../../model/labels.ts';
import type { Resource } from '../../model/resource.ts';
import { answerWith, type OperationAnswer, type OperationContext } from '../operation.ts';
import { contentOf, need, type StoredVersion } from './stored.ts';

const SETS = ['profile', 'security', 'tag'] as const;
type Label = NonNullable<Meta['tag']>[number];

const identityOf = (label: Label | string): string => (typeof label === 'string' ? label : labelIdentity(label));

export function addedTo(meta: Meta, more: Meta): Meta {
  return withSets(
    meta,
    (known, given) => {
      const seen = new Set(known.map(identityOf));
      const added = given.filter((label) => {
        const identity = identityOf(label);
        return !seen.has(identity) && seen.add(identity);
      });
      return [...known, ...added];
    },
    more,
  );
}

export function deletedFrom(meta: Meta, fewer: Meta): Meta {
  return withSets(
    meta,
    (known, given) => {
      const unwanted = new Set(given.map(identityOf));
      return known.filter((label) => !unwanted.has(identityOf(label)));
    },
    fewer,
  );
}

type Change = (known: readonly (Label | string)[], given: readonly (Label | string)[]) => readonly (Label | string)[];

function withSets(meta: Meta, change: Change, given: Meta): Meta {
  const changed: Record<string, unknown> = { ...meta };
  for (const set of SETS) {
    const labels = change(meta[set] ?? [], given[set] ?? []);
    if (labels.length > 0) changed[set] = labels;
    else delete changed[set];
  }
  return changed as Meta;
}

const sizeOf = (meta: Meta): number => SETS.reduce((sum, set) => sum + (meta[set]?.length ?? 0), 0);

/** `$meta-add` and `$meta-delete`: a new version where something changes, never without; also called on the current version by number. */
export async function changeMeta<Output extends { return: Meta }>(
  { target, store, call }: OperationContext,
  change: (meta: Meta) => Meta,
): Promise<OperationAnswer<Output>> {
  const { type, id, version } = target as { type: string; id: string; version?: string };
  const ifMatch = readIfMatch(call);
  return untilNotOutrun(call, async () => {
    const current = await need(store, type, id);
    refuseOtherVersion(current, version);
    if (typeof ifMatch === 'number' && ifMatch !== current.version) {
      throw new FhirError('precondition', `${type}/${id} is at version ${current.version}, not ${ifMatch}`);
    }
    const resource = contentOf(current);
    const before = (resource.meta ?? {}) as Meta;
    const after = change(before);
    if (sizeOf(after) === sizeOf(before)) return answerOf(current, before);
    const written = await store.write({
      kind: 'update',
      type,
      id,
      resource: withId({ ...resource, meta: after as NonNullable<Resource['meta']> }, id),
      ifVersion: current.version,
      method: 'PATCH',
    });
    return answerOf(written, contentOf({ bytes: written.bytes! }).meta as Meta);
  });
}

function refuseOtherVersion({ type, id, version: current }: StoredVersion, called: string | undefined): void {
  if (called === undefined || called === String(current)) return;
  const known = /^[1-9]\d{0,14}$/.test(called) && Number(called) < current;
  if (!known) throw new FhirError('not-found', `${type}/${id} has no version ${called}`);
  throw new FhirError(
    'business-rule',
    `Version ${called} of ${type}/${id} is superseded, and superseded versions do not change; the current one is ${current}`,
  );
}

const answerOf = <Output extends { return: Meta }>(
  { type, id, version, lastUpdated }: Pick<StoredVersion, 'type' | 'id' | 'version' | 'lastUpdated'>,
  meta: Meta,
): OperationAnswer<Output> =>
  answerWith({
    status: 200,
    output: { return: meta } as Output,
    location: `${type}/${id}/_history/${version}`,
    version,
    lastUpdated,
  });
