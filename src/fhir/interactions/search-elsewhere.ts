// A definition is searched by its URL wherever it is: packages and the specification itself are not among the stored resources, and answer too.
// https://hl7.org/fhir/R4/structuredefinition.html#search
import type { CanonicalEntry } from '../conformance/canonicals.ts';
import type { Resource } from '../model/resource.ts';
import type { SearchPlan } from '../search/index.ts';
import type { Call, Engine } from './call.ts';

/** what may stand beside the url; anything else is a search of stored resources */
const BESIDE = new Set(['url', 'version', '_summary', '_elements', '_count', '_total', '_format', '_pretty']);
/** where the same resource may be stored, and was found there if it was wanted */
const STORED = new Set(['stored', 'shipped']);

export async function definitionsElsewhere(engine: Engine, call: Call, plan: SearchPlan): Promise<Resource[]> {
  const url = onlyValue(call, 'url');
  if (url === undefined || plan.after !== undefined || !call.query.every(([name]) => BESIDE.has(name))) return [];
  const entries = engine.canonicals.versions(plan.type, url);
  const elsewhere = entries.filter((entry) => !STORED.has(entry.origin.kind) && !isStored(entries, entry));
  const wanted = onlyValue(call, 'version');
  const found: Resource[] = [];
  const seen = new Set<string | undefined>();
  for (const { version } of elsewhere) {
    if (seen.has(version) || (wanted !== undefined && wanted !== version)) continue;
    seen.add(version);
    const resource = await engine.canonicals.find(plan.type, version === undefined ? url : `${url}|${version}`);
    if (resource !== undefined) found.push(resource);
  }
  return found;
}

/** undefined: not there, several, or alternatives */
function onlyValue({ query }: Call, parameter: string): string | undefined {
  const [value, ...more] = query.filter(([name]) => name === parameter).map(([, text]) => text);
  return more.length > 0 || value?.includes(',') ? undefined : value;
}

const isStored = (entries: readonly CanonicalEntry[], { version }: CanonicalEntry): boolean =>
  entries.some((other) => STORED.has(other.origin.kind) && other.version === version);
