// Quantities as intervals, by unit. https://hl7.org/fhir/R4/search.html#quantity
// Keys: an interval for each name of the unit: `<code>|<tag of system>`, and `<unit>` for `5.4||mg`. The last is not stored for
// UCUM quantities whose unit reads like the code, which is nearly all of them: the search asks for both spellings instead.
import { type CanonicalUnit, canonicalUnit } from '../canonical-units.ts';
import { anyOf } from '../confirmed.ts';
import { nextAbove, readNumber } from '../number-range.ts';
import { askInterval, illegalValue, type Ordered, PREFIXES, readPrefix } from '../prefixes.ts';
import { CONVERTED, pushInterval, pushRange, type Quantity, UCUM, unitToken } from '../quantity-keys.ts';
import { defineSearchType, type KeySink } from '../search-type.ts';
import { splitEscaped, unescapeValue } from '../separators.ts';

interface Money {
  value?: number;
  currency?: string;
}

interface SampledData {
  origin?: Quantity;
  factor?: number;
  lowerLimit?: number;
  upperLimit?: number;
  data?: string;
}

const CURRENCIES = 'urn:iso:std:iso:4217';

const comparators: Readonly<Record<string, { lo?: number; hi?: number; openEnd?: 'lo' | 'hi' }>> = {
  '<': { lo: Number.NEGATIVE_INFINITY, openEnd: 'hi' },
  '<=': { lo: Number.NEGATIVE_INFINITY },
  '>=': { hi: Number.POSITIVE_INFINITY },
  '>': { hi: Number.POSITIVE_INFINITY, openEnd: 'lo' },
};

function pushQuantity(value: unknown, sink: KeySink): void {
  const quantity = value as Quantity;
  const { value: number, comparator } = quantity;
  if (typeof number !== 'number') return;
  const { lo = number, hi = number, openEnd } = (comparator && comparators[comparator]) || {};
  pushInterval(sink, lo, hi, quantity, openEnd);
}

function pushMoney(value: unknown, sink: KeySink): void {
  const { value: amount, currency } = value as Money;
  if (typeof amount !== 'number') return;
  pushInterval(sink, amount, amount, currency === undefined ? {} : { system: CURRENCIES, code: currency });
}

/** Only the bounds of the samples count; `E` is no value, `L` and `U` are the limits. */
function pushSampledData(value: unknown, sink: KeySink): void {
  const { origin, factor = 1, lowerLimit, upperLimit, data } = value as SampledData;
  if (origin?.value === undefined || data === undefined) return;
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const text of data.split(/\s+/)) {
    const sample = text === 'L' ? lowerLimit : text === 'U' ? upperLimit : text === '' ? Number.NaN : Number(text);
    if (sample === undefined || Number.isNaN(sample)) continue;
    lo = Math.min(lo, origin.value + sample * factor);
    hi = Math.max(hi, origin.value + sample * factor);
  }
  if (lo <= hi) pushInterval(sink, lo, hi, origin);
}

interface QuantitySearch extends Ordered {
  unit?: string;
  system?: string;
}

/** The precision is that of the number as it was asked for, in its own unit. */
const inUnit = ({ prefix, lo, hi, range }: Ordered, { convert }: CanonicalUnit): Ordered => ({
  prefix,
  lo: convert(lo),
  hi: convert(hi),
  // more digits than a conversion keeps still stand for the number itself
  range: {
    lo: convert(range.lo),
    hi: Math.max(convert(range.hi), nextAbove(convert(hi))),
    isHalfOpen: range.isHalfOpen,
  },
});

export default defineSearchType<QuantitySearch>({
  type: 'quantity',
  keys: 'q',
  modifiers: [],
  prefixes: PREFIXES,
  elements: {
    Quantity: pushQuantity,
    SimpleQuantity: pushQuantity,
    MoneyQuantity: pushQuantity,
    Age: pushQuantity,
    Count: pushQuantity,
    Distance: pushQuantity,
    Duration: pushQuantity,
    Money: pushMoney,
    Range: pushRange,
    SampledData: pushSampledData,
  },

  parse(text, term) {
    const [number = '', system = '', unit = '', ...more] = splitEscaped(text, '|').map(unescapeValue);
    if (more.length > 0 || (system !== '' && unit === '')) {
      throw illegalValue(term.name, text, 'a quantity such as 5.4, 5.4|http://unitsofmeasure.org|mg or 5.4||mg');
    }
    const { prefix, rest } = readPrefix(number);
    return { ...readNumber(prefix, rest, text, term), ...(unit !== '' && { unit }), ...(system !== '' && { system }) };
  },
  match(value, code) {
    const { unit, system } = value;
    if (unit === undefined) return askInterval(code, value, 'q', { units: 'any' });
    const units = system === undefined ? [unitToken(unit, UCUM), unitToken(unit)] : [unitToken(unit, system)];
    const canonical = system === UCUM ? canonicalUnit(unit) : undefined;
    if (!canonical) return askInterval(code, value, 'q', { units });
    const converted = inUnit(value, canonical);
    return anyOf([
      askInterval(code, converted, 'q', { units: [unitToken(canonical.unit, UCUM)] }),
      askInterval(`${code}${CONVERTED}`, converted, 'q', { units: [canonical.unit] }),
    ]);
  },
});
