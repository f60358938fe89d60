// Numbers as intervals; a searched number stands for everything that rounds to it as written. https://hl7.org/fhir/R4/search.html#number

import { readNumber } from '../number-range.ts';
import { askInterval, type Ordered, PREFIXES, readPrefix } from '../prefixes.ts';
import { pushPlainRange } from '../quantity-keys.ts';
import { defineSearchType, type KeySink } from '../search-type.ts';
import { unescapeValue } from '../separators.ts';

function pushNumber(value: unknown, { code, keys }: KeySink): void {
  if (typeof value === 'number') keys.q.push({ p: code, lo: value, hi: value });
}

export default defineSearchType<Ordered>({
  type: 'number',
  keys: 'q',
  modifiers: [],
  prefixes: PREFIXES,
  elements: {
    decimal: pushNumber,
    integer: pushNumber,
    positiveInt: pushNumber,
    unsignedInt: pushNumber,
    Range: pushPlainRange,
  },

  parse(text, term) {
    const { prefix, rest } = readPrefix(unescapeValue(text));
    return readNumber(prefix, rest, text, term);
  },
  match: (value, code) => askInterval(code, value, 'q'),
});
