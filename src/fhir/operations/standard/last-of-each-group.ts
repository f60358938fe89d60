// Groups what shares a name with another, directly or by way of others, and takes the first of each group. Pure.
// https://hl7.org/fhir/R4/observation-operation-lastn.html: "the grouping by code SHALL follow the transitive property of equality"

export interface Named {
  time: number | null;
  names: readonly string[];
}

/** `all` is newest first, and so is the result; of equal times at the end of a group, all are taken. */
export function lastOfEachGroup<T extends Named>(all: readonly T[], max: number): T[] {
  const groupOf = createGroups();
  for (const { names } of all) for (const name of names) groupOf.join(names[0]!, name);
  const taken = new Map<string, { count: number; last: number | null }>();
  return all.filter(({ time, names }) => {
    const group = groupOf.find(names[0]!);
    const state = taken.get(group) ?? { count: 0, last: null };
    if (state.count >= max && (time === null || time !== state.last)) return false;
    taken.set(group, { count: state.count + 1, last: time });
    return true;
  });
}

/** Disjoint sets of names. */
function createGroups(): { join(a: string, b: string): void; find(name: string): string } {
  const parents = new Map<string, string>();
  const find = (name: string): string => {
    let root = name;
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
    for (let at = name; at !== root; ) {
      const next = parents.get(at)!;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  return {
    find,
    join(a, b) {
      const [rootOfA, rootOfB] = [find(a), find(b)];
      if (rootOfA !== rootOfB) parents.set(rootOfA, rootOfB);
    },
  };
}
