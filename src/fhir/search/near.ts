// `near=latitude|longitude|distance|unit` of a Location. What is near lies in the box around that circle: its corners are up to
// 41 % farther than was asked, and nothing nearer is missed. https://hl7.org/fhir/R4/location.html#search
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import type { KeySink } from './search-type.ts';
import { splitEscaped, unescapeValue } from './separators.ts';

const LATITUDE = 'near|latitude';
const LONGITUDE = 'near|longitude';

export function pushPosition(value: unknown, { keys }: KeySink): void {
  const { latitude, longitude } = value as { latitude?: number; longitude?: number };
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return;
  keys.q.push({ p: LATITUDE, lo: latitude, hi: latitude }, { p: LONGITUDE, lo: longitude, hi: longitude });
}

/** UCUM units and what people write for them, in kilometres */
const KILOMETRES: Readonly<Record<string, number>> = {
  km: 1,
  m: 0.001,
  '[mi_us]': 1.609347,
  '[mi_i]': 1.609344,
  mi: 1.609344,
};
const KILOMETRES_PER_DEGREE = 111.195;
/** how far is near where nothing is said */
const USUAL_DISTANCE = '20';

export function nearPredicate(text: string, name: string): Predicate {
  const [latitudeText = '', longitudeText = '', distanceText, unit] = splitEscaped(text, '|').map(unescapeValue);
  const latitude = readNumber(latitudeText, 90);
  const longitude = readNumber(longitudeText, 180);
  const distance = readNumber(distanceText || USUAL_DISTANCE, Number.MAX_VALUE);
  const kilometres = KILOMETRES[unit || 'km'];
  if (latitude === undefined || longitude === undefined || distance === undefined || distance < 0 || !kilometres) {
    const units = Object.keys(KILOMETRES).join(', ');
    throw new FhirError(
      'invalid',
      `Parameter ${name}: '${text}' is not latitude|longitude|distance|unit with a unit of ${units}`,
    );
  }
  const height = (distance * kilometres) / KILOMETRES_PER_DEGREE;
  return {
    op: 'and',
    of: [within(LATITUDE, latitude - height, latitude + height), longitudes(latitude, longitude, height)],
  };
}

function readNumber(text: string, limit: number): number | undefined {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Math.abs(value) <= limit ? value : undefined;
}

const within = (param: string, from: number, to: number): Predicate => ({
  op: 'interval',
  in: 'q',
  param,
  lo: { gte: from },
  hi: { lte: to },
});

/** Degrees of longitude shrink towards the poles, and go round at 180. */
function longitudes(latitude: number, longitude: number, height: number): Predicate {
  const highest = Math.abs(latitude) + height;
  const width = highest >= 90 ? 180 : height / Math.cos((highest * Math.PI) / 180);
  if (width >= 180) return within(LONGITUDE, -180, 180);
  const [from, to] = [longitude - width, longitude + width];
  if (from < -180) return { op: 'or', of: [within(LONGITUDE, from + 360, 180), within(LONGITUDE, -180, to)] };
  if (to > 180) return { op: 'or', of: [within(LONGITUDE, from, 180), within(LONGITUDE, -180, to - 360)] };
  return within(LONGITUDE, from, to);
}
