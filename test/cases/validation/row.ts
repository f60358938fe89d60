// A row of the tables beside this file: a sound resource, what is done to it, and what a validator must find then.

export type Json = Record<string, unknown>;

export interface Row {
  /** what is wrong, as the title of a test */
  what: string;
  /** a name in `sound.ts` */
  base: string;
  /** path below the resource, steps divided by `/` → the new value; undefined removes. A step may be an index. */
  change: Json;
  /** each error there must be, and no other: `code expression`; codes are those of OperationOutcome.issue.code */
  found: string | string[];
  /** what the diagnostics of the first must say: the key of an invariant, the name of a slice */
  says?: string;
  /** checked against this profile; otherwise against the base definition alone */
  profile?: string;
  /** where HL7's validator (the reference implementation) says otherwise: what, and who is right by the specification */
  note?: string;
}

/** A copy of the resource with the change applied. */
export function changed(resource: Json, change: Json): Json {
  const copy = structuredClone(resource);
  for (const [path, value] of Object.entries(change)) {
    const steps = path.split('/');
    const last = steps.pop() as string;
    const parent = steps.reduce((node, step) => node[step] as Json, copy);
    if (value !== undefined) parent[last] = structuredClone(value);
    else if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
  }
  return copy;
}
