// How likely two patients are the same person: the Fellegi-Sunter model. Each field gives bits of evidence for or against, log2 of how much
// more often it comes out so for one person than for two; the sum and what is expected beforehand make a probability. Pure.
// The weights were set on Synthea patients with typing errors: tools/match/evaluate.ts measures them.
import type { Address, HumanName, Patient } from 'fhir/r4.js';
import { normaliseString } from '../../search/normalise-string.ts';
import { jaroWinkler, type Likeness, likenessOf, plainName } from './match-names.ts';

/** https://hl7.org/fhir/R4/codesystem-match-grade.html */
export type Grade = 'certain' | 'probable' | 'possible' | 'certainly-not';

export interface Score {
  /** 0 to 1 */
  score: number;
  grade: Grade;
}

/** Two patients of a large hospital are the same person once in 2^14 candidates, so much must be said for it. */
const PRIOR_BITS = -14;

const FAMILY: Record<Likeness, number> = {
  same: 6.6,
  nickname: 3,
  close: 5,
  sound: 3,
  initial: 1,
  somewhat: 1,
  different: -5,
};
const GIVEN: Record<Likeness, number> = {
  same: 6.2,
  nickname: 4.5,
  close: 4.8,
  sound: 2.5,
  initial: 2,
  somewhat: 0,
  different: -9,
};
/** a name that was taken on marriage is no great evidence against */
const FAMILY_OF_WOMEN = -2;
/** both names are there, each in the other's place */
const SWAPPED = 8;
const GENDER = { same: 0.9, different: -5 };
const BIRTH = { same: 12, near: 6.5, year: 3, month: 5, 'same-year': -1, different: -9 };
const IDENTIFIER = { same: 20, near: 8, different: -4 };
const EMAIL = 8;
const PHONE = 6;
const OTHER_CONTACTS = -0.5;
const ADDRESS = { same: 6, line: 4, postal: 2.5, city: 1, different: -1 };
/** Who lives together shares family name, address and telephone: together they say no more than this. */
const MOST_OF_HOUSEHOLD = 10.5;

const CERTAIN = 0.995;
const PROBABLE = 0.8;
const POSSIBLE = 0.05;

export function scoreOf(asked: Patient, candidate: Patient): Score {
  const identifier = identifierBits(asked, candidate);
  const name = nameBits(asked, candidate);
  const birth = birthBits(asked.birthDate, candidate.birthDate);
  const gender = genderBits(asked, candidate);
  const [contacts, address] = [contactBits(asked, candidate), addressBits(asked, candidate)];
  const household = Math.min(MOST_OF_HOUSEHOLD, name.family + contacts + address);
  const bits = PRIOR_BITS + identifier + name.given + household + birth + gender;
  const score = 1 / (1 + 2 ** -bits);
  const isIdentified = identifier >= IDENTIFIER.same;
  // a twin differs in the given name alone, a namesake in the birth date
  const isContradicted = !isIdentified && (name.isOther || birth < 0 || gender < 0);
  // a birth date that is nearly right needs something beside the name
  const isKnownWell =
    isIdentified || (name.given > 0 && (birth === BIRTH.same || (birth > 0 && contacts + address > 3)));
  const rounded = Math.round(score * 10_000) / 10_000;
  return { score: rounded, grade: gradeOf(score, isContradicted || !isKnownWell) };
}

function gradeOf(score: number, isDoubtful: boolean): Grade {
  if (score >= CERTAIN && !isDoubtful) return 'certain';
  if (score >= PROBABLE) return 'probable';
  return score >= POSSIBLE ? 'possible' : 'certainly-not';
}

interface NameBits {
  family: number;
  given: number;
  isOther: boolean;
}

/** Of all their names, the two that fit best. */
function nameBits(asked: Patient, candidate: Patient): NameBits {
  const pairs = (asked.name ?? []).flatMap((one) =>
    (candidate.name ?? []).map((other) => pairBits(partsOf(one), partsOf(other), asked)),
  );
  const best = pairs.sort((a, b) => b.family + b.given - (a.family + a.given))[0];
  return best ?? { family: 0, given: 0, isOther: false };
}

interface NameParts {
  family: string;
  given: readonly string[];
}

/** `text` alone is read as given names with the family name last. */
function partsOf({ family, given, text }: HumanName): NameParts {
  if (family === undefined && given === undefined && text !== undefined) {
    const words = normaliseString(text).split(' ');
    return { family: words.at(-1) ?? '', given: words.slice(0, -1) };
  }
  return { family: plainName(family ?? ''), given: (given ?? []).map(plainName).filter((name) => name !== '') };
}

function pairBits(asked: NameParts, candidate: NameParts, { gender }: Patient): NameBits {
  const family = compared(asked.family, candidate.family, FAMILY);
  const given = givenBits(asked.given, candidate.given);
  const isSwapped =
    asked.given[0] !== undefined &&
    candidate.given[0] !== undefined &&
    isAlike(asked.given[0], candidate.family) &&
    isAlike(asked.family, candidate.given[0]);
  if (isSwapped && family + given < SWAPPED) return { family: SWAPPED / 2, given: SWAPPED / 2, isOther: false };
  const isOther = family < 0 || given < 0;
  return { family: gender === 'female' && family < 0 ? FAMILY_OF_WOMEN : family, given, isOther };
}

const isAlike = (a: string, b: string): boolean => a !== '' && b !== '' && ['same', 'close'].includes(likenessOf(a, b));

const compared = (a: string, b: string, weights: Record<Likeness, number>): number =>
  a === '' || b === '' ? 0 : weights[likenessOf(a, b)];

