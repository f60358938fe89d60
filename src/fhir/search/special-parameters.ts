// Parameters with a meaning of their own: `_id` and `_lastUpdated`, which every stored version knows by itself, and `near`.
// https://hl7.org/fhir/R4/search.html#all and #special
import { FhirError } from '../model/errors.ts';
import { type Bound, everything, type Predicate } from '../model/predicate.ts';
import { ID } from '../model/resource.ts';
import { readDate } from './date-range.ts';
import { nearPredicate, somewhere } from './near.ts';
import type { Ordered, Prefix } from './prefixes.ts';
import type { FullText, Term } from './search-type.ts';
import { unescapeValue } from './separators.ts';
import { readWords } from './word-search.ts';

interface SpecialParameter {
  /** whether resources have keys for it */
  isStored: boolean;
  /** beside `:missing` */
  modifiers: readonly string[];
  /** what every resource meets that has a value */
  present: Predicate;
  parse(text: string, term: Term): Predicate;
}

const updated = (at: Bound): Predicate => ({ op: 'updated', at });

function words(where: 'narrative' | 'content', settings: readonly FullText[]): SpecialParameter {
  return {
    isStored: false,
    modifiers: ['not'],
    present: everything,
    parse(text, { name, context }) {
      if (!settings.includes(context.fullText)) {
        const wanted = settings.map((setting) => `FULL_TEXT=${setting}`).join(' or ');
        throw new FhirError(
          'not-supported',
          `Parameter ${name} needs an index that this server does not keep: ${wanted}`,
        );
      }
      return readWords(unescapeValue(text), where, name);
    },
  };
}

/** A moment against an interval. */
const updatedWhen: Readonly<Record<Prefix, (value: Ordered) => Predicate>> = {
  eq: ({ lo, hi }) => updated({ gte: lo, lte: hi }),
  ne: ({ lo, hi }) => ({ op: 'or', of: [updated({ lt: lo }), updated({ gt: hi })] }),
  gt: ({ hi }) => updated({ gt: hi }),
  lt: ({ lo }) => updated({ lt: lo }),
  ge: ({ lo }) => updated({ gte: lo }),
  le: ({ hi }) => updated({ lte: hi }),
  sa: ({ hi }) => updated({ gt: hi }),
  eb: ({ lo }) => updated({ lt: lo }),
  ap: ({ range }) => updated({ gte: range.lo, lte: range.hi }),
};

export const specialParameters: ReadonlyMap<string, SpecialParameter> = new Map<string, SpecialParameter>([
  [
    '_id',
    {
      isStored: false,
      modifiers: ['not'],
      present: everything,
      parse(text, term) {
        const id = unescapeValue(text);
        if (!ID.test(id)) throw new FhirError('invalid', `Parameter ${term.name}: '${text}' is not an id`);
        return { op: 'ids', ids: [id] };
      },
    },
  ],
  [
    '_lastUpdated',
    {
      isStored: false,
      modifiers: [],
      present: everything,
      parse(text, term) {
        const value = readDate(text, term);
        return updatedWhen[value.prefix](value);
      },
    },
  ],
  [
    'near',
    {
      isStored: true,
      modifiers: [],
      present: somewhere,
      parse: (text, term) => nearPredicate(text, term.name),
    },
  ],
  ['_text', words('narrative', ['narrative', 'all'])],
  ['_content', words('content', ['all'])],
]);
