// How many beds are free, by type and by ward: of the whole hospital, or below one location (a building, a ward, a room).
import type { Location } from 'fhir/r4.js';
import { defineOperation, everyMatch, type Store } from '../../fhir/index.ts';
import type { Predicate } from '../../fhir/model/predicate.ts';
import type { LocationBedAvailabilityInput, LocationBedAvailabilityOutput } from '../../generated/operation-io.ts';
import { contentOf, idOf, need, needId } from '../shared/resources.ts';
import { isWard, typeOf } from './bed.ts';
import { censusOf } from './census.ts';

export default defineOperation<LocationBedAvailabilityInput, LocationBedAvailabilityOutput>({
  definition: 'Location-bed-availability',
  needs: ['Location.rs'],
  async run({ organization, type }, { target, store, call }) {
    if (target.id !== undefined) await need<Location>(store, 'Location', target.id);
    const owner = organization && needId({ reference: organization }, 'Organization', call, 'organization');
    const beds = await allBeds(store);
    const places = await withParents(store, beds);
    const chainOf = (bed: Location): Location[] => {
      const chain: Location[] = [];
      for (
        let at: Location | undefined = bed;
        at !== undefined && !chain.includes(at);
        at = places.get(parentOf(at) ?? '')
      ) {
        chain.push(at);
      }
      return chain;
    };
    const counted = beds.filter(
      (bed) =>
        (type === undefined || typeOf(bed) === type) &&
        (target.id === undefined || chainOf(bed).some(({ id }) => id === target.id)) &&
        (owner === undefined ||
          chainOf(bed).some(({ managingOrganization }) => idOf(managingOrganization, 'Organization') === owner)),
    );
    return censusOf(counted, (bed) => chainOf(bed).find(isWard));
  },
});

const parentOf = ({ partOf }: Location): string | undefined => idOf(partOf, 'Location');

/** By the search parameter `physical-type` of profiles/. */
async function allBeds(store: Store): Promise<Location[]> {
  const where: Predicate = { op: 'equals', key: 'physical-type|bd' };
  const beds: Location[] = [];
  for await (const match of everyMatch(store, { type: 'Location', where, atOnce: 1000 })) {
    beds.push(contentOf<Location>({ ...match, method: 'PUT' })!);
  }
  return beds;
}

/** Rooms, wards, floors and buildings around the beds, level by level. */
async function withParents(store: Store, beds: readonly Location[]): Promise<Map<string, Location>> {
  const places = new Map(beds.map((bed) => [bed.id!, bed]));
  let level: readonly Location[] = beds;
  while (level.length > 0) {
    const missing = new Set(level.map(parentOf).filter((id): id is string => id !== undefined && !places.has(id)));
    const versions = await store.readMany([...missing].map((id) => ({ type: 'Location', id })));
    level = versions.map((version) => contentOf<Location>(version)).filter((location) => location !== undefined);
    for (const location of level) places.set(location.id!, location);
  }
  return places;
}
