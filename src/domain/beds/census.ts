// Counts beds. Pure.
import type { Location } from 'fhir/r4.js';
import { isOpen, statusOf, typeOf } from './bed.ts';

export interface Count {
  total: number;
  occupied: number;
  free: number;
  /** being cleaned, contaminated, closed, isolated or out of use */
  unavailable: number;
}

const NONE: Count = { total: 0, occupied: 0, free: 0, unavailable: 0 };

export const TYPES = ['general', 'icu', 'private', 'semi-private'] as const;

function count(beds: readonly Location[]): Count {
  const counted = { ...NONE };
  for (const bed of beds) {
    counted.total++;
    if (statusOf(bed) === 'O') counted.occupied++;
    else if (isOpen(bed)) counted.free++;
    else counted.unavailable++;
  }
  return counted;
}

export interface Census extends Count {
  byType: (Count & { type: string })[];
  byWard: (Count & { ward: { reference: string; display?: string } })[];
}

/** `wardOf` gives the ward a bed stands in, where it stands in one. The four usual types are listed even where there is no bed of them. */
export function censusOf(beds: readonly Location[], wardOf: (bed: Location) => Location | undefined): Census {
  const types = groupBy(beds, typeOf);
  const wards = groupBy(beds, wardOf);
  const known: readonly string[] = TYPES;
  const others = [...types.keys()].filter((type) => !known.includes(type)).sort();
  return {
    ...count(beds),
    byType: [...known, ...others].map((type) => ({ type, ...count(types.get(type) ?? []) })),
    byWard: [...wards].map(([{ id, name }, inside]) => ({
      ward: { reference: `Location/${id}`, ...(name === undefined ? {} : { display: name }) },
      ...count(inside),
    })),
  };
}

function groupBy<K>(beds: readonly Location[], keyOf: (bed: Location) => K | undefined): Map<K, Location[]> {
  const groups = new Map<K, Location[]>();
  for (const bed of beds) {
    const key = keyOf(bed);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [bed]);
    else group.push(bed);
  }
  return groups;
}
