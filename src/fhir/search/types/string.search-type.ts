// Strings: from the beginning, whatever the case, accents and punctuation; `:contains` anywhere; `:exact` as written.
// https://hl7.org/fhir/R4/search.html#string
import { defineSearchType, type KeySink } from '../search-type.ts';
import { unescapeValue } from '../separators.ts';
import { exactPart, pushText, textPart } from '../string-keys.ts';

/** Every text of a HumanName or an Address can be meant. */
const parts = (names: readonly string[]) => (value: unknown, sink: KeySink) => {
  for (const name of names) {
    const part = (value as Record<string, unknown>)[name];
    if (Array.isArray(part)) for (const text of part) pushText(text, sink);
    else pushText(part, sink);
  }
};

export default defineSearchType<string>({
  type: 'string',
  keys: 's',
  modifiers: ['exact', 'contains'],
  prefixes: [],
  elements: {
    string: pushText,
    markdown: pushText,
    code: pushText,
    uri: pushText,
    HumanName: parts(['text', 'family', 'given', 'prefix', 'suffix']),
    Address: parts(['text', 'line', 'city', 'district', 'state', 'postalCode', 'country']),
    CodeableConcept: parts(['text']),
    Annotation: parts(['text']),
  },

  parse: (text) => unescapeValue(text),
  match(text, code, { modifier }) {
    if (modifier === 'contains') return { op: 'contains', param: code, text: textPart(text) };
    const prefix = modifier === 'exact' ? exactPart(text) : textPart(text);
    return { op: 'startsWith', in: 's', prefix: `${code}:${prefix}` };
  },
});
