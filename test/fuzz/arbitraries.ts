// Requests that no careful client would send: parameters, values and bodies that are nearly right, and some that are nothing at all.
import fc from 'fast-check';
import type { Definitions } from '../../src/fhir/definitions/definitions.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const MODIFIERS = [
  ...['missing', 'exact', 'contains', 'not', 'text', 'in', 'not-in', 'above', 'below', 'of-type', 'identifier'],
  ...['Patient', 'Group', 'nonsense', '', 'iterate'],
];
const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap', 'xx'];

/** Any text, control characters and unpaired surrogates included, and the characters that mean something in a search. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed()),
  fc.string({
    unit: fc.constantFrom(
      '|',
      ',',
      '$',
      '\\',
      ':',
      '.',
      '(',
      ')',
      '[',
      ']',
      '"',
      "'",
      '*',
      '/',
      '#',
      ' ',
      'a',
      '1',
      '-',
    ),
    maxLength: 15,
  }),
  fc.constantFrom(
    '\u0000',
    '%',
    '%00',
    '__proto__',
    'constructor',
    'a'.repeat(3000),
    '../../etc/passwd',
    '{"$gt":""}',
    '٣',
    'ﬀ',
  ),
);

const date = fc.oneof(
  fc.date({ noInvalidDate: true }).map((day) => day.toISOString()),
  fc.constantFrom(
    '2024',
    '2024-02',
    '2024-02-30',
    '2024-13',
    '0000-00-00',
    '2024-01-01T25:00',
    '2024-01-01T10:00:00+99:99',
    '9999-12-31',
    '-0001',
    '2024-06-30T23:59:60Z',
  ),
);
const number = fc.oneof(
  fc.double({ noNaN: true }).map(String),
  fc.constantFrom('1e400', '-0', '0.0000000000000000001', '1.50', '1.', '.5', 'NaN', 'Infinity', '9'.repeat(400)),
);
const prefixed = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.option(fc.constantFrom(...PREFIXES), { nil: '' }), value).map((parts) => parts.join(''));

const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  date: prefixed(date),
  number: prefixed(number),
  quantity: fc
    .tuple(
      prefixed(number),
      fc.constantFrom('', '|http://unitsofmeasure.org|mg', '||kg', '|||', '|x', '|http://unitsofmeasure.org|[no]'),
    )
    .map((parts) => parts.join('')),
  token: fc.oneof(
    fc.constantFrom('final', 'http://loinc.org|8302-2', '|', 'a|', '|a', 'a|b|c', 'http://loinc.org|'),
    anyText,
  ),
  reference: fc.oneof(
    fc.constantFrom(
      'Patient/1',
      '1',
      'Patient/1/_history/2',
      'http://x/Patient/1',
      '#a',
      'urn:uuid:1',
      'Nothing/1',
      '/',
    ),
    anyText,
  ),
  uri: fc.oneof(fc.constantFrom('http://hl7.org/fhir', 'urn:oid:1.2.3', 'http://'), anyText),
  composite: fc.tuple(anyText, anyText).map((parts) => parts.join('$')),
  string: anyText,
  special: fc.oneof(fc.constantFrom('42.2|-71.1|5|km', '91|181', '0|0|-1|km', '|', '1|1|1|parsec'), anyText),
};

const RESULT: readonly (readonly [string, fc.Arbitrary<string>])[] = [
  [
    '_sort',
    fc.constantFrom('-date', '_id', '-_lastUpdated', 'nothing', '', '--', 'code,-date,_id', '-status', 'subject'),
  ],
  ['_count', fc.constantFrom('0', '1', '7', '-1', '99999999999', 'x', '1.5')],
  ['_total', fc.constantFrom('accurate', 'estimate', 'none', 'all')],
  ['_summary', fc.constantFrom('true', 'text', 'data', 'count', 'false', 'no')],
  ['_elements', fc.oneof(fc.constantFrom('id', 'code,subject', 'Observation.code', ',,'), anyText)],
  [
    '_include',
    fc.constantFrom(
      '*',
      'Observation:subject',
      'Observation:subject:Patient',
      'Observation:*',
      'x',
      ':',
      'Patient:organization',
    ),
  ],
  ['_revinclude', fc.constantFrom('*', 'Observation:subject', 'Encounter:patient', 'Observation:x')],
  ['_include:iterate', fc.constantFrom('Patient:organization', 'Encounter:*', 'Location:partof')],
  ['_cursor', anyText],
  ['_format', fc.constantFrom('json', 'xml', 'application/fhir+json', 'text/plain', '')],
  ['_pretty', fc.constantFrom('true', 'x')],
  ['_contained', fc.constantFrom('true', 'false', 'both', 'x')],
  ['_containedType', fc.constantFrom('container', 'contained', 'x')],
  ['_type', fc.constantFrom('Patient', 'Patient,Observation', 'Nothing', '')],
  ['_has:Observation:patient:code', anyText],
  ['_has:Observation:subject:_has:Provenance:target:agent', anyText],
  ['_has:Observation', anyText],
  ['_has:::', anyText],
  ['_filter', fc.oneof(filterText(), anyText)],
  ['_text', anyText],
  ['_content', anyText],
  ['_list', fc.oneof(fc.constantFrom('42', '$current-allergies', '$x'), anyText)],
  ['_lastUpdated', prefixed(date)],
  ['_id', fc.oneof(fc.constantFrom('1', 'a,b', 'a b'), anyText)],
  ['_tag', values.token!],
  ['_profile', values.uri!],
  ['_source', values.uri!],
];

function filterText(): fc.Arbitrary<string> {
  const word = fc.constantFrom(
    'name',
    'code',
    'birthdate',
    'and',
    'or',
    'not',
    '(',
    ')',
    'eq',
    'co',
    'ge',
    'in',
    'pr',
    'true',
    '"a b"',
    '"',
    '2024-01-01',
    'subject.name',
    '[',
    ']',
    '5.4',
  );
  return fc.array(word, { maxLength: 12 }).map((words) => words.join(' '));
}

/** One `name=value` of a search on this type, encoded; most are of parameters that the type has. */
export function searchTerm(definitions: Definitions, type: string): fc.Arbitrary<string> {
  const parameters = [...definitions.searchParameters(type).values()];
  const own = fc.constantFrom(...parameters).chain(({ code, type: kind, targets }) => {
    const plain = values[kind] ?? anyText;
    const several = fc.array(plain, { minLength: 1, maxLength: 3 }).map((all) => all.join(','));
    const modified = fc
      .tuple(fc.constantFrom(...MODIFIERS), fc.oneof(several, fc.constantFrom('true', 'false')))
      .map(([modifier, value]) => [`${code}:${modifier}`, value] as const);
    const chained = fc
      .tuple(
        fc.constantFrom('name', '_id', 'identifier', 'organization.name', 'x', '', 'subject.subject.subject'),
        fc.constantFrom('', ...targets.slice(0, 3).map((target) => `:${target}`)),
        anyText,
      )
      .map(([rest, target, value]) => [`${code}${target}.${rest}`, value] as const);
    return fc.oneof(
      { weight: 4, arbitrary: several.map((value) => [code, value] as const) },
      { weight: 3, arbitrary: modified },
      { weight: 1, arbitrary: chained },
    );
  });
  const result = fc.constantFrom(...RESULT).chain(([name, value]) => value.map((text) => [name, text] as const));
  const strange = fc.tuple(anyText, anyText);
  return fc
    .oneof({ weight: 6, arbitrary: own }, { weight: 3, arbitrary: result }, { weight: 1, arbitrary: strange })
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
}

