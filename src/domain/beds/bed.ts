// A bed is a Location whose physical type is `bd`; its state is Location.operationalStatus.
// https://hl7.org/fhir/R4/location.html and https://terminology.hl7.org/CodeSystem-v2-0116.html
import type { Coding, Location } from 'fhir/r4.js';
import { FhirError } from '../../fhir/model/errors.ts';

const PHYSICAL_TYPE = 'http://terminology.hl7.org/CodeSystem/location-physical-type';
const BED_STATUS = 'http://terminology.hl7.org/CodeSystem/v2-0116';
export const BED_TYPE = 'https://wardgate.dev/fhir/CodeSystem/bed-type';

export type BedStatus = 'O' | 'U' | 'H' | 'K' | 'C' | 'I';

const STATES: Readonly<Record<BedStatus, { display: string; why: string }>> = {
  U: { display: 'Unoccupied', why: 'is free' },
  O: { display: 'Occupied', why: 'is occupied' },
  H: { display: 'Housekeeping', why: 'is being cleaned (housekeeping)' },
  K: { display: 'Contaminated', why: 'is contaminated and waits for cleaning' },
  C: { display: 'Closed', why: 'is closed' },
  I: { display: 'Isolated', why: 'is isolated' },
};

const isOfPhysicalType = (location: Location | undefined, code: string): boolean =>
  location?.physicalType?.coding?.some(
    (coding) => coding.code === code && (coding.system ?? PHYSICAL_TYPE) === PHYSICAL_TYPE,
  ) ?? false;

/** A location that stands for one bed. */
export type Bed = Location & { physicalType: NonNullable<Location['physicalType']> };

export const isBed = (location: Location | undefined): location is Bed => isOfPhysicalType(location, 'bd');
export const isWard = (location: Location | undefined): location is Location => isOfPhysicalType(location, 'wa');

/** A bed that does not say is free. */
export function statusOf({ operationalStatus }: Location): BedStatus {
  const code = operationalStatus?.code ?? 'U';
  return code in STATES ? (code as BedStatus) : 'C';
}

export const statusCoding = (status: BedStatus): Coding => ({
  system: BED_STATUS,
  code: status,
  display: STATES[status].display,
});

/** May be given to a patient now, as far as the bed itself is concerned. */
export const isOpen = (bed: Location): boolean => statusOf(bed) === 'U' && (bed.status ?? 'active') === 'active';

/** general, icu, private, semi-private; `unspecified` where the bed does not say. */
export const typeOf = ({ type = [] }: Location): string =>
  type.flatMap(({ coding = [] }) => coding).find(({ system }) => system === BED_TYPE)?.code ?? 'unspecified';

export const nameOf = (bed: Location): string => (bed.name === undefined ? `Location/${bed.id}` : `Bed ${bed.name}`);

export function needBed(location: Location): Bed {
  if (isBed(location)) return location;
  throw new FhirError('business-rule', `Location/${location.id} is not a bed (its physicalType is not 'bd')`);
}

export function bedIsNotFree(bed: Location): FhirError {
  const why = isOpen(bed)
    ? 'is held for another patient'
    : statusOf(bed) === 'U'
      ? 'is out of use'
      : STATES[statusOf(bed)].why;
  return new FhirError('conflict', `${nameOf(bed)} ${why}. Choose another bed.`);
}
