// What a client would ask to find a resource again: each of its values as a search term, written from the element itself by the
// specification's rules and not from the server's keys. https://hl7.org/fhir/R4/search.html#ptypes
import type { Definitions, SearchParameter, SearchParameterType } from '../../src/fhir/definitions/definitions.ts';
import { numberText } from '../../src/fhir/model/json.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { compileExpression, type Expression, type Found } from '../../src/fhir/search/expression/compile.ts';

/** `name` with its modifier, `value` as it stands before URL encoding: `identifier` and `urn:x|4711` */
export interface SearchTerm {
  type: SearchParameterType;
  name: string;
  value: string;
}

export type TermsOf = (resource: Resource) => SearchTerm[];

/** A term of one value: the text, the modifier it needs, and the type that a bare id can only mean where the parameter allows it. */
interface Term {
  value: string;
  modifier?: string;
  target?: string;
}

type Write = (found: Found) => Term[];

/** One function a type, made once: every search parameter that has an expression and a way to write its values. */
export function createTermsOf(definitions: Definitions): (type: string) => TermsOf {
  const expressions = new Map<string, Expression>();
  const expressionOf = (type: string, text: string): Expression => {
    const name = `${type} ${text}`;
    const known = expressions.get(name) ?? compileExpression(definitions, type, text);
    expressions.set(name, known);
    return known;
  };
  const typesByUrl = new Map<string, SearchParameterType>();
  for (const type of definitions.resourceTypes) {
    for (const { url, type: kind } of definitions.searchParameters(type).values()) typesByUrl.set(url, kind);
  }

  /** every part's term, joined with every other's of the same element */
  function composite({ components }: SearchParameter, element: Found, container: Resource): Term[] {
    const parts = components.map(({ definition, expression }) => {
      const write = writers[typesByUrl.get(definition) ?? 'composite'];
      const found = expressionOf(element.type, expression)(element.value as Resource, container);
      return found.flatMap((one) => write[one.type]?.(one) ?? []).filter(({ modifier }) => modifier === undefined);
    });
    const joined = parts.reduce<string[]>(
      (heads, part, index) =>
        heads.flatMap((head) => part.map(({ value }) => (index === 0 ? value : `${head}$${value}`))),
      [''],
    );
    return joined.map((value) => ({ value }));
  }

  return (type) => {
    const parameters = [...definitions.searchParameters(type).values()].flatMap((parameter) => {
      if (!parameter.expression) return [];
      return [{ parameter, find: expressionOf(type, parameter.expression) }];
    });
    return (resource) =>
      parameters.flatMap(({ parameter, find }) =>
        find(resource)
          .flatMap((found) =>
            parameter.type === 'composite'
              ? composite(parameter, found, resource)
              : (writers[parameter.type][found.type]?.(found) ?? []),
          )
          .filter(({ target }) => target === undefined || isTarget(parameter, target))
          .map(({ value, modifier }) => ({
            type: parameter.type,
            name: modifier === undefined ? parameter.code : `${parameter.code}:${modifier}`,
            value,
          })),
      );
  };
}

const isTarget = ({ targets }: SearchParameter, type: string): boolean =>
  targets.length === 0 || targets.includes(type);

/** https://hl7.org/fhir/R4/search.html#escaping */
const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&');
/** the bar of a canonical's version is written as it is */
const escapedUrl = (text: string): string => text.replace(/[\\,$]/g, '\\$&');

const plain = (text: string | undefined): Term[] => (text === undefined ? [] : [{ value: escaped(text) }]);

const text: Write = ({ value }) => plain(String(value));

const coded = (code: string | undefined, system: string | undefined): Term[] =>
  code === undefined ? [] : [{ value: escaped(code) }, { value: `${escaped(system ?? '')}|${escaped(code)}` }];

interface Coding {
  system?: string;
  code?: string;
}
interface Identifier {
  system?: string;
  value?: string;
}

const coding: Write = ({ value }) => coded((value as Coding).code, (value as Coding).system);
const identifier: Write = ({ value }) => coded((value as Identifier).value, (value as Identifier).system);

const moment: Write = ({ value }) => [{ value: value as string }];

/** An open or closed range is found by what lies at its ends. */
const between = (low: string | undefined, high: string | undefined): Term[] => [
  ...(low === undefined ? [] : [{ value: `ge${low}` }]),
  ...(high === undefined ? [] : [{ value: `le${high}` }]),
];

interface Period {
  start?: string;
  end?: string;
}

const period: Write = ({ value }) => between((value as Period).start, (value as Period).end);

const timing: Write = ({ value }) => {
  const { event, repeat } = value as { event?: string[]; repeat?: { boundsPeriod?: Period } };
  return [
    ...(event ?? []).map((one) => ({ value: `ge${one}` })),
    ...between(repeat?.boundsPeriod?.start, repeat?.boundsPeriod?.end),
  ];
};

const strings = (...names: readonly string[]): Write => {
  return ({ value }) =>
    names.flatMap((name) => {
      const part = (value as Record<string, string | (string | null)[] | undefined>)[name];
      return [part ?? []].flat().flatMap((one) => (one === null ? [] : inString(one)));
    });
};

/** whole, exactly, and from the middle */
const inString = (whole: string): Term[] => {
  const middle = [...whole].slice(1, -1).join('').slice(0, 200).trim();
  return [
    { value: escaped(whole) },
    { value: escaped(whole), modifier: 'exact' },
    ...(/[\p{L}\p{N}]{3}/u.test(middle) ? [{ value: escaped(middle), modifier: 'contains' }] : []),
  ];
};

