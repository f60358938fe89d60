// URIs match exactly and case-sensitively; `:below` and `:above` go by the path. https://hl7.org/fhir/R4/search.html#uri
import type { Predicate } from '../../model/predicate.ts';
import { pushCanonical } from '../canonical-keys.ts';
import { keyPart, keyPartBeginning } from '../keys.ts';
import { defineSearchType, type KeySink } from '../search-type.ts';
import { unescapeValue } from '../separators.ts';

function pushUri(value: unknown, { code, keys }: KeySink): void {
  keys.k.push(`${code}|${keyPart(value as string)}`);
}

/** `http://a/b/c` → itself, `http://a/b`, `http://a` */
function withParents(uri: string): string[] {
  const parents = [uri];
  const root = uri.indexOf('://') + 2;
  for (let at = uri.lastIndexOf('/'); at > root; at = uri.lastIndexOf('/', at - 1))
    parents.push(uri.slice(0, at), uri.slice(0, at + 1));
  return [...new Set(parents)];
}

export default defineSearchType<string>({
  type: 'uri',
  keys: 'k',
  modifiers: ['above', 'below'],
  prefixes: [],
  elements: { uri: pushUri, url: pushUri, oid: pushUri, uuid: pushUri, canonical: pushCanonical },

  parse: (text) => unescapeValue(text),
  match(uri, code, { modifier }) {
    if (modifier === 'above')
      return { op: 'oneOf', keys: withParents(uri).map((parent) => `${code}|${keyPart(parent)}`) };
    const itself: Predicate = { op: 'equals', key: `${code}|${keyPart(uri)}` };
    if (modifier !== 'below') return itself;
    const folder = uri.endsWith('/') ? uri : `${uri}/`;
    return { op: 'or', of: [itself, { op: 'startsWith', in: 'k', prefix: `${code}|${keyPartBeginning(folder)}` }] };
  },
});
