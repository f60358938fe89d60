// `near=latitude|longitude|distance|unit` of a Location. https://hl7.org/fhir/R4/location.html#search
import { FhirError } from '../model/errors.ts';
import type { Predicate } from '../model/predicate.ts';
import type { KeySink } from './search-type.ts';
import { splitEscaped, unescapeValue } from './separators.ts';

export function pushPosition(value: unknown, { keys }: KeySink): void {
  const { latitude, longitude } = value as { latitude?: number; longitude?: number };
  if (typeof latitude !== 'number' || typeof longitude !== 'number') return;
  // what is nowhere on earth is near nothing
  if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) keys.at = { longitude, latitude };
}

/** Any place that is known at all. */
export const somewhere: Predicate = {
  op: 'near',
  longitude: 0,
  latitude: 0,
  kilometres: Number.POSITIVE_INFINITY,
};

/** UCUM units and what people write for them, in kilometres */
const KILOMETRES: Readonly<Record<string, number>> = {
  km: 1,
  m: 0.001,
  '[mi_us]': 1.609347,
  '[mi_i]': 1.609344,
  mi: 1.609344,
  '[ft_i]': 0.0003048,
  '[nmi_i]': 1.852,
};
/** how far is near where nothing is said */
const USUAL_DISTANCE = '20';

export function nearPredicate(text: string, name: string): Predicate & { op: 'near' } {
  const [latitudeText = '', longitudeText = '', distanceText, unit, ...more] = splitEscaped(text, '|').map(
    unescapeValue,
  );
  const latitude = readNumber(latitudeText, 90);
  const longitude = readNumber(longitudeText, 180);
  const distance = readNumber(distanceText || USUAL_DISTANCE, Number.MAX_VALUE);
  const kilometres = Object.hasOwn(KILOMETRES, unit || 'km') ? KILOMETRES[unit || 'km'] : undefined;
  const isComplete = latitude !== undefined && longitude !== undefined && distance !== undefined && distance >= 0;
  if (!isComplete || kilometres === undefined || more.length > 0) {
    const units = Object.keys(KILOMETRES).join(', ');
    throw new FhirError(
      'invalid',
      `Parameter ${name}: '${text}' is not latitude|longitude|distance|unit with a unit of ${units}`,
    );
  }
  return { op: 'near', longitude, latitude, kilometres: distance * kilometres };
}

function readNumber(text: string, limit: number): number | undefined {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  return Math.abs(value) <= limit ? value : undefined;
}
