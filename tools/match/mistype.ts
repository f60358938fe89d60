// Patients as a hurried clerk types them: the same person again with a few errors, and people who are easily taken for one another.
import type { HumanName, Patient } from 'fhir/r4.js';
import { nicknamesOf } from '../../src/fhir/operations/standard/match-names.ts';

/** Equal seeds give equal numbers: https://en.wikipedia.org/wiki/Xorshift */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

type Random = () => number;
type Mistake = (patient: Patient, random: Random) => Patient;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)]!;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** A letter left out, doubled, mistaken, added or swapped with its neighbour. */
function mistypeWord(word: string, random: Random): string {
  if (word.length < 3) return word;
  const at = 1 + below(random, word.length - 1);
  const [before, letter, after] = [word.slice(0, at), word[at]!, word.slice(at + 1)];
  return pick(random, [
    () => before + after,
    () => before + letter + letter + after,
    () => before + pick(random, [...LETTERS]) + after,
    () => before + pick(random, [...LETTERS]) + letter + after,
    () => word.slice(0, at - 1) + letter + word[at - 1] + after,
  ])();
}

function mistypeDate(date: string, random: Random): string {
  const [year = '', month = '', day = ''] = date.split('-');
  const pad = (number: number): string => String(number).padStart(2, '0');
  const wrong = pick(random, [
    () => (Number(day) <= 12 ? `${year}-${day}-${month}` : `${year}-${month}-${pad(Number(day) - 1)}`),
    () => `${year}-${month}-${pad(Math.min(28, Number(day) + 1))}`,
    () => `${Number(year) + (random() < 0.5 ? 1 : -1)}-${month}-${pad(Math.min(28, Number(day)))}`,
    () => `${year.slice(0, 2)}${year[3]}${year[2]}-${month}-${pad(Math.min(28, Number(day)))}`,
    () => `${year}-${month}-${day[0]}${pick(random, [...'12345678'])}`,
  ])();
  return Number.isNaN(Date.parse(wrong)) || Number(wrong.slice(8)) > 28 ? date : wrong;
}

const withName = (patient: Patient, change: (name: HumanName) => HumanName): Patient => ({
  ...patient,
  name: (patient.name ?? []).slice(0, 1).map(change),
});
const withGiven = (patient: Patient, change: (given: string) => string): Patient =>
  withName(patient, (name) => ({
    ...name,
    given: (name.given ?? []).map((one, index) => (index === 0 ? change(one) : one)),
  }));

export const mistakes: Readonly<Record<string, Mistake>> = {
  given: (patient, random) => withGiven(patient, (given) => mistypeWord(given, random)),
  family: (patient, random) =>
    withName(patient, (name) => ({ ...name, family: mistypeWord(name.family ?? '', random) })),
  nickname: (patient, random) =>
    withGiven(patient, (given) => {
      const nicknames = nicknamesOf(given.toLowerCase());
      return nicknames.length === 0 ? given : pick(random, nicknames);
    }),
  swapped: (patient) =>
    withName(patient, ({ family = '', given = [], ...name }) => ({ ...name, family: given[0] ?? '', given: [family] })),
  birthDate: (patient, random) => ({ ...patient, birthDate: mistypeDate(patient.birthDate ?? '', random) }),
  moved: ({ address: _, ...patient }) => ({
    ...patient,
    address: [{ line: ['1 Other Road'], city: 'Elsewhere', postalCode: '99999' }],
  }),
  telephone: ({ telecom: _, ...patient }) => ({ ...patient, telecom: [{ system: 'phone', value: '999-555-0000' }] }),
  withoutMiddle: (patient) => withName(patient, (name) => ({ ...name, given: (name.given ?? []).slice(0, 1) })),
  withoutGender: ({ gender: _, ...patient }) => patient,
  withoutContacts: ({ telecom: _, address: _address, ...patient }) => patient,
};

/** As asked for: no id, one identifier in three times, and so many mistakes. */
export function mistyped(patient: Patient, count: number, random: Random): { asked: Patient; made: string[] } {
  const { id: _, meta: _meta, text: _text, extension: _extension, identifier = [], ...rest } = patient;
  let asked: Patient = random() < 0.33 ? { ...rest, identifier: [pick(random, identifier)] } : rest;
  const made: string[] = [];
  while (made.length < count) {
    const name = pick(
      random,
      Object.keys(mistakes).filter((one) => !made.includes(one)),
    );
    asked = mistakes[name]!(asked, random);
    made.push(name);
  }
  return { asked, made };
}

/** A twin, a sibling, a child of the same name and a namesake: others, each with an id of its own. */
export function lookalikes(patient: Patient, others: readonly Patient[], random: Random): Patient[] {
  const { identifier: _, multipleBirthBoolean: _birth, ...person } = patient;
  const of = (suffix: string, more: Patient): Patient => ({ ...person, id: `${patient.id}-${suffix}`, ...more });
  const givenOf = (other: Patient): string[] => other.name?.[0]?.given ?? [];
  const givens = others
    .filter((other) => other.gender === patient.gender && givenOf(other)[0] !== givenOf(patient)[0])
    .map(givenOf);
  const renamed = withName(person, (name) => ({ ...name, given: pick(random, givens) })).name!;
  const birthDate = (other: Patient): string => other.birthDate ?? '1970-01-01';
  const stranger = pick(
    random,
    others.filter(({ id }) => id !== patient.id),
  );
  return [
    of('twin', { resourceType: 'Patient', name: renamed }),
    of('sibling', { resourceType: 'Patient', name: renamed, birthDate: birthDate(stranger) }),
    of('child', {
      resourceType: 'Patient',
      birthDate: `${Number(birthDate(patient).slice(0, 4)) + 27}-${birthDate(stranger).slice(5)}`,
    }),
    of('namesake', {
      resourceType: 'Patient',
      birthDate: birthDate(stranger),
      address: stranger.address ?? [],
      telecom: stranger.telecom ?? [],
    }),
  ];
}

/** Synthea numbers its names: `Okuneva707` */
export const withoutNumbers = (patient: Patient): Patient => ({
  ...patient,
  name: (patient.name ?? []).map((name) => ({
    ...name,
    ...(name.family !== undefined && { family: name.family.replace(/\d+/g, '') }),
    ...(name.given !== undefined && { given: name.given.map((given) => given.replace(/\d+/g, '')) }),
  })),
});