/** The first names decide; a second name may be used as the first, or be left out. */
function givenBits(asked: readonly string[], candidate: readonly string[]): number {
  if (asked[0] === undefined || candidate[0] === undefined) return 0;
  const first = compared(asked[0], candidate[0], GIVEN);
  const crossed = [
    ...candidate.slice(1).map((name) => compared(asked[0]!, name, GIVEN)),
    ...asked.slice(1).map((name) => compared(name, candidate[0]!, GIVEN)),
  ].map((bits) => bits - 2);
  const best = Math.max(first, ...crossed);
  const second =
    asked[1] === undefined || candidate[1] === undefined || best !== first
      ? 0
      : compared(asked[1], candidate[1], GIVEN);
  return best + Math.max(-3, Math.min(2, second / 3));
}

function genderBits({ gender: a = 'unknown' }: Patient, { gender: b = 'unknown' }: Patient): number {
  if (a === 'unknown' || b === 'unknown') return 0;
  return a === b ? GENDER.same : GENDER.different;
}

function birthBits(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return 0;
  const length = Math.min(a.length, b.length);
  if (length === 4) return a.slice(0, 4) === b.slice(0, 4) ? BIRTH.year : BIRTH.different;
  if (length === 7) return a.slice(0, 7) === b.slice(0, 7) ? BIRTH.month : BIRTH.different;
  if (a === b) return BIRTH.same;
  if (birthVariants(a).includes(b)) return BIRTH.near;
  return a.slice(0, 4) === b.slice(0, 4) ? BIRTH['same-year'] : BIRTH.different;
}

/** What a birth date may have been before it was mistyped: neighbours, swapped day and month, swapped and mistaken digits. */
export function birthVariants(date: string): string[] {
  const [year = '', month = '', day = ''] = date.split('-');
  const pad = (number: number): string => String(number).padStart(2, '0');
  const variants = new Set<string>([`${year}-${day}-${month}`]);
  for (const by of [-1, 1]) {
    const next = new Date(`${date}T00:00:00Z`);
    if (!Number.isNaN(next.getTime())) {
      next.setUTCDate(next.getUTCDate() + by);
      variants.add(next.toISOString().slice(0, 10));
    }
    variants.add(`${year}-${pad(Number(month) + by)}-${day}`);
    for (const years of [by, by * 10, by * 100]) variants.add(`${Number(year) + years}-${month}-${day}`);
  }
  const digits = `${year}${month}${day}`;
  const dashed = (text: string): string => `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  for (let at = 0; at < digits.length; at++) {
    if (at > 0) variants.add(dashed(digits.slice(0, at - 1) + digits[at] + digits[at - 1] + digits.slice(at + 1)));
    if (at < 2) continue;
    for (let digit = 0; digit < 10; digit++) variants.add(dashed(digits.slice(0, at) + digit + digits.slice(at + 1)));
  }
  variants.delete(date);
  return [...variants].filter(isDate);
}

function isDate(text: string): boolean {
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text);
}

/** The best of the pairs of one system. */
function identifierBits(asked: Patient, candidate: Patient): number {
  const pairs = (asked.identifier ?? []).flatMap(({ system = '', value = '' }) =>
    (candidate.identifier ?? [])
      .filter((other) => value !== '' && system !== '' && other.system === system && other.value !== undefined)
      .map((other) =>
        other.value === value
          ? IDENTIFIER.same
          : jaroWinkler(other.value!, value) >= 0.94
            ? IDENTIFIER.near
            : IDENTIFIER.different,
      ),
  );
  return pairs.length === 0 ? 0 : Math.max(...pairs);
}

/** The last ten digits: what stands before them is written or left out. */
export const digitsOf = (phone: string): string => phone.replace(/\D/g, '').slice(-10);

function contactBits(asked: Patient, candidate: Patient): number {
  const of = ({ telecom = [] }: Patient, isEmail: boolean): string[] =>
    telecom
      .filter(({ system, value }) => value !== undefined && (system === 'email') === isEmail)
      .map(({ value }) => (isEmail ? value!.toLowerCase() : digitsOf(value!)))
      .filter((text) => text.length >= 5);
  const emails = [of(asked, true), of(candidate, true)] as const;
  const phones = [of(asked, false), of(candidate, false)] as const;
  const isShared = ([a, b]: readonly [string[], string[]]): boolean => a.some((text) => b.includes(text));
  if (isShared(emails)) return EMAIL;
  if (isShared(phones)) return PHONE;
  return [emails, phones].some(([a, b]) => a.length > 0 && b.length > 0) ? OTHER_CONTACTS : 0;
}

function addressBits(asked: Patient, candidate: Patient): number {
  const pairs = (asked.address ?? []).flatMap((one) =>
    (candidate.address ?? []).map((other) => bitsOfAddresses(one, other)),
  );
  return pairs.length === 0 ? 0 : Math.max(...pairs);
}

function bitsOfAddresses(a: Address, b: Address): number {
  const plain = (text: string | undefined): string => normaliseString(text ?? '');
  const [lineA, lineB] = [a, b].map(({ line, text }) => plain(line?.join(' ') ?? text));
  const [postalA, postalB] = [a, b].map(({ postalCode }) => plain(postalCode).slice(0, 5));
  const [cityA, cityB] = [a, b].map(({ city }) => plain(city));
  if (lineA === '' && postalA === '' && cityA === '') return 0;
  if (lineB === '' && postalB === '' && cityB === '') return 0;
  const isLine = lineA !== '' && lineB !== '' && jaroWinkler(lineA!, lineB!) >= 0.92;
  const isPostal = postalA !== '' && postalA === postalB;
  const isCity = cityA !== '' && cityA === cityB;
  if (isLine && (isPostal || isCity)) return ADDRESS.same;
  if (isLine) return ADDRESS.line;
  if (isPostal) return ADDRESS.postal;
  return isCity ? ADDRESS.city : ADDRESS.different;
}
