import assert from 'node:assert/strict';
import { countByStatus, type Hospital, openHospital, parametersOf, sentenceOf } from '../support/hospital.ts';

const CAPACITY = 'https://wardgate.dev/fhir/StructureDefinition/slot-capacity';
const MAXIMUM = 'https://wardgate.dev/fhir/StructureDefinition/daily-maximum';

describe('appointments', () => {
  let hospital: Hospital;
  let count = 0;
  before(async () => {
    hospital = await openHospital('appointments', { timeZone: 'America/New_York' });
    await hospital.have({
      resourceType: 'PractitionerRole',
      id: 'role1',
      extension: [{ url: MAXIMUM, valuePositiveInt: 50 }],
    });
    await hospital.have({ resourceType: 'Schedule', id: 'sch1', actor: [{ reference: 'PractitionerRole/role1' }] });
    for (const id of ['ann', 'bob', 'cem'])
      await hospital.have({ resourceType: 'Patient', id, name: [{ family: id }] });
  });
  after(() => hospital.close());

  /** a free slot on a schedule of its own, tomorrow at nine */
  async function aSlot(capacity = 1, more: Record<string, unknown> = {}): Promise<string> {
    const id = `slot${++count}`;
    await hospital.have({ resourceType: 'Schedule', id: `for-${id}`, actor: [{ reference: `Practitioner/of-${id}` }] });
    await hospital.have(slotWith(id, { extension: [{ url: CAPACITY, valuePositiveInt: capacity }], ...more }));
    return id;
  }
  const slotWith = (id: string, more: Record<string, unknown> = {}) => ({
    resourceType: 'Slot',
    id,
    schedule: { reference: `Schedule/for-${id}` },
    status: 'free',
    start: '2026-11-24T09:00:00-05:00',
    end: '2026-11-24T09:20:00-05:00',
    ...more,
  });
  const book = (
    slot: string,
    patient: string,
    more: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ) => hospital.post('/Appointment/$book', { slot: `Slot/${slot}`, patient: `Patient/${patient}`, ...more }, headers);
  const anAppointment = (slot: string, patient: string, more: Record<string, unknown> = {}) => ({
    resourceType: 'Appointment',
    status: 'booked',
    start: '2026-11-24T09:00:00-05:00',
    end: '2026-11-24T09:20:00-05:00',
    slot: [{ reference: `Slot/${slot}` }],
    participant: [{ actor: { reference: `Patient/${patient}` }, status: 'accepted' }],
    ...more,
  });
  const slotStatus = async (slot: string): Promise<string> => (await hospital.get(`/Slot/${slot}`)).body.status;

  describe('$book', () => {
    it('makes an appointment at the time of the slot and fills the slot', async () => {
      const slot = await aSlot();
      const reply = await book(slot, 'ann', { reason: 'Cough' });
      assert.equal(reply.body.resourceType, 'Appointment', reply.text);
      assert.equal(reply.status, 201);
      assert.equal(reply.headers.get('location'), `${hospital.base}/Appointment/${reply.body.id}/_history/1`);
      const { status, start, minutesDuration, reasonCode, participant } = reply.body;
      assert.deepEqual(
        { status, start, minutesDuration, reasonCode },
        {
          status: 'booked',
          start: '2026-11-24T09:00:00-05:00',
          minutesDuration: 20,
          reasonCode: [{ text: 'Cough' }],
        },
      );
      assert.deepEqual(
        participant.map(({ actor }: { actor: { reference: string } }) => actor.reference),
        ['Patient/ann', `Practitioner/of-${slot}`],
      );
      assert.equal(await slotStatus(slot), 'busy');
    });

    it('gives exactly as many places as the slot has to a crowd', async () => {
      const slot = await aSlot(20);
      const patients = Array.from({ length: 1000 }, (_, index) => `crowd${index}`);
      const entry = patients.map((id) => ({
        resource: { resourceType: 'Patient', id },
        request: { method: 'PUT', url: `Patient/${id}` },
      }));
      assert.equal((await hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry })).status, 200);
      const replies = await hospital.postAll(
        patients.map((id) => ({
          path: '/Appointment/$book',
          body: { slot: `Slot/${slot}`, patient: `Patient/${id}` },
        })),
      );
      assert.deepEqual(countByStatus(replies), { 201: 20, 409: 980 });
      const refused = replies.find(({ status }) => status === 409)!;
      assert.equal(sentenceOf(refused), 'This slot is full: all 20 places are taken. Choose another time.');
      const found = await hospital.get(`/Appointment?slot=Slot/${slot}&_summary=count`);
      assert.equal(found.body.total, 20);
      assert.equal(await slotStatus(slot), 'busy');
    });

    it('gives exactly as many places when several servers share the database', async () => {
      const other = await hospital.another();
      const slot = await aSlot(5);
      const patients = Array.from({ length: 40 }, (_, index) => `shared${index}`);
      for (const id of patients) await hospital.have({ resourceType: 'Patient', id });
      const requests = patients.map((id) => ({
        path: '/Appointment/$book',
        body: { slot: `Slot/${slot}`, patient: `Patient/${id}` },
      }));
      const replies = (
        await Promise.all([hospital.postAll(requests.slice(0, 20)), other.postAll(requests.slice(20))])
      ).flat();
      assert.deepEqual(countByStatus(replies), { 201: 5, 409: 35 });
      assert.equal(await slotStatus(slot), 'busy');
    });

    it('books once when the same key comes to two servers', async () => {
      const other = await hospital.another();
      const slot = await aSlot(3);
      const body = { slot: `Slot/${slot}`, patient: 'Patient/cem', idempotencyKey: 'k3' };
      const request = { path: '/Appointment/$book', body };
      const replies = (await Promise.all([hospital, other].map((server) => server.postAll([request, request])))).flat();
      assert.deepEqual(countByStatus(replies), { 201: 4 });
      assert.equal(new Set(replies.map(({ body: { id } }) => id)).size, 1);
    });

    it('never books the same patient twice into a slot', async () => {
      const slot = await aSlot(5);
      const replies = await Promise.all([1, 2, 3, 4].map(() => book(slot, 'ann')));
      assert.deepEqual(countByStatus(replies), { 201: 1, 409: 3 });
      assert.match(
        sentenceOf(replies.find(({ status }) => status === 409)!),
        /already has an appointment in this slot/,
      );
    });

    it('never goes above the doctor’s daily maximum, over all slots of the day', async () => {
      await hospital.have({
        resourceType: 'PractitionerRole',
        id: 'few',
        extension: [{ url: MAXIMUM, valuePositiveInt: 2 }],
      });
      await hospital.have({ resourceType: 'Schedule', id: 'few', actor: [{ reference: 'PractitionerRole/few' }] });
      const at = (hour: string) => ({
        schedule: { reference: 'Schedule/few' },
        start: `2026-11-24T${hour}:00:00-05:00`,
        end: `2026-11-24T${hour}:20:00-05:00`,
      });
      const slots = ['few1', 'few2', 'few3'];
      for (const [index, id] of slots.entries()) await hospital.have(slotWith(id, at(`1${index}`)));
      const replies = await Promise.all(slots.map((slot) => book(slot, 'bob')));
      assert.deepEqual(countByStatus(replies), { 201: 2, 409: 1 });
      assert.match(sentenceOf(replies.find(({ status }) => status === 409)!), /at most 2 appointments on 2026-11-24/);
      const booked = replies.find(({ status }) => status === 201)!;
      await hospital.post(`/Appointment/${booked.body.id}/$cancel`, {});
      const free = slots[replies.findIndex(({ status }) => status === 409)]!;
      assert.equal((await book(free, 'bob')).status, 201);
    });

    it('answers a repeated call with the same appointment, and a different one under the same key with 422', async () => {
      const slot = await aSlot(3);
      const first = await book(slot, 'ann', { idempotencyKey: 'k1', reason: 'Cough' });
      const again = await book(slot, 'ann', { reason: 'Cough' }, { 'Idempotency-Key': 'k1' });
      assert.deepEqual([again.status, again.body], [201, first.body]);
      assert.equal(again.headers.get('idempotency-replayed'), 'true');
      await hospital.post(`/Appointment/${first.body.id}/$cancel`, {});
      assert.deepEqual((await book(slot, 'ann', { idempotencyKey: 'k1', reason: 'Cough' })).body, first.body);
      const other = await book(slot, 'bob', { idempotencyKey: 'k1', reason: 'Cough' });
      assert.equal(other.status, 422);
      assert.deepEqual(other.body.issue[0].expression, ['idempotencyKey']);
    });

    it('books once for many equal calls at the same moment', async () => {
      const slot = await aSlot(1);
      const replies = await Promise.all(Array.from({ length: 20 }, () => book(slot, 'cem', { idempotencyKey: 'k2' })));
      assert.deepEqual(countByStatus(replies), { 201: 20 });
      assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
    });

    const refusals: [title: string, slot: Record<string, unknown>, status: number, sentence: RegExp][] = [
      ['a blocked slot', { status: 'busy-unavailable' }, 409, /is blocked/],
      ['a slot that is over', { start: '2026-11-20T09:00:00-05:00', end: '2026-11-20T09:20:00-05:00' }, 422, /is over/],
    ];
    for (const [title, more, status, sentence] of refusals) {
      it(`refuses ${title}`, async () => {
        const reply = await book(await aSlot(1, more), 'ann');
        assert.match(sentenceOf(reply), sentence);
        assert.equal(reply.status, status);
      });
    }

    it('says what is missing or unknown', async () => {
      const slot = await aSlot();
      assert.equal((await hospital.post('/Appointment/$book', { slot: `Slot/${slot}` })).status, 400);
      assert.equal((await book('nowhere', 'ann')).status, 404);
      assert.equal((await book(slot, 'nobody')).status, 404);
      assert.equal((await hospital.get('/Appointment/$book')).status, 405);
    });
  });

  describe('$cancel', () => {
    it('gives the place back and keeps the reason', async () => {
      const slot = await aSlot();
      const { body } = await book(slot, 'ann');
      const reply = await hospital.post(`/Appointment/${body.id}/$cancel`, {
        reason: 'Feels better',
        reasonCode: 'pat',
      });
      assert.equal(reply.body.status, 'cancelled', reply.text);
      assert.equal(reply.body.cancelationReason.text, 'Feels better');
      assert.equal(reply.body.cancelationReason.coding[0].code, 'pat');
      assert.equal(await slotStatus(slot), 'free');
      assert.equal((await book(slot, 'bob')).status, 201);
    });

    it('changes nothing the second time', async () => {
      const { body } = await book(await aSlot(), 'ann');
      await hospital.post(`/Appointment/${body.id}/$cancel`, {});
      const again = await hospital.post(`/Appointment/${body.id}/$cancel`, {});
      assert.deepEqual([again.status, again.body.meta.versionId], [200, '2']);
    });

    it('is too late for a patient who has arrived', async () => {
      const { body } = await book(await aSlot(), 'ann');
      await hospital.put(`/Appointment/${body.id}`, { ...body, status: 'arrived' });
      const reply = await hospital.post(`/Appointment/${body.id}/$cancel`, {});
      assert.equal(sentenceOf(reply), 'The patient has already arrived; it cannot be cancelled');
      assert.equal(reply.status, 409);
    });

    it('answers 404 for what does not exist', async () => {
      assert.equal((await hospital.post('/Appointment/none/$cancel', {})).status, 404);
    });
  });

  describe('a plain write', () => {
    it('of a booked Appointment takes a place, and is refused where there is none', async () => {
      const slot = await aSlot();
      assert.equal((await hospital.post('/Appointment', anAppointment(slot, 'ann'))).status, 201);
      assert.equal(await slotStatus(slot), 'busy');
      const reply = await hospital.post('/Appointment', anAppointment(slot, 'bob'));
      assert.match(sentenceOf(reply), /This slot is full/);
      assert.equal(reply.status, 409);
    });

    it('of a proposed Appointment takes none', async () => {
      const slot = await aSlot();
      await hospital.post('/Appointment', anAppointment(slot, 'ann', { status: 'proposed' }));
      assert.equal(await slotStatus(slot), 'free');
    });

    it('that moves an Appointment moves its place', async () => {
      const [from, to] = [await aSlot(), await aSlot()];
      const { body } = await book(from, 'ann');
      await hospital.put(`/Appointment/${body.id}`, { ...body, slot: [{ reference: `Slot/${to}` }] });
      assert.deepEqual([await slotStatus(from), await slotStatus(to)], ['free', 'busy']);
    });

    it('that gives the place to another patient keeps it taken', async () => {
      const slot = await aSlot();
      const { body } = await book(slot, 'ann');
      const reply = await hospital.put(`/Appointment/${body.id}`, { ...body, ...anAppointment(slot, 'bob') });
      assert.equal(reply.status, 200, reply.text);
      assert.equal(await slotStatus(slot), 'busy');
    });

    it('that patches the status to cancelled gives the place back', async () => {
      const slot = await aSlot();
      const { body } = await book(slot, 'ann');
      await hospital.patch(`/Appointment/${body.id}`, [{ op: 'replace', path: '/status', value: 'cancelled' }]);
      assert.equal(await slotStatus(slot), 'free');
    });

    it('that deletes an Appointment gives the place back', async () => {
      const slot = await aSlot();
      const { body } = await book(slot, 'ann');
      await hospital.delete(`/Appointment/${body.id}`);
      assert.equal(await slotStatus(slot), 'free');
    });

    it('of a Bundle that overbooks is refused as a whole', async () => {
      const slot = await aSlot(2);
      const entry = ['ann', 'bob', 'cem'].map((patient) => ({
        resource: anAppointment(slot, patient),
        request: { method: 'POST', url: 'Appointment' },
      }));
      const reply = await hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.equal(reply.status, 409, reply.text);
      assert.equal((await hospital.get(`/Appointment?slot=Slot/${slot}&_summary=count`)).body.total, 0);
      assert.equal((await book(slot, 'ann')).status, 201);
    });

    it('of a Bundle may bring a slot and its appointment in any order, and take both away again', async () => {
      const bundle = (entry: unknown[]) => hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry });
      const both = await bundle([
        {
          resource: { ...anAppointment('together', 'ann'), id: 'together' },
          request: { method: 'PUT', url: 'Appointment/together' },
        },
        { resource: slotWith('together'), request: { method: 'PUT', url: 'Slot/together' } },
      ]);
      assert.equal(both.status, 200, both.text);
      assert.equal(await slotStatus('together'), 'busy');
      const gone = await bundle([
        { request: { method: 'DELETE', url: 'Slot/together' } },
        { request: { method: 'DELETE', url: 'Appointment/together' } },
      ]);
      assert.equal(gone.status, 200, gone.text);
      assert.equal((await hospital.get('/Slot/together')).status, 410);
    });
  });

  describe('a slot', () => {
    it('with a booking cannot be deleted or moved', async () => {
      const slot = await aSlot(2);
      await book(slot, 'ann');
      const { body } = await hospital.get(`/Slot/${slot}`);
      const deleted = await hospital.delete(`/Slot/${slot}`);
      assert.match(sentenceOf(deleted), /^1 appointment is in this slot, so it can be neither moved nor removed/);
      assert.equal(deleted.status, 409);
      const moved = await hospital.put(`/Slot/${slot}`, { ...body, start: '2026-11-24T08:50:00-05:00' });
      assert.equal(moved.status, 409);
    });

    it('cannot shrink below its bookings, and can grow', async () => {
      const slot = await aSlot(2);
      await book(slot, 'ann');
      await book(slot, 'bob');
      const { body } = await hospital.get(`/Slot/${slot}`);
      const sized = (capacity: number, status: string) =>
        hospital.put(`/Slot/${slot}`, { ...body, status, extension: [{ url: CAPACITY, valuePositiveInt: capacity }] });
      const shrunk = await sized(1, 'busy');
      assert.match(sentenceOf(shrunk), /2 appointments are already in this slot/);
      assert.equal(shrunk.status, 409);
      assert.match(sentenceOf(await sized(2, 'free')), /This slot is full/);
      assert.equal((await sized(3, 'free')).status, 200);
      assert.equal((await book(slot, 'cem')).status, 201);
      assert.equal(await slotStatus(slot), 'busy');
    });

    it('without bookings can be deleted, and comes back empty', async () => {
      const slot = await aSlot();
      const { body } = await book(slot, 'ann');
      await hospital.post(`/Appointment/${body.id}/$cancel`, {});
      assert.ok((await hospital.delete(`/Slot/${slot}`)).status < 300);
      assert.equal((await book(slot, 'ann')).status, 410);
      await hospital.have(slotWith(slot));
      assert.equal((await book(slot, 'ann')).status, 201);
    });

    it('does not overlap another of its schedule, but may touch it', async () => {
      const slot = await aSlot();
      const schedule = { reference: `Schedule/for-${slot}` };
      const beside = slotWith('x', { schedule, start: '2026-11-24T09:20:00-05:00', end: '2026-11-24T09:40:00-05:00' });
      const across = slotWith('y', { schedule, start: '2026-11-24T14:10:00Z', end: '2026-11-24T14:15:00Z' });
      const touches = await hospital.post('/Slot', beside);
      assert.equal(touches.status, 201, touches.text);
      const reply = await hospital.post('/Slot', across);
      assert.equal(
        sentenceOf(reply),
        `The slot overlaps Slot/${slot} of the same schedule; a schedule does one thing at a time`,
      );
      assert.equal(reply.status, 409);
    });

    it('is either deleted or booked, never both', async () => {
      for (let round = 0; round < 15; round++) {
        const slot = await aSlot();
        const [booked, deleted] = await Promise.all([book(slot, 'ann'), hospital.delete(`/Slot/${slot}`)]);
        assert.ok(
          booked.status === 201 ? deleted.status === 409 : deleted.status < 300,
          `${booked.status} ${deleted.status}`,
        );
      }
    });
  });

  describe('$generate-slots', () => {
    const week = { from: '2026-11-30', to: '2026-12-06', startTime: '09:00:00', endTime: '12:00:00', minutes: 30 };
    const generate = (schedule: string, more: Record<string, unknown> = {}) =>
      hospital.post(`/Schedule/${schedule}/$generate-slots`, { ...week, ...more });

    it('makes the slots of a week in the hospital’s time zone, with their capacity', async () => {
      const reply = await generate('sch1', { daysOfWeek: ['mon', 'fri'], capacity: 3 });
      const { created, existing, skipped, slot } = parametersOf(reply) as {
        created: number;
        existing: number;
        skipped: number;
        slot: { reference: string }[];
      };
      assert.deepEqual({ created, existing, skipped }, { created: 12, existing: 0, skipped: 0 }, reply.text);
      const { body } = await hospital.get(`/${slot[0]!.reference}`);
      assert.deepEqual(
        [body.status, body.start, body.end],
        ['free', '2026-11-30T09:00:00-05:00', '2026-11-30T09:30:00-05:00'],
      );
      assert.equal(body.extension[0].valuePositiveInt, 3);
    });

    it('makes only what is missing the second time', async () => {
      const { created, existing } = parametersOf(
        await generate('sch1', { daysOfWeek: ['mon', 'tue', 'fri'], capacity: 3 }),
      );
      assert.deepEqual({ created, existing }, { created: 6, existing: 12 });
    });

    it('makes each slot once however often it runs at the same moment', async () => {
      await hospital.have({ resourceType: 'Schedule', id: 'race', actor: [{ reference: 'Practitioner/race' }] });
      const replies = await Promise.all([1, 2, 3].map(() => generate('race')));
      assert.deepEqual(countByStatus(replies), { 200: 3 });
      const made = replies.map((reply) => parametersOf(reply).created as number);
      assert.equal(
        made.reduce((a, b) => a + b, 0),
        42,
      );
    });

    it('leaves out what overlaps other slots and says so', async () => {
      await hospital.have({ resourceType: 'Schedule', id: 'mixed', actor: [{ reference: 'Practitioner/mixed' }] });
      await hospital.post(
        '/Slot',
        slotWith('z', {
          schedule: { reference: 'Schedule/mixed' },
          start: '2026-11-30T09:15:00-05:00',
          end: '2026-11-30T09:45:00-05:00',
        }),
      );
      const { created, skipped } = parametersOf(await generate('mixed', { to: '2026-11-30' }));
      assert.deepEqual({ created, skipped }, { created: 4, skipped: 2 });
    });

    it('makes slots of the future only', async () => {
      await hospital.have({ resourceType: 'Schedule', id: 'today', actor: [{ reference: 'Practitioner/today' }] });
      hospital.clock.now = Date.parse('2026-11-23T10:10:00-05:00');
      const { created } = parametersOf(await generate('today', { from: '2026-11-22', to: '2026-11-23' }));
      hospital.clock.now = Date.parse('2026-11-23T08:00:00Z');
      assert.equal(created, 3);
      const past = await generate('today', { from: '2026-11-01', to: '2026-11-02' });
      assert.match(sentenceOf(past), /for the future only/);
      assert.equal(past.status, 422);
    });

    it('refuses hours that make no sense', async () => {
      assert.equal((await generate('sch1', { to: '2026-11-01' })).status, 422);
      assert.equal((await generate('sch1', { minutes: 0 })).status, 400);
      assert.equal((await generate('sch1', { daysOfWeek: ['monday'] })).status, 400);
      assert.equal((await generate('none')).status, 404);
    });
  });
});