const string: Write = ({ value }) => inString(value as string);

const uri: Write = ({ value }) => [{ value: escapedUrl(value as string) }];

/** Some examples have `#id` or a bare word in the place of a URL. */
const canonical: Write = ({ value }) => {
  if (!/^[^#]*[:/]/.test(value as string)) return [];
  const [url = '', version] = (value as string).split('|');
  return [{ value: escapedUrl(url) }, ...(version === undefined ? [] : [{ value: escapedUrl(value as string) }])];
};

/** contained resources are not found on their own */
const literal = (reference: string): Term[] => {
  if (reference.startsWith('#')) return [];
  const [, type, id] = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(reference) ?? [];
  if (type === undefined || id === undefined) return [{ value: escapedUrl(reference) }];
  return [{ value: reference }, { value: id, target: type }, { value: id, modifier: type, target: type }];
};

const reference: Write = ({ value }) => {
  const { reference, identifier } = value as { reference?: string; identifier?: Identifier };
  return [
    ...(reference === undefined ? [] : literal(reference)),
    ...coded(identifier?.value, identifier?.system).map((term) => ({ ...term, modifier: 'identifier' })),
  ];
};

const number: Write = ({ parent, key }) => [{ value: numberText(parent, key) }];

interface Quantity {
  value?: number;
  comparator?: string;
  unit?: string;
  system?: string;
  code?: string;
}

const prefixOf: Readonly<Record<string, string>> = { '<': 'lt', '<=': 'le', '>=': 'ge', '>': 'gt' };
const amount = (quantity: Quantity | undefined): string | undefined =>
  quantity?.value === undefined ? undefined : numberText(quantity, 'value');

const quantity: Write = ({ value }) => {
  const { comparator = '', unit, system, code } = value as Quantity;
  const digits = amount(value as Quantity);
  if (digits === undefined) return [];
  const asked = `${prefixOf[comparator] ?? ''}${digits}`;
  return [
    { value: asked },
    ...(code === undefined ? [] : [{ value: `${asked}||${escaped(code)}` }]),
    ...(unit === undefined ? [] : [{ value: `${asked}||${escaped(unit)}` }]),
    ...(code === undefined || system === undefined ? [] : [{ value: `${asked}|${escaped(system)}|${escaped(code)}` }]),
  ];
};

const money: Write = ({ value }) => {
  const { currency } = value as { currency?: string };
  const digits = amount(value as Quantity);
  if (digits === undefined) return [];
  if (currency === undefined) return [{ value: digits }];
  return ['', `|urn:iso:std:iso:4217|${currency}`, `||${currency}`].map((unit) => ({ value: `${digits}${unit}` }));
};

const range: Write = ({ value }) => {
  const { low, high } = value as { low?: Quantity; high?: Quantity };
  return between(amount(low), amount(high));
};

const sampled: Write = ({ value }) => {
  const { origin, factor = 1, data = '' } = value as { origin: Quantity; factor?: number; data?: string };
  const samples = data.split(' ').map(Number).filter(Number.isFinite);
  const values = samples.map((sample) => (origin.value ?? 0) + sample * factor);
  return values.length === 0 ? [] : between(String(Math.max(...values)), String(Math.min(...values)));
};

/** https://hl7.org/fhir/R4/location.html#positional */
const position: Write = ({ value }) => {
  const place = value as { latitude: number; longitude: number };
  return [{ value: `${numberText(place, 'latitude')}|${numberText(place, 'longitude')}|1|km` }];
};

/** search parameter type → FHIR type of the element → its terms. What is missing here has none: a Timing code, a Quantity as token. */
const writers: Readonly<Record<SearchParameterType, Readonly<Record<string, Write>>>> = {
  token: {
    Coding: coding,
    CodeableConcept: ({ value, ...found }) =>
      ((value as { coding?: Coding[] }).coding ?? []).flatMap((one) => coding({ ...found, value: one })),
    Identifier: identifier,
    ContactPoint: ({ value }) => plain((value as { value?: string }).value),
    code: text,
    boolean: text,
    string: text,
    id: text,
    uri: text,
    url: text,
    canonical: text,
    oid: text,
    uuid: text,
    integer: text,
    positiveInt: text,
    unsignedInt: text,
  },
  date: { date: moment, dateTime: moment, instant: moment, Period: period, Timing: timing },
  string: {
    string,
    markdown: string,
    code: string,
    uri: string,
    HumanName: strings('text', 'family', 'given', 'prefix', 'suffix'),
    Address: strings('text', 'line', 'city', 'district', 'state', 'postalCode', 'country'),
    CodeableConcept: strings('text'),
    Annotation: strings('text'),
  },
  uri: { uri, url: uri, oid: uri, uuid: uri, canonical },
  reference: {
    Reference: reference,
    canonical,
    uri: ({ value }) => literal(value as string),
    url: ({ value }) => literal(value as string),
    oid: uri,
    uuid: uri,
  },
  number: { decimal: number, integer: number, positiveInt: number, unsignedInt: number, Range: range },
  quantity: {
    Quantity: quantity,
    SimpleQuantity: quantity,
    MoneyQuantity: quantity,
    Age: quantity,
    Count: quantity,
    Distance: quantity,
    Duration: quantity,
    Money: money,
    Range: range,
    SampledData: sampled,
  },
  composite: {},
  special: { 'Location.position': position },
};
