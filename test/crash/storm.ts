// Many callers who book, cancel, lay into beds, release and move stock at once, through crashes, and remember what they were told.
// An answer is a promise; no answer, or 503, says nothing about what happened.
import assert from 'node:assert/strict';
import { sleep } from '../../src/platform/clock/clock.ts';
import type { Reply } from '../support/fhir-client.ts';
import type { ServerProcess } from './server-process.ts';
import { until } from './until.ts';
import { beds, bedsOf, type Census, hourOf, items, patients, slots } from './wards.ts';

/** what an acknowledgement says about a thing; `unsure` where a later request about it got no answer */
type Known<State> = State | 'unsure';

export interface Storm {
  /** answers that promised something, so far */
  acknowledged(): number;
  /** waits until so many more promises were made */
  untilMore(count: number): Promise<void>;
  /** lets requests in work end and sends no more */
  calm(): Promise<void>;
  rage(): void;
  /** one line for the report */
  summary(): string;
  /** promises that the census does not keep */
  broken(census: Census): string[];
}

const CALLERS = 24;
/** before a caller who got no answer asks again */
const PAUSE_MS = 100;

export function createStorm(server: ServerProcess): Storm {
  const appointments = new Map<string, Known<'booked' | 'cancelled'>>();
  const stays = new Map<string, { state: Known<'in bed' | 'left'>; bed: string }>();
  const movements = new Set<string>();
  const cancellable: string[] = [];
  /** releases per bed whose effect nobody knows */
  const doubts = new Map<string, number>();
  const unanswered = { appointments: 0, stays: 0, movements: 0 };
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  let promises = 0;
  let keys = 0;
  let isRaging = false;
  let callers: Promise<void>[] = [];
  /** requests with a key that wait for an answer; they are sent again until they have one */
  const owed: (() => Promise<void>)[] = [];

  /** undefined: whether it happened is not known */
  async function ask(
    name: string,
    path: string,
    body: unknown,
    refusals: number[] = [409],
  ): Promise<Reply | undefined> {
    const reply = await server.post(path, body).catch(() => undefined);
    const status = reply?.status ?? 'no answer';
    counts.set(`${name} ${status}`, (counts.get(`${name} ${status}`) ?? 0) + 1);
    if (reply === undefined || reply.status === 503) {
      await sleep(PAUSE_MS);
      return undefined;
    }
    if (reply.status < 300) promises += 1;
    else if (!refusals.includes(reply.status)) wrong.push(`${name} answers ${reply.status}: ${reply.text}`);
    return reply;
  }

  const booked = (reply: Reply | undefined): void => {
    if (reply?.status !== 201 || appointments.has(reply.body.id)) return;
    appointments.set(reply.body.id, 'booked');
    cancellable.push(reply.body.id);
  };
  const moved = (reply: Reply | undefined): void => {
    if (reply?.status === 201) movements.add(reply.body.id);
  };

  /** The same request again and again until there is an answer: it must not be done twice. */
  async function insist(
    name: string,
    path: string,
    body: Record<string, unknown>,
    then: (reply: Reply) => void,
  ): Promise<void> {
    const keyed = { ...body, idempotencyKey: `key-${keys++}` };
    const again = async (): Promise<void> => {
      const reply = await ask(name, path, keyed);
      if (reply === undefined) owed.push(again);
      else then(reply);
    };
    await again();
  }

  const actions: Record<string, { weight: number; act: () => Promise<void> }> = {
    book: {
      weight: 5,
      async act() {
        const reply = await ask('$book', '/Appointment/$book', bookingOf());
        if (reply === undefined) unanswered.appointments += 1;
        booked(reply);
      },
    },
    'book with a key': {
      weight: 5,
      act: () => insist('$book with a key', '/Appointment/$book', bookingOf(), booked),
    },
    'post an appointment': {
      weight: 3,
      async act() {
        const { slot, patient } = bookingOf();
        const reply = await ask('POST Appointment', '/Appointment', {
          resourceType: 'Appointment',
          status: 'booked',
          slot: [{ reference: slot }],
          ...hourOf(slot.slice('Slot/'.length)),
          participant: [{ actor: { reference: patient }, status: 'accepted' }],
        });
        if (reply === undefined) unanswered.appointments += 1;
        booked(reply);
      },
    },
    cancel: {
      weight: 9,
      async act() {
        const [id] = cancellable.splice(Math.floor(Math.random() * cancellable.length), 1);
        if (id === undefined) return;
        appointments.set(id, 'unsure');
        const reply = await ask('$cancel', `/Appointment/${id}/$cancel`, undefined, []);
        if (reply?.status === 200) appointments.set(id, 'cancelled');
      },
    },
    'assign a bed': {
      weight: 6,
      async act() {
        const bed = oneOf(beds);
        const doubt = doubts.get(bed);
        const reply = await ask('$assign-bed', `/Location/${bed}/$assign-bed`, { patient: patientOf() });
        if (reply === undefined) unanswered.stays += 1;
        if (reply?.status !== 200 || stays.has(reply.body.id)) return;
        stays.set(reply.body.id, { bed, state: doubts.get(bed) === doubt ? 'in bed' : 'unsure' });
      },
    },
    'release a bed': {
      weight: 6,
      async act() {
        const bed = oneOf(beds);
        const reply = await ask('$release-bed', `/Location/${bed}/$release-bed`, { next: 'unoccupied' });
        if (reply?.status === 200) stays.set(reply.body.id, { bed, state: 'left' });
        if (reply !== undefined) return;
        doubts.set(bed, (doubts.get(bed) ?? 0) + 1);
        for (const stay of stays.values()) if (stay.bed === bed && stay.state === 'in bed') stay.state = 'unsure';
      },
    },
    receive: {
      weight: 2,
      async act() {
        const body = { quantity: { value: 5 }, lot: `lot${Math.floor(Math.random() * 4)}` };
        const reply = await ask('$receive-stock', `/Substance/${oneOf(items)}/$receive-stock`, body);
        if (reply === undefined) unanswered.movements += 1;
        moved(reply);
      },
    },
    issue: {
      weight: 2,
      async act() {
        const reply = await ask('$issue-stock', `/Substance/${oneOf(items)}/$issue-stock`, issueOf());
        if (reply === undefined) unanswered.movements += 1;
        moved(reply);
      },
    },
    'issue with a key': {
      weight: 2,
      act: () => insist('$issue-stock with a key', `/Substance/${oneOf(items)}/$issue-stock`, issueOf(), moved),
    },
  };
  const dice = Object.values(actions).flatMap(({ weight, act }) => Array.from({ length: weight }, () => act));

  async function call(): Promise<void> {
    while (isRaging) await (owed.shift() ?? oneOf(dice))();
  }

  async function calm(): Promise<void> {
    isRaging = false;
    await Promise.all(callers);
    callers = [];
  }

  return {
    calm,
    acknowledged: () => promises,
    rage() {
      isRaging = true;
      callers = Array.from({ length: CALLERS }, call);
    },
    async untilMore(count) {
      const enough = promises + count;
      await until(`${count} more promises`, () => promises >= enough);
    },
    summary() {
      const lines = [...counts].sort().map(([name, count]) => `${name}: ${count}`);
      return `${promises} promises kept; ${lines.join(', ')}`;
    },
    broken(census) {
      const problems = [...wrong];
      for (const [id, known] of appointments) {
        const status = census.appointments.get(id)?.status;
        const isKept = known === 'unsure' ? status !== undefined : status === known;
        if (!isKept) problems.push(`Appointment/${id} was ${known}, and is ${status}`);
      }
      for (const [id, { state, bed }] of stays) {
        const stay = census.stays.get(id);
        const isIn = stay !== undefined && bedsOf(stay).includes(bed);
        if (stay === undefined || (state === 'in bed' && !isIn) || (state === 'left' && isIn))
          problems.push(`Encounter/${id} was ${state} (${bed}), and is ${stay && JSON.stringify(stay.location)}`);
      }
      for (const id of movements) if (!census.movements.has(id)) problems.push(`SupplyDelivery/${id} is lost`);
      // Requests with a key are owed an answer: each may have made one thing that is not known yet.
      for (const kind of ['appointments', 'stays', 'movements'] as const) {
        const told = { appointments, stays, movements }[kind].size;
        const most = told + unanswered[kind] + owed.length;
        if (census[kind].size > most)
          problems.push(`${census[kind].size} ${kind}, where at most ${most} were asked for`);
      }
      return problems;
    },
  };
}

const oneOf = <T>(values: readonly T[]): T => {
  const value = values[Math.floor(Math.random() * values.length)];
  assert.ok(value !== undefined);
  return value;
};
const patientOf = (): string => `Patient/${oneOf(patients)}`;
const bookingOf = (): { slot: string; patient: string } => ({ slot: `Slot/${oneOf(slots)}`, patient: patientOf() });
const issueOf = (): Record<string, unknown> => ({ quantity: { value: 1 + Math.floor(Math.random() * 3) } });
