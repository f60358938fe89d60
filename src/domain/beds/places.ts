// The places of a bed and of a patient: one small document each, at which a crowd is decided (docs/adr/0008-places.md).
// `Bed/<id>`: one encounter at a time. `BedOfPatient/<id>`: one bed at a time.
import type { Location } from 'fhir/r4.js';
import type { Place, Transaction } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import { bedIsNotFree, isOpen, nameOf, statusOf } from './bed.ts';

const untouched = (bed: Location): Readonly<Record<string, unknown>> => ({ open: isOpen(bed), encounter: null });

export async function takeBed(tx: Transaction, bed: Location, encounter: string): Promise<void> {
  const guard = { open: true, encounter: null };
  const taken = await tx.changePlace('Bed', bed.id!, guard, { $set: { encounter } }, untouched(bed));
  if (taken === undefined) throw bedIsNotFree(bed);
}

/** A bed that was left is closed until someone says that it is clean. */
export const leaveBed = (tx: Transaction, bed: string, encounter: string): Promise<Place | undefined> =>
  tx.changePlace('Bed', bed, { encounter }, { $set: { encounter: null, open: false } });

export async function layPatient(tx: Transaction, patient: string, bed: Location, encounter: string): Promise<void> {
  const update = { $set: { bed: bed.id, encounter } };
  const lies = await tx.changePlace('BedOfPatient', patient, { bed: null }, update, { bed: null, encounter: null });
  if (lies !== undefined) return;
  const other = await tx.readPlace('BedOfPatient', patient);
  throw new FhirError(
    'conflict',
    `This patient already lies in Location/${other?.bed} (Encounter/${other?.encounter}). Release that bed first.`,
  );
}

export const raisePatient = (tx: Transaction, patient: string, bed: string): Promise<Place | undefined> =>
  tx.changePlace('BedOfPatient', patient, { bed }, { $set: { bed: null, encounter: null } });

/** The bed's own state changed. Made where missing, so that an assignment at the same moment notices. */
export async function syncBed(tx: Transaction, before: Location, after: Location): Promise<void> {
  const guard = statusOf(after) === 'O' && (after.status ?? 'active') === 'active' ? {} : { encounter: null };
  const synced = await tx.changePlace('Bed', after.id!, guard, { $set: { open: isOpen(after) } }, untouched(before));
  if (synced === undefined) throw await isOccupied(tx, before);
}

/** The bed is deleted or is no bed any more. */
export async function removeBed(tx: Transaction, bed: Location): Promise<void> {
  const closed = await tx.changePlace('Bed', bed.id!, { encounter: null }, { $set: { open: false } }, untouched(bed));
  if (closed === undefined) throw await isOccupied(tx, bed);
  await tx.removePlace('Bed', bed.id!);
}

async function isOccupied(tx: Transaction, bed: Location): Promise<FhirError> {
  const place = await tx.readPlace('Bed', bed.id!);
  return new FhirError(
    'conflict',
    `${nameOf(bed)} is occupied by Encounter/${place?.encounter}. Release the bed first.`,
  );
}
