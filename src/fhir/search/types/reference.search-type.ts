// References: `<param>|Type/id` for this server's resources, the whole URL for others, canonicals with and without version.
// https://hl7.org/fhir/R4/search.html#reference
import { FhirError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import { ID, type Resource } from '../../model/resource.ts';
import { pushCanonical } from '../canonical-keys.ts';
import { predicateOf } from '../confirmed.ts';
import { keyPart, keyPartBeginning, RELATIVE_REFERENCE } from '../keys.ts';
import { lookUpReferences } from '../lookups.ts';
import { defineSearchType, type KeySink, type Parameter, type Term } from '../search-type.ts';
import { unescapeValue } from '../separators.ts';
import { anyIdentifierOf, pushIdentifier, readToken, type TokenSearch, tokenKey, tokenPart } from '../token-keys.ts';
import { parentsOf } from '../tree-parents.ts';

interface Reference {
  reference?: string;
  identifier?: unknown;
}

function pushLiteral(literal: string, { code, keys, context }: KeySink): void {
  if (literal === '') return;
  if (literal.startsWith('#')) {
    // what is contained has its keys in its container
    if (code !== '') context.references?.push({ code, id: literal.slice(1) });
    return;
  }
  const { ownBase } = context;
  const text = ownBase !== undefined && literal.startsWith(ownBase) ? literal.slice(ownBase.length) : literal;
  const history = text.indexOf('/_history/');
  if (history > 0) keys.k.push(`${code}|${keyPart(text.slice(0, history))}`);
  keys.k.push(`${code}|${keyPart(text)}`);
}

function pushReference(value: unknown, sink: KeySink): void {
  const { reference, identifier } = value as Reference;
  if (reference !== undefined) pushLiteral(reference, sink);
  if (identifier) pushIdentifier(identifier, { ...sink, code: identifierCode(sink.code), coded: undefined });
}

const pushUri = (value: unknown, sink: KeySink): void => pushLiteral(value as string, sink);

/** A document's Composition and a message's header stand in their Bundle, not behind a reference. */
function pushResource(value: unknown, { code, keys }: KeySink): void {
  const { resourceType, id } = value as Resource;
  if (id !== undefined) keys.k.push(`${code}|${resourceType}/${id}`);
}

/** logical references have keys of their own, so that `exists` and includes see only literal ones */
const identifierCode = (code: string): string => `${code}:identifier`;

/** `below`: any version that begins so */
type ReferenceSearch = { keys: readonly string[]; below?: string } | { identifier: TokenSearch };

export default defineSearchType<ReferenceSearch>({
  type: 'reference',
  keys: 'k',
  modifiers: ['[type]', 'identifier', 'above', 'below'],
  prefixes: [],
  elements: {
    Reference: pushReference,
    Composition: pushResource,
    MessageHeader: pushResource,
    canonical: pushCanonical,
    uri: pushUri,
    url: pushUri,
    oid: pushUri,
    uuid: pushUri,
  },

  parse(text, term) {
    if (term.modifier === 'identifier') return { identifier: readToken(text) };
    const value = unescapeValue(text);
    const { base, calledBase } = term.context;
    const own = base ?? calledBase;
    const literal = own !== undefined && value.startsWith(`${own}/`) ? value.slice(own.length + 1) : value;
    const isTree = term.modifier === 'above' || term.modifier === 'below';
    if (literal.includes('/') || literal.includes(':')) {
      if (isTree) return readTree(literal, term);
      const asStored = base === undefined && literal !== value ? [value] : [];
      return { keys: [checkType(literal, term), ...asStored] };
    }
    if (!ID.test(literal)) throw new FhirError('invalid', `Parameter ${term.name}: '${text}' is not a reference`);
    const types = term.modifier === undefined || isTree ? term.parameter.targets : [term.modifier];
    if (!isTree) return { keys: types.map((type) => `${type}/${literal}`) };
    const grown = types.filter((type) => parentsOf(term.context.definitions, type).length > 0);
    if (grown.length === 0) throw noTree(types.join(', '), term);
    return { keys: grown.flatMap((type) => treeOf({ type, id: literal }, term)) };
  },
  match(value, code, { parameter }) {
    if ('identifier' in value) return identifierMatch(value.identifier, code);
    const onlyType = parameter.sources.find((source) => source.code === code)?.onlyType;
    const literals = onlyType === undefined ? value.keys : value.keys.filter((literal) => canBe(onlyType, literal));
    const keys = literals.map((literal) => `${code}|${keyPart(literal)}`);
    const found = predicateOf({ keys });
    return value.below === undefined
      ? found
      : { op: 'or', of: [found, { op: 'startsWith', in: 'k', prefix: `${code}|${keyPartBeginning(value.below)}` }] };
  },
});

/** Foreign URLs do not always tell their type. */
const canBe = (type: string, literal: string): boolean =>
  literal.startsWith(`${type}/`) || !RELATIVE_REFERENCE.test(literal);

function checkType(literal: string, { name, modifier }: Term): string {
  const type = RELATIVE_REFERENCE.exec(literal)?.[1];
  if (type === undefined || modifier === undefined || type === modifier) return literal;
  throw new FhirError('invalid', `Parameter ${name}: '${literal}' is not a reference to a ${modifier}`);
}

/**
 * `location:below=Location/1`: that location and all that are part of it. `instantiates:below=http://a|1`: version 1 and 1.x.
 * https://hl7.org/fhir/R4/search.html#recursive and references.html#canonical
 */
function readTree(literal: string, term: Term): ReferenceSearch {
  const [, type, id] = RELATIVE_REFERENCE.exec(literal) ?? [];
  if (type !== undefined && id !== undefined) {
    if (parentsOf(term.context.definitions, type).length === 0) throw noTree(type, term);
    return { keys: treeOf({ type, id }, term) };
  }
  if (!isCanonical(term.parameter)) {
    throw new FhirError('invalid', `Parameter ${term.name}: nothing is known above or below '${literal}'`);
  }
  const bar = literal.indexOf('|');
  if (bar < 0 || term.modifier === 'below') return { keys: [literal], ...(bar >= 0 && { below: `${literal}.` }) };
  const [url, version] = [literal.slice(0, bar), literal.slice(bar + 1).split('.')];
  return { keys: version.map((_part, index) => `${url}|${version.slice(0, index + 1).join('.')}`) };
}

const isCanonical = ({ elements }: Parameter): boolean =>
  elements?.some(({ type }) => type === 'canonical' || type === 'uri') ?? false;

function treeOf({ type, id }: { type: string; id: string }, { name, modifier, context }: Term): readonly string[] {
  const parents = parentsOf(context.definitions, type);
  const direction = modifier as 'above' | 'below';
  return lookUpReferences(context.lookups, name, { ask: 'tree', type, id, parents, direction });
}

const noTree = (types: string, { name }: Term): FhirError =>
  new FhirError('invalid', `Parameter ${name}: resources of ${types} are not part of each other`);

function identifierMatch({ system, code }: TokenSearch, param: string): Predicate {
  const name = identifierCode(param);
  if (code === undefined) return anyIdentifierOf(name, system ?? '');
  const part = tokenPart(code);
  const tokens = system === undefined ? {} : { tokens: [tokenKey(name, part, system)] };
  return predicateOf({ keys: [`${name}|${part}`], ...tokens });
}
