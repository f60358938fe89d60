// What cannot be a definition is refused when it is written: a StructureDefinition whose differential does not fit its base.
import type { Resource } from '../model/resource.ts';
import type { Canonicals } from './canonicals.ts';
import { readCanonical } from './create-canonicals.ts';
import { type StructureDefinition, snapshotOf } from './snapshot.ts';

const TYPE = 'StructureDefinition';

export async function checkDefinition(
  resource: Resource,
  beside: readonly Resource[],
  canonicals: Canonicals,
): Promise<void> {
  const { resourceType, snapshot, differential } = resource as StructureDefinition;
  if (resourceType !== TYPE || snapshot !== undefined || differential === undefined) return;
  await snapshotOf(resource as StructureDefinition, { find: (canonical) => find(canonical, [resource]) });

  /** what is written together with it counts already; `within` are those that ask, so that a circle ends */
  async function find(canonical: string, within: readonly Resource[]): Promise<StructureDefinition | undefined> {
    const { url } = readCanonical(canonical);
    const written = beside.findLast((one) => one.resourceType === TYPE && one.url === url) as
      | StructureDefinition
      | undefined;
    if (written === undefined) return (await canonicals.find(TYPE, canonical)) as StructureDefinition | undefined;
    if (written.snapshot !== undefined) return written;
    if (within.includes(written)) return undefined;
    const element = await snapshotOf(written, { find: (next) => find(next, [...within, written]) });
    return { ...written, snapshot: { element } };
  }
}
