// Codes, identifiers, booleans and other exact texts. https://hl7.org/fhir/R4/search.html#token
// Keys: `<param>|<code>|<tag of system>` and `<param>|<code>` for any system; plain values (code, boolean, string …) only the latter,
// because what system they have is known from their definition. Identifiers also `<param>|*|<tag>`: any value of a system.
// Case: the specification says to ignore it in doubt. Identifiers and `code` elements are case-sensitive by definition.
import type { Predicate } from '../../model/predicate.ts';
import { systemTag } from '../keys.ts';
import { defineSearchType, type KeySink, type Parameter, type SearchContext, type Term } from '../search-type.ts';
import { ANY, pushIdentifier, pushSystemAndCode, readToken, type TokenSearch, tokenPart } from '../token-keys.ts';

interface Coding {
  system?: string;
  code?: string;
}

interface CodeableConcept {
  coding?: (Coding | null)[];
}

interface ContactPoint {
  value?: string;
}

const CASE_SENSITIVE_SYSTEMS: ReadonlySet<string> = new Set(['http://unitsofmeasure.org']);
const SPECIAL_VALUES = 'http://terminology.hl7.org/CodeSystem/special-values';

const fold = (code: string, system: string): string => (CASE_SENSITIVE_SYSTEMS.has(system) ? code : code.toLowerCase());

function pushCoding(value: unknown, sink: KeySink): void {
  const { system = '', code } = value as Coding;
  if (code === undefined) return;
  pushSystemAndCode(sink, system, tokenPart(fold(code, system)), tokenPart(code.toLowerCase()));
}

function pushConcept(value: unknown, sink: KeySink): void {
  for (const coding of (value as CodeableConcept).coding ?? []) if (coding) pushCoding(coding, sink);
}

function pushContactPoint(value: unknown, { code, keys }: KeySink): void {
  const text = (value as ContactPoint).value;
  if (text !== undefined) keys.k.push(`${code}|${tokenPart(text.toLowerCase())}`);
}

function pushPlain(value: unknown, { code, keys }: KeySink): void {
  keys.k.push(`${code}|${tokenPart(String(value))}`);
}

type Kind = 'coded' | 'identifier' | 'contact' | 'plain';

const kindOf: Readonly<Record<string, Kind>> = {
  Coding: 'coded',
  CodeableConcept: 'coded',
  Identifier: 'identifier',
  ContactPoint: 'contact',
};

/** What kinds of values a parameter's elements have; every kind where that cannot be told. */
interface TokenShape {
  kinds: ReadonlySet<Kind>;
  /** whether plain values can be meant by a search with this system */
  impliesSystem(system: string): boolean;
}

const shapes = new WeakMap<Parameter, TokenShape>();

function shapeOf(parameter: Parameter, context: SearchContext): TokenShape {
  const known = shapes.get(parameter);
  if (known) return known;
  const { definitions } = context;
  const elements = parameter.elements;
  const kinds = elements?.map(({ type }) => kindOf[type] ?? 'plain') ?? ['coded', 'identifier', 'contact', 'plain'];
  const shape: TokenShape = {
    kinds: new Set(kinds),
    impliesSystem: (system) =>
      elements === undefined ||
      elements.some(({ type, requiredBinding }) =>
        requiredBinding === undefined
          ? type === 'boolean' && system === SPECIAL_VALUES
          : definitions.impliedSystem(requiredBinding) === system ||
            hasSystem(definitions.codes(requiredBinding), system),
      ),
  };
  shapes.set(parameter, shape);
  return shape;
}

function hasSystem(codes: ReadonlySet<string> | undefined, system: string): boolean {
  for (const code of codes ?? []) if (code.startsWith(`${system}|`)) return true;
  return false;
}

/** The keys that a value with a code can have, one per kind of element and way to write it. */
function keysOf(
  code: string,
  { system, code: text = '' }: TokenSearch,
  { kinds, impliesSystem }: TokenShape,
): string[] {
  const keys = new Set<string>();
  const tail = system === undefined ? '' : `|${systemTag(system)}`;
  const folded = system === undefined ? text.toLowerCase() : fold(text, system);
  if (kinds.has('coded')) keys.add(`${code}|${tokenPart(folded)}${tail}`);
  if (kinds.has('identifier')) keys.add(`${code}|${tokenPart(text)}${tail}`);
  const isPlainMeant = system === undefined || system === '' || impliesSystem(system);
  if (kinds.has('plain') && isPlainMeant) keys.add(`${code}|${tokenPart(text)}`);
  if (kinds.has('contact') && !system) keys.add(`${code}|${tokenPart(text.toLowerCase())}`);
  return [...keys];
}

/** `http://loinc.org|`: identifiers have a key for it; codes are found by the end of their keys, which reads all keys of the parameter. */
function anyCodeOf(code: string, system: string, { kinds, impliesSystem }: TokenShape): Predicate {
  const of: Predicate[] = [];
  if (kinds.has('coded')) of.push({ op: 'startsWith', in: 'k', prefix: `${code}|`, suffix: `|${systemTag(system)}` });
  else if (kinds.has('identifier')) of.push({ op: 'equals', key: `${code}|${ANY}|${systemTag(system)}` });
  if (kinds.has('plain') && impliesSystem(system)) of.push({ op: 'exists', in: 'k', param: code });
  return of.length === 1 ? of[0]! : { op: 'or', of };
}

/** More alternatives than this are no cheaper than a negation. */
const MAX_COMPLEMENT = 40;

export default defineSearchType<TokenSearch>({
  type: 'token',
  keys: 'k',
  modifiers: ['not'],
  prefixes: [],
  elements: {
    Coding: pushCoding,
    CodeableConcept: pushConcept,
    Identifier: pushIdentifier,
    ContactPoint: pushContactPoint,
    code: pushPlain,
    boolean: pushPlain,
    string: pushPlain,
    id: pushPlain,
    uri: pushPlain,
    url: pushPlain,
    canonical: pushPlain,
    oid: pushPlain,
    uuid: pushPlain,
    integer: pushPlain,
    positiveInt: pushPlain,
    unsignedInt: pushPlain,
  },

  parse: readToken,
  match(value, code, { parameter, context }) {
    const shape = shapeOf(parameter, context);
    if (value.code === undefined) {
      // `|` alone: values without any system
      if (!value.system) return { op: 'startsWith', in: 'k', prefix: `${code}|`, suffix: '|' };
      return anyCodeOf(code, value.system, shape);
    }
    const keys = keysOf(code, value, shape);
    return keys.length === 1 ? { op: 'equals', key: keys[0]! } : { op: 'oneOf', keys };
  },
  complement(values, code, { parameter, context }: Term) {
    const element = parameter.elements?.length === 1 ? parameter.elements[0] : undefined;
    if (element?.type !== 'code' || !element.isAlwaysOne || element.requiredBinding === undefined) return undefined;
    const shape = shapeOf(parameter, context);
    const codes = [...(context.definitions.codes(element.requiredBinding) ?? [])].filter(
      (entry) => !entry.includes('|'),
    );
    if (codes.length === 0 || codes.length > MAX_COMPLEMENT) return undefined;
    if (values.some((value) => value.code === undefined)) return undefined;
    const excluded = new Set(values.flatMap((value) => keysOf(code, value, shape)));
    const keys = codes.map((entry) => `${code}|${tokenPart(entry)}`).filter((key) => !excluded.has(key));
    return { op: 'oneOf', keys };
  },
});