/** `code=value` without modifiers: what an ordinary client asks. */
export function defaultTerm(definitions: Definitions, type: string): fc.Arbitrary<string> {
  const parameters = [...definitions.searchParameters(type).values()].filter(({ code }) => !code.startsWith('_'));
  return fc
    .constantFrom(...parameters)
    .chain(({ code, type: kind }) => (values[kind] ?? anyText).map((value) => `${code}=${encodeURIComponent(value)}`));
}

const anyJson: fc.Arbitrary<Json> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>,
  fc.constantFrom<Json>(
    null,
    [],
    {},
    '',
    'a',
    0,
    -1,
    1e300,
    true,
    [null],
    [[]],
    { resourceType: 'Patient' },
    { extension: [] },
  ),
);

interface Mutation {
  /** which of the nodes, as a share of all */
  at: number;
  how: 'replace' | 'remove' | 'rename' | 'double' | 'wrap';
  value: Json;
  name: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 0.999999, noNaN: true }),
  how: fc.constantFrom('replace', 'remove', 'rename', 'double', 'wrap'),
  value: anyJson,
  name: fc.oneof(
    fc.constantFrom(
      'extension',
      'modifierExtension',
      'contained',
      'id',
      '_status',
      'valueString',
      'resourceType',
      '__proto__',
      'reference',
    ),
    anyText,
  ),
});

/** A copy of one of these resources in which one to four things are changed. */
export const broken = (resources: readonly Resource[]): fc.Arbitrary<Json> =>
  fc
    .tuple(fc.constantFrom(...resources), fc.array(mutation, { minLength: 1, maxLength: 4 }))
    .map(([resource, mutations]) => mutations.reduce(mutate, structuredClone(resource) as unknown as Json));

function mutate(root: Json, { at, how, value, name }: Mutation): Json {
  const places: { parent: Record<string, Json>; key: string }[] = [];
  collect(root, places);
  const place = places[Math.floor(at * places.length)];
  if (place === undefined) return value;
  const { parent, key } = place;
  const old = parent[key]!;
  if (how === 'replace') parent[key] = value;
  else if (how === 'wrap') parent[key] = [old];
  else if (how === 'double' && Array.isArray(old)) parent[key] = [...old, ...structuredClone(old)];
  else if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else {
    delete parent[key];
    if (how === 'rename')
      Object.defineProperty(parent, name, { value: old, enumerable: true, configurable: true, writable: true });
  }
  return root;
}

function collect(node: Json, places: { parent: Record<string, Json>; key: string }[]): void {
  if (typeof node !== 'object' || node === null) return;
  for (const [key, child] of Object.entries(node)) {
    places.push({ parent: node as Record<string, Json>, key });
    collect(child, places);
  }
}
