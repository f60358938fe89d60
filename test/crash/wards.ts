// A small hospital for the storms: what it has, and a census that compares what it says over FHIR with its places.
import type { Appointment, Encounter, FhirResource, Location, Slot, Substance, SupplyDelivery } from 'fhir/r4.js';
import type { ServerProcess } from './server-process.ts';

const DEFINITIONS = 'https://wardgate.dev/fhir/StructureDefinition';
const PHYSICAL = 'http://terminology.hl7.org/CodeSystem/location-physical-type';
const HOUR = 3_600_000;

export const CAPACITY = 20;

const named = (name: string, length: number): string[] => Array.from({ length }, (_, index) => `${name}${index + 1}`);
export const patients = named('patient', 60);
export const slots = named('slot', 4);
export const beds = named('bed', 4);
export const items = named('item', 2);

const tomorrow = Math.ceil(Date.now() / HOUR) * HOUR + 24 * HOUR;
const at = (hours: number): string => new Date(tomorrow + hours * HOUR).toISOString();

/** When a slot is: each takes the hour after the one before. */
export function hourOf(slot: string): { start: string; end: string } {
  const index = slots.indexOf(slot);
  return { start: at(index), end: at(index + 1) };
}

export async function furnish(server: ServerProcess): Promise<void> {
  const resources = [
    ...patients.map((id) => ({ resourceType: 'Patient', id, name: [{ family: id }] })),
    { resourceType: 'Schedule', id: 'schedule', actor: [{ reference: 'Practitioner/doctor' }] },
    ...slots.map((id) => ({
      resourceType: 'Slot',
      id,
      extension: [{ url: `${DEFINITIONS}/slot-capacity`, valuePositiveInt: CAPACITY }],
      schedule: { reference: 'Schedule/schedule' },
      status: 'free',
      ...hourOf(id),
    })),
    ...beds.map((id) => ({
      resourceType: 'Location',
      id,
      name: id,
      physicalType: { coding: [{ system: PHYSICAL, code: 'bd' }] },
    })),
    ...items.map((id) => ({
      resourceType: 'Substance',
      id,
      meta: { profile: [`${DEFINITIONS}/stock-item`] },
      extension: [{ url: `${DEFINITIONS}/stock-reorder-level`, valueQuantity: { value: 10, unit: 'box' } }],
      code: { text: id },
    })),
  ];
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }));
  const reply = await server.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  if (reply.status !== 200) throw new Error(`The hospital cannot be furnished: ${reply.text}`);
}

export interface Census {
  appointments: Map<string, Appointment>;
  stays: Map<string, Encounter>;
  movements: Map<string, SupplyDelivery>;
  /** every disagreement, as a sentence; empty in a sound hospital */
  problems: string[];
}

interface Place {
  _id: string;
  taken?: number;
  patients?: string[];
  appointments?: { id: string }[];
  booked?: number;
  encounter?: string | null;
  bed?: string | null;
  lots?: { lot: string; quantity: string }[];
}

const HOLDING = new Set(['pending', 'booked', 'arrived', 'checked-in', 'fulfilled', 'noshow']);
const OPEN = new Set(['planned', 'arrived', 'triaged', 'in-progress', 'onleave']);

