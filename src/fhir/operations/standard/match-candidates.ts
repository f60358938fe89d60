// Patients worth comparing, by a handful of searches that each have an index: by identifier, birth date, mistyped birth date with a name, both
// names, contact points, and postal code with a given name. Whoever is alike enough to be a match meets at least one of them.
import type { Patient } from 'fhir/r4.js';
import type { Engine } from '../../interactions/call.ts';
import { escapeValue, planCriteria, tokenValue } from '../../search/index.ts';
import { normaliseString } from '../../search/normalise-string.ts';
import type { Store } from '../../storage/store.ts';
import { nicknamesOf } from './match-names.ts';
import { birthVariants, digitsOf } from './match-score.ts';
import { contentOf } from './stored.ts';

/** More than this many in one block have too little in common to be told apart by what is left. */
const MOST_OF_BLOCK = 500;

type Criteria = readonly (readonly [name: string, value: string])[];

export async function candidatesFor(
  { engine, store }: { engine: Engine; store: Store },
  asked: Patient,
): Promise<Patient[]> {
  const { definitions, settings, now } = engine;
  const blocks = blocksOf(asked).map(async (query) => {
    const { where } = planCriteria({ definitions, type: 'Patient', query, settings, now: now() });
    return (await store.find({ type: 'Patient', where, sort: [], limit: MOST_OF_BLOCK, total: 'none' })).matches;
  });
  const found = new Map((await Promise.all(blocks)).flat().map((match) => [match.id, match]));
  return [...found.values()].map((match) => contentOf(match) as never as Patient).filter(isSurviving);
}

/** Of merged records only the one that goes on is meant. */
const isSurviving = ({ link = [] }: Patient): boolean => !link.some(({ type }) => type === 'replaced-by');

const either = (values: Iterable<string>): string => [...new Set(values)].map(escapeValue).join(',');

export function blocksOf({ identifier = [], name = [], birthDate, telecom = [], address = [] }: Patient): Criteria[] {
  const blocks: Criteria[] = [];
  const words = (texts: readonly (string | undefined)[]): string[] =>
    texts.flatMap((text) => normaliseString(text ?? '').split(' ')).filter((word) => word !== '');
  const families = words(name.map(({ family, text, given }) => family ?? (given === undefined ? text : undefined)));
  const givens = words(
    name.flatMap(({ given = [], text, family }) => (given.length > 0 || family !== undefined ? given : [text])),
  );
  const beginnings = (names: readonly string[], length: number): string[] => names.map((one) => one.slice(0, length));

  const identifiers = identifier.filter(({ value }) => value !== undefined && value !== '');
  if (identifiers.length > 0) {
    const tokens = identifiers.map(({ system, value }) => tokenValue(system, value!));
    blocks.push([['identifier', [...new Set(tokens)].join(',')]]);
  }
  if (birthDate !== undefined && birthDate.length === 10) {
    blocks.push([['birthdate', birthDate]]);
    const names = beginnings([...families, ...givens], 2);
    if (names.length > 0)
      blocks.push([
        ['birthdate', birthVariants(birthDate).join(',')],
        ['name', either(names)],
      ]);
  }
  if (families.length > 0 && givens.length > 0) {
    const first = [...givens, ...givens.flatMap(nicknamesOf)];
    blocks.push([
      ['name', either(beginnings(families, 3))],
      ['name', either(beginnings(first, 3))],
    ]);
  } else if (families.length + givens.length > 0) blocks.push([['name', either([...families, ...givens])]]);
  const contacts = telecom.flatMap(({ value }) => (value === undefined ? [] : spellingsOf(value)));
  if (contacts.length > 0) blocks.push([['telecom', either(contacts)]]);
  const postal = address.flatMap(({ postalCode }) => postalCode?.slice(0, 5) ?? []);
  if (postal.length > 0 && givens.length > 0)
    blocks.push([
      ['address-postalcode', either(postal)],
      ['given', either(beginnings(givens, 3))],
    ]);
  return blocks;
}

/** A telephone number as different hands write it. */
function spellingsOf(value: string): string[] {
  const digits = digitsOf(value);
  if (digits.length !== 10 || value.includes('@')) return [value.toLowerCase()];
  const [area, exchange, line] = [digits.slice(0, 3), digits.slice(3, 6), digits.slice(6)];
  const plain = [digits, `${area}-${exchange}-${line}`, `(${area}) ${exchange}-${line}`, `${area}.${exchange}.${line}`];
  return [
    value.toLowerCase(),
    ...plain,
    `+1${digits}`,
    `1-${area}-${exchange}-${line}`,
    `+1 ${area}-${exchange}-${line}`,
  ];
}
