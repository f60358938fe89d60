// Names of the resources that a page speaks of, as far as its reader may see them.
import type { Ask } from './ask.ts';
import { nameOf } from './words.ts';

const MOST = 200;

/** `Organization/h1` → its name, else the reference itself */
export async function namesOf(
  ask: Ask,
  references: Iterable<string | undefined>,
): Promise<(reference: string) => string> {
  const byType = new Map<string, Set<string>>();
  for (const reference of references) {
    const [, type, id] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/.exec(reference ?? '') ?? [];
    if (type !== undefined && id !== undefined) byType.set(type, (byType.get(type) ?? new Set()).add(id));
  }
  const names = new Map<string, string>();
  for (const [type, ids] of byType) {
    if (!ask.maySearch(type)) continue;
    const { entries } = await ask.search(type, [
      ['_id', [...ids].slice(0, MOST).join(',')],
      ['_count', String(MOST)],
    ]);
    for (const { resource } of entries)
      names.set(`${type}/${resource.id}`, nameOf(resource) ?? `${type}/${resource.id}`);
  }
  return (reference) => names.get(reference) ?? reference;
}