export async function takeCensus(server: ServerProcess): Promise<Census> {
  const [appointments, stays, movements, allSlots, allBeds, allItems, places] = await Promise.all([
    allOf<Appointment>(server, 'Appointment'),
    allOf<Encounter>(server, 'Encounter'),
    allOf<SupplyDelivery>(server, 'SupplyDelivery'),
    allOf<Slot>(server, 'Slot'),
    allOf<Location>(server, 'Location'),
    allOf<Substance>(server, 'Substance'),
    server.withDatabase((db) => db.collection<Place>('places').find().toArray()),
  ]);
  const placeOf = new Map(places.map((place) => [place._id, place]));
  const problems: string[] = [];
  const same = (what: string, found: unknown, expected: unknown): void => {
    const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
    if (a !== b) problems.push(`${what} is ${a}, not ${b}`);
  };

  let held = 0;
  for (const slot of allSlots.values()) {
    const holders = [...appointments.values()].filter(
      (appointment) =>
        HOLDING.has(appointment.status) && appointment.slot?.some(({ reference }) => reference === `Slot/${slot.id}`),
    );
    held += holders.length;
    const name = `Slot/${slot.id}`;
    const place = placeOf.get(name);
    const patientsIn = holders.map(({ participant }) => participant[0]?.actor?.reference?.split('/')[1]);
    same(`${name}: places taken`, place?.taken ?? 0, holders.length);
    same(`${name}: holders`, place?.appointments?.map(({ id }) => id).sort() ?? [], holders.map(({ id }) => id).sort());
    same(`${name}: patients`, [...(place?.patients ?? [])].sort(), patientsIn.sort());
    same(`${name}: status`, slot.status, holders.length >= CAPACITY ? 'busy' : 'free');
    if (holders.length > CAPACITY) problems.push(`${name} is overbooked: ${holders.length}`);
  }
  const days = places.filter(({ _id }) => _id.startsWith('BookedDay/'));
  same(
    'appointments counted for the doctor',
    days.reduce((sum, { booked = 0 }) => sum + booked, 0),
    held,
  );

  for (const bed of allBeds.values()) {
    const lying = [...stays.values()].filter((stay) => bedsOf(stay).includes(bed.id!));
    const name = `Bed/${bed.id}`;
    if (lying.length > 1) problems.push(`${name} has ${lying.length} patients`);
    same(`${name}: stay`, placeOf.get(name)?.encounter ?? null, lying[0]?.id ?? null);
    same(`${name}: is occupied`, bed.operationalStatus?.code === 'O', lying.length === 1);
    for (const stay of lying)
      same(`bed of ${stay.subject?.reference}`, placeOf.get(`BedOf${stay.subject?.reference}`)?.bed, bed.id);
  }
  const inBed = places.filter(({ _id, bed }) => _id.startsWith('BedOfPatient/') && typeof bed === 'string');
  same('patients in beds', inBed.length, [...stays.values()].flatMap(bedsOf).length);

  for (const item of allItems.values()) {
    const ledger = new Map<string, number>();
    for (const movement of movements.values()) {
      if (movement.suppliedItem?.itemReference?.reference !== `Substance/${item.id}`) continue;
      for (const { lot, change } of linesOf(movement)) ledger.set(lot, (ledger.get(lot) ?? 0) + change);
    }
    const name = `Stock/${item.id}`;
    const left = [...ledger].filter(([, quantity]) => quantity !== 0).sort();
    const balance = (item.instance ?? [])
      .map(({ identifier, quantity }) => [identifier?.value, quantity?.value])
      .sort();
    const kept = (placeOf.get(name)?.lots ?? []).map(({ lot, quantity }) => [lot, Number(quantity)]).sort();
    same(`${name}: balance`, balance, left);
    same(`${name}: place`, kept, left);
    for (const [lot, quantity] of left) if (quantity < 0) problems.push(`${name}: lot ${lot} is ${quantity}`);
  }

  for (const type of ['Appointment', 'Encounter', 'Slot', 'Location', 'Substance', 'SupplyDelivery'])
    problems.push(...(await gapsIn(server, type)));
  return { appointments, stays, movements, problems };
}

export const bedsOf = (stay: Encounter): string[] =>
  OPEN.has(stay.status)
    ? (stay.location ?? [])
        .filter(({ status }) => status === 'active')
        .map(({ location }) => location.reference?.split('/')[1] ?? '')
    : [];

function linesOf({ extension = [] }: SupplyDelivery): { lot: string; change: number }[] {
  const parts = extension.find(({ url }) => url === `${DEFINITIONS}/stock-movement`)?.extension ?? [];
  const sign = parts.find(({ url }) => url === 'direction')?.valueCode === 'receive' ? 1 : -1;
  return parts
    .filter(({ url }) => url === 'line')
    .map(({ extension: line = [] }) => ({
      lot: line.find(({ url }) => url === 'lot')?.valueString ?? '',
      change: sign * (line.find(({ url }) => url === 'quantity')?.valueQuantity?.value ?? Number.NaN),
    }));
}

interface Page {
  resourceType: 'Bundle';
  link?: { relation: string; url: string }[];
  entry?: { fullUrl?: string; resource?: FhirResource }[];
}

async function* pagesOf(server: ServerProcess, path: string): AsyncGenerator<FhirResource[]> {
  for (let next: string | undefined = path; next !== undefined; ) {
    const reply = await server.get(next);
    if (reply.status !== 200) throw new Error(`${next} answers ${reply.status}: ${reply.text}`);
    const page = reply.body as Page;
    yield (page.entry ?? []).flatMap(({ resource }) => (resource === undefined ? [] : [resource]));
    next = page.link?.find(({ relation }) => relation === 'next')?.url;
  }
}

async function allOf<T extends FhirResource>(server: ServerProcess, type: string): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for await (const page of pagesOf(server, `/${type}?_count=1000`))
    for (const resource of page) found.set(resource.id!, resource as T);
  return found;
}

/** Versions are numbered 1, 2, 3 … without a gap. */
export async function gapsIn(server: ServerProcess, type: string): Promise<string[]> {
  const versions = new Map<string, number[]>();
  for await (const page of pagesOf(server, `/${type}/_history?_count=1000`))
    for (const { id, meta } of page) versions.set(id!, [...(versions.get(id!) ?? []), Number(meta?.versionId)]);
  return [...versions]
    .map(([id, numbers]) => ({ id, numbers: numbers.sort((a, b) => a - b) }))
    .filter(({ numbers }) => numbers.some((version, index) => version !== index + 1))
    .map(({ id, numbers }) => `${type}/${id} has the versions ${numbers.join(', ')}`);
}
