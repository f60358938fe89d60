// How far a match is from the place that `near` names, as its entry tells it. https://hl7.org/fhir/R4/extension-location-distance.html
import { kilometresBetween } from '../model/distance.ts';
import { parseJson } from '../model/json.ts';
import type { SearchPlan } from '../search/index.ts';

const URL = 'http://hl7.org/fhir/StructureDefinition/location-distance';

interface Place {
  position?: { longitude?: number; latitude?: number };
}

/** Nothing where the search is not by distance; what goes into `entry.search` of one match otherwise. */
export function distanceTeller({ sort }: SearchPlan): (bytes: Buffer) => object {
  const from = sort.find((key) => key.by === 'distance');
  if (from === undefined) return () => ({});
  return (bytes) => {
    const { longitude, latitude } = (parseJson(bytes) as Place).position ?? {};
    if (longitude === undefined || latitude === undefined) return {};
    const metres = Math.round(kilometresBetween(from, { longitude, latitude }) * 1000);
    const valueDistance = { value: metres / 1000, unit: 'km', system: 'http://unitsofmeasure.org', code: 'km' };
    return { extension: [{ url: URL, valueDistance }] };
  };
}
