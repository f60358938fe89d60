// Value sets that exist without a resource, by the form of their URL.
// https://hl7.org/fhir/R4/snomedct.html#implicit and https://hl7.org/fhir/R4/loinc.html#implicit
import type { ValueSet, ValueSetComposeInclude } from 'fhir/r4.js';
import { FhirError } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import { parseEcl } from './ecl/parse.ts';

const SNOMED = /^(http:\/\/snomed\.info\/sct(?:\/\d+)?(?:\/version\/\d+)?)\?fhir_vs(?:=(.*))?$/s;
const LOINC = /^http:\/\/loinc\.org\/vs(?:\/(LL\d+-\d|LG\d+-\d|LP\d+-\d))?$/i;

/** Undefined where the URL has no such form. */
export function implicitValueSet(url: string): Resource | undefined {
  const snomed = SNOMED.exec(url);
  if (snomed !== null) return valueSetOf(url, snomedInclude(snomed[1]!, snomed[2]), 'SNOMED CT');
  const loinc = LOINC.exec(url);
  if (loinc !== null) return valueSetOf(url, loincInclude(loinc[1]?.toUpperCase()), 'LOINC');
  return undefined;
}

export const valueSetOfSystem = (url: string, system: string, version?: string): Resource =>
  valueSetOf(url, { system, ...(version !== undefined && { version }) }, system);

function valueSetOf(url: string, include: ValueSetComposeInclude, of: string): Resource {
  const valueSet: ValueSet = {
    resourceType: 'ValueSet',
    url,
    name: 'Implicit',
    title: `Implicit value set of ${of}`,
    status: 'active',
    compose: { include: [include] },
  };
  return valueSet as unknown as Resource;
}

function snomedInclude(edition: string, query: string | undefined): ValueSetComposeInclude {
  const include: ValueSetComposeInclude = {
    system: 'http://snomed.info/sct',
    ...(edition !== 'http://snomed.info/sct' && { version: edition }),
  };
  if (query === undefined || query === '') return include;
  if (query.startsWith(EXPRESSION)) {
    const value = decoded(query.slice(EXPRESSION.length));
    parseEcl(value);
    return { ...include, filter: [{ property: 'constraint', op: '=', value }] };
  }
  const [, kind, concept] = /^(isa|refset)(?:\/(\d+))?$/.exec(query) ?? [];
  if (kind === 'isa' && concept !== undefined)
    return { ...include, filter: [{ property: 'concept', op: 'is-a', value: concept }] };
  if (kind === 'refset') {
    if (concept === undefined) return { ...include, filter: [{ property: 'isRefset', op: '=', value: 'true' }] };
    return { ...include, filter: [{ property: 'concept', op: 'in', value: concept }] };
  }
  throw new FhirError(
    'not-supported',
    `'fhir_vs=${query}' is none of fhir_vs, fhir_vs=isa/[concept], fhir_vs=refset, fhir_vs=refset/[concept] and fhir_vs=ecl/[expression]`,
  );
}

const EXPRESSION = 'ecl/';

/** A canonical in a resource cannot have spaces: there the expression is percent-encoded. */
function decoded(text: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** LL: an answer list, LG: a group, LP: what is below a part. */
function loincInclude(id: string | undefined): ValueSetComposeInclude {
  const system = 'http://loinc.org';
  if (id === undefined) return { system };
  const property = id.startsWith('LL') ? 'LIST' : id.startsWith('LG') ? 'GROUP' : 'ancestor';
  return { system, filter: [{ property, op: '=', value: id }] };
}
