// Codes, identifiers, booleans and other exact texts. https://hl7.org/fhir/R4/search.html#token
// Keys: `<param>|<code>` in `k`, and `<param>|<code>|<tag of system>` in `t`; plain values (code, boolean, string …) only the former,
// because what system they have is known from their definition. Identifiers also `<param>|*|<tag>` in `k`: any value of a system.
// Case: the specification says to ignore it in doubt. Identifiers and `code` elements are case-sensitive by definition.
import { FhirError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import { anyOf, predicateOf } from '../confirmed.ts';
import { type Direction, lookUpCodes, type Question } from '../lookups.ts';
import { normaliseString } from '../normalise-string.ts';
import { defineSearchType, type KeySink, type Parameter, type SearchContext, type Term } from '../search-type.ts';
import { splitEscaped, unescapeValue } from '../separators.ts';
import {
  anyCodingOf,
  anyIdentifierOf,
  pushCode,
  pushIdentifier,
  pushSystemAndCode,
  readToken,
  type TokenSearch,
  tokenKey,
  tokenPart,
} from '../token-keys.ts';
import { hasText, pushCodeTexts, pushFreeText } from '../token-texts.ts';

interface Coding {
  system?: string;
  code?: string;
  display?: string;
}

interface CodeableConcept {
  coding?: (Coding | null)[];
  text?: string;
}

interface Identifier {
  system?: string;
  value?: string;
  type?: CodeableConcept;
}

interface ContactPoint {
  value?: string;
}

const CASE_SENSITIVE_SYSTEMS: ReadonlySet<string> = new Set(['http://unitsofmeasure.org']);
const SPECIAL_VALUES = 'http://terminology.hl7.org/CodeSystem/special-values';

const fold = (code: string, system: string): string => (CASE_SENSITIVE_SYSTEMS.has(system) ? code : code.toLowerCase());

function pushCoding(value: unknown, sink: KeySink, text?: string): boolean {
  const { system = '', code, display } = value as Coding;
  if (code === undefined) return false;
  const [part, anyPart] = [tokenPart(fold(code, system)), tokenPart(code.toLowerCase())];
  pushSystemAndCode(sink, system, part, anyPart);
  pushCodeTexts(sink, { part, anyPart, system }, [display, text === display ? undefined : text]);
  return true;
}

function pushLoneCoding(value: unknown, sink: KeySink): void {
  if (!pushCoding(value, sink)) pushFreeText(sink, (value as Coding).display);
}

function pushConcept(value: unknown, sink: KeySink): void {
  const { coding = [], text } = value as CodeableConcept;
  let isCoded = false;
  for (const one of coding) if (one && pushCoding(one, sink, text)) isCoded = true;
  if (isCoded) return;
  for (const one of coding) pushFreeText(sink, one?.display);
  pushFreeText(sink, text);
}

/** Beside the identifier itself, what confirms its type, and that type's text. */
function pushIdentifierOfType(value: unknown, sink: KeySink): void {
  pushIdentifier(value, sink);
  const { value: text, type } = value as Identifier;
  pushFreeText(sink, type?.text);
  if (text === undefined) return;
  for (const one of type?.coding ?? [])
    if (one?.code !== undefined && one.system !== undefined)
      sink.keys.t.push(ofTypeToken(sink.code, text, one.system, one.code));
}

function pushContactPoint(value: unknown, sink: KeySink): void {
  const text = (value as ContactPoint).value;
  if (text !== undefined) pushCode(sink, tokenPart(text.toLowerCase()));
}

const pushPlain = (value: unknown, sink: KeySink): void => pushCode(sink, tokenPart(String(value)));

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

/** What a value with a code is found by, one for each kind of element: its key, and its token where the system matters. */
function spellings(
  code: string,
  { system, code: text = '' }: TokenSearch,
  { kinds, impliesSystem }: TokenShape,
): { key: string; token?: string }[] {
  const plain = `${code}|${tokenPart(text)}`;
  const folded = `${code}|${tokenPart(text.toLowerCase())}`;
  if (system === undefined) {
    const found = new Set<string>();
    if (kinds.has('coded') || kinds.has('contact')) found.add(folded);
    if (kinds.has('identifier') || kinds.has('plain')) found.add(plain);
    return [...found].map((key) => ({ key }));
  }
  const found: { key: string; token?: string }[] = [];
  if (kinds.has('coded')) found.push({ key: folded, token: tokenKey(code, tokenPart(fold(text, system)), system) });
  if (kinds.has('identifier')) found.push({ key: plain, token: tokenKey(code, tokenPart(text), system) });
  if (kinds.has('plain') && (system === '' || impliesSystem(system))) found.push({ key: plain });
  if (kinds.has('contact') && system === '') found.push({ key: folded });
  return found;
}

/** `http://loinc.org|`: identifiers have a key for it; codes are found among those in use. */
function anyCodeOf(code: string, system: string, { kinds, impliesSystem }: TokenShape): Predicate {
  const of: Predicate[] = [];
  if (kinds.has('coded')) of.push(anyCodingOf(code, system));
  if (kinds.has('identifier')) of.push(anyIdentifierOf(code, system));
  if (kinds.has('plain') && system !== '' && impliesSystem(system)) of.push({ op: 'exists', in: 'k', param: code });
  return of.length === 1 ? of[0]! : { op: 'or', of };
}

type TokenValue =
  | ({ ask: 'token' } & TokenSearch)
  /** one of these: `:in`, `:above`, `:below` */
  | { ask: 'codes'; codes: readonly TokenSearch[] }
  | { ask: 'text'; text: string }
  | { ask: 'of-type'; system: string; code: string; value: string };

/** Codes of a value set or a hierarchy; what their search would find, in one predicate however many they are. */
function anyCode(code: string, codes: readonly TokenSearch[], shape: TokenShape): Predicate {
  const keys = new Set<string>();
  const keysOfTokens = new Set<string>();
  const tokens = new Set<string>();
  for (const one of codes) {
    for (const { key, token } of spellings(code, one, shape)) {
      if (token === undefined) keys.add(key);
      else {
        keysOfTokens.add(key);
        tokens.add(token);
      }
    }
  }
  const of: Predicate[] = [];
  if (keys.size > 0) of.push(predicateOf({ keys: [...keys] }));
  if (tokens.size > 0) of.push(predicateOf({ keys: [...keysOfTokens], tokens: [...tokens] }));
  return anyOf(of);
}

function readCodes(text: string, modifier: 'in' | Direction, { name, parameter, context }: Term): TokenValue {
  const { lookups } = context;
  if (modifier === 'in') {
    const valueSet = unescapeValue(text);
    return { ask: 'codes', codes: lookUpCodes(lookups, name, { ask: 'value-set', valueSet }) };
  }
  const { system = impliedSystem(parameter, context), code } = readToken(text);
  if (!system || code === undefined) {
    throw new FhirError('invalid', `Parameter ${name}: '${text}' does not have the form system|code`);
  }
  const question: Question = { ask: 'concepts', system, code, direction: modifier };
  return { ask: 'codes', codes: lookUpCodes(lookups, name, question) };
}

/** What the binding of a `code` element says, where there is one. */
function impliedSystem({ elements }: Parameter, { definitions }: SearchContext): string | undefined {
  const binding = elements?.length === 1 ? elements[0]?.requiredBinding : undefined;
  return binding === undefined ? undefined : definitions.impliedSystem(binding);
}

function readText(text: string, { name }: Term): TokenValue {
  const written = unescapeValue(text);
  if (normaliseString(written) === '') throw new FhirError('invalid', `Parameter ${name}: '${text}' has no word`);
  return { ask: 'text', text: written };
}

/** `system|code|value`, where system and code are those of the identifier's type */
function readOfType(text: string, { name }: Term): TokenValue {
  const [system = '', code = '', ...rest] = splitEscaped(text, '|').map(unescapeValue);
  const value = rest.join('|');
  if (system === '' || code === '' || value === '') {
    throw new FhirError('invalid', `Parameter ${name}: '${text}' does not have the form system|code|value`);
  }
  return { ask: 'of-type', system, code, value };
}

const ofTypeToken = (param: string, value: string, system: string, code: string): string =>
  tokenKey(`${param}:of-type`, `${tokenPart(value)}|${tokenPart(code.toLowerCase())}`, system);

/** More alternatives than this are no cheaper than a negation. */
const MAX_COMPLEMENT = 40;

export default defineSearchType<TokenValue>({
  type: 'token',
  keys: 'k',
  modifiers: ['not', 'text', 'in', 'not-in', 'above', 'below', 'of-type'],
  prefixes: [],
  elements: {
    Coding: pushLoneCoding,
    CodeableConcept: pushConcept,
    Identifier: pushIdentifierOfType,
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

  parse(text, term) {
    switch (term.modifier) {
      case 'in':
      case 'not-in':
        return readCodes(text, 'in', term);
      case 'above':
      case 'below':
        return readCodes(text, term.modifier, term);
      case 'text':
        return readText(text, term);
      case 'of-type':
        return readOfType(text, term);
      default:
        return { ask: 'token', ...readToken(text) };
    }
  },
  match(value, code, { parameter, context }) {
    const shape = shapeOf(parameter, context);
    switch (value.ask) {
      case 'codes':
        return anyCode(code, value.codes, shape);
      case 'text':
        return hasText(code, value.text);
      case 'of-type': {
        const token = ofTypeToken(code, value.value, value.system, value.code);
        return predicateOf({ keys: [`${code}|${tokenPart(value.value)}`], tokens: [token] });
      }
      case 'token': {
        // `|` alone: values without any system
        if (value.code === undefined) return anyCodeOf(code, value.system ?? '', shape);
        const found = spellings(code, value, shape);
        return anyOf(found.map(({ key, token }) => predicateOf({ keys: [key], ...(token && { tokens: [token] }) })));
      }
    }
  },
  complement(values, code, { parameter, context }: Term) {
    const element = parameter.elements?.length === 1 ? parameter.elements[0] : undefined;
    if (element?.type !== 'code' || !element.isAlwaysOne || element.requiredBinding === undefined) return undefined;
    const shape = shapeOf(parameter, context);
    const codes = [...(context.definitions.codes(element.requiredBinding) ?? [])].filter(
      (entry) => !entry.includes('|'),
    );
    if (codes.length === 0 || codes.length > MAX_COMPLEMENT) return undefined;
    const excluded = new Set<string>();
    for (const value of values) {
      const those = value.ask === 'token' ? [value] : value.ask === 'codes' ? value.codes : undefined;
      if (!those?.every((one) => one.code !== undefined)) return undefined;
      for (const one of those) for (const { key } of spellings(code, one, shape)) excluded.add(key);
    }
    const keys = codes.map((entry) => `${code}|${tokenPart(entry)}`).filter((key) => !excluded.has(key));
    return { op: 'oneOf', keys };
  },
});
