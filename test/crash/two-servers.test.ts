// Two server processes on one database. What decides who wins must be the database, not the memory of one process.
import assert from 'node:assert/strict';
import { freshDatabase, mongodbUri, redisUrl } from '../support/engines.ts';
import type { FhirClient, Reply } from '../support/fhir-client.ts';
import { countByStatus, sentenceOf } from '../support/hospital.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';
import { until } from './until.ts';

const DEFINITIONS = 'https://wardgate.dev/fhir/StructureDefinition';
const PHYSICAL = 'http://terminology.hl7.org/CodeSystem/location-physical-type';

const range = (length: number): number[] => Array.from({ length }, (_, index) => index);

describe('two servers on one database', function () {
  this.timeout(180_000);
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let servers: ServerProcess[] = [];
  before(async () => {
    database = await freshDatabase('two');
    const uri = new URL(await mongodbUri());
    uri.pathname = `/${database.db.databaseName}`;
    if (!uri.searchParams.has('authSource')) uri.searchParams.set('authSource', 'admin');
    const engines = { MONGODB_URI: uri.href, REDIS_URL: await redisUrl() };
    const starts = await Promise.allSettled([startServerProcess(engines), startServerProcess(engines)]);
    servers = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    for (const start of starts) if (start.status === 'rejected') throw start.reason;
  });
  after(async () => {
    // First: a killed server may have left transactions open, which lock the database until the other server ends them.
    await database?.drop();
    await Promise.all(servers.map((server) => server.close()));
  });

  /** the one that lives to the end */
  const one = (): FhirClient => servers[1]!;
  /** request by request in turns to both */
  const atOnce = (count: number, ask: (server: FhirClient, index: number) => Promise<Reply>): Promise<Reply[]> =>
    Promise.all(range(count).map((index) => ask(servers[index % 2]!, index)));

  async function have(...resources: { resourceType: string; id: string; [element: string]: unknown }[]): Promise<void> {
    const entry = resources.map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }));
    const reply = await one().post('', { resourceType: 'Bundle', type: 'transaction', entry });
    assert.equal(reply.status, 200, reply.text);
  }
  async function haveSlot(id: string, capacity: number): Promise<void> {
    const start = Date.now() + 86_400_000;
    await have(
      { resourceType: 'Schedule', id: `of-${id}`, actor: [{ reference: `Practitioner/of-${id}` }] },
      {
        resourceType: 'Slot',
        id,
        extension: [{ url: `${DEFINITIONS}/slot-capacity`, valuePositiveInt: capacity }],
        schedule: { reference: `Schedule/of-${id}` },
        status: 'free',
        start: new Date(start).toISOString(),
        end: new Date(start + 1_200_000).toISOString(),
      },
    );
  }
  const havePatients = (name: string, count: number): Promise<void> =>
    have(...range(count).map((index) => ({ resourceType: 'Patient', id: `${name}${index}` })));

  it('give exactly the places of a slot to 1,000 callers, 500 each', async () => {
    await haveSlot('wanted', 20);
    await havePatients('caller', 1000);
    const begun = performance.now();
    const replies = await atOnce(1000, (server, index) =>
      server.post('/Appointment/$book', { slot: 'Slot/wanted', patient: `Patient/caller${index}` }),
    );
    const ms = Math.round(performance.now() - begun);
    assert.deepEqual(countByStatus(replies), { 201: 20, 409: 980 });
    for (const reply of replies.filter(({ status }) => status === 409)) {
      assert.equal(reply.body.resourceType, 'OperationOutcome');
      assert.equal(reply.body.issue[0].code, 'conflict');
      assert.equal(sentenceOf(reply), 'This slot is full: all 20 places are taken. Choose another time.');
    }
    for (const server of servers) {
      assert.equal((await server.get('/Appointment?slot=Slot/wanted&_summary=count')).body.total, 20);
      assert.equal((await server.get('/Slot/wanted')).body.status, 'busy');
    }
    console.log(`      1,000 callers for 20 places: ${ms} ms`);
  });

  it('lay one of 200 patients into a bed', async () => {
    await have({
      resourceType: 'Location',
      id: 'bed',
      name: 'B1',
      physicalType: { coding: [{ system: PHYSICAL, code: 'bd' }] },
    });
    await havePatients('ill', 200);
    const begun = performance.now();
    const replies = await atOnce(200, (server, index) =>
      server.post('/Location/bed/$assign-bed', { patient: `Patient/ill${index}` }),
    );
    const ms = Math.round(performance.now() - begun);
    assert.deepEqual(countByStatus(replies), { 200: 1, 409: 199 });
    const refused = replies.find(({ status }) => status === 409)!;
    assert.equal(sentenceOf(refused), 'Bed B1 is occupied. Choose another bed.');
    assert.equal((await one().get('/Encounter?location=Location/bed&_summary=count')).body.total, 1);
    console.log(`      200 patients for a bed: ${ms} ms`);
  });

  it('make one resource of 50 equal conditional creations', async () => {
    const patient = { resourceType: 'Patient', identifier: [{ system: 'urn:test', value: 'once' }] };
    const replies = await atOnce(50, (server) =>
      server.post('/Patient', patient, { 'If-None-Exist': 'identifier=urn:test|once' }),
    );
    assert.deepEqual(countByStatus(replies), { 200: 49, 201: 1 });
    assert.equal(new Set(replies.map(({ body }) => body.id)).size, 1);
    assert.equal((await one().get('/Patient?identifier=urn:test|once&_summary=count')).body.total, 1);
  });

  it('give 40 updates of one resource 40 versions', async () => {
    const replies = await atOnce(40, (server, index) =>
      server.put('/Basic/hot', { resourceType: 'Basic', id: 'hot', code: { text: `change ${index}` } }),
    );
    assert.deepEqual(countByStatus(replies), { 200: 39, 201: 1 });
    const versions = replies.map(({ body }) => Number(body.meta.versionId)).sort((a, b) => a - b);
    assert.deepEqual(
      versions,
      range(40).map((index) => index + 1),
    );
  });

  it('book once for 20 equal calls with one idempotency key, and answer all of them equally', async () => {
    await haveSlot('keyed', 20);
    await havePatients('keyed', 1);
    const booking = { slot: 'Slot/keyed', patient: 'Patient/keyed0', idempotencyKey: 'the key' };
    const replies = await atOnce(20, (server) => server.post('/Appointment/$book', booking));
    assert.deepEqual(countByStatus(replies), { 201: 20 });
    assert.equal(new Set(replies.map(({ text }) => text)).size, 1);
    assert.equal(new Set(replies.map(({ headers }) => headers.get('etag'))).size, 1);
    assert.equal((await one().get('/Appointment?slot=Slot/keyed&_summary=count')).body.total, 1);
  });

  it('issue stock once for 20 equal calls with one idempotency key', async () => {
    const item = {
      resourceType: 'Substance',
      id: 'masks',
      meta: { profile: [`${DEFINITIONS}/stock-item`] },
      extension: [{ url: `${DEFINITIONS}/stock-reorder-level`, valueQuantity: { value: 10, unit: 'box' } }],
      code: { text: 'Masks' },
    };
    await have(item);
    const received = await one().post('/Substance/masks/$receive-stock', { quantity: { value: 30 }, lot: 'L' });
    assert.equal(received.status, 201, received.text);
    const replies = await atOnce(20, (server) =>
      server.post('/Substance/masks/$issue-stock', { quantity: { value: 4 }, idempotencyKey: 'issue' }),
    );
    assert.deepEqual(countByStatus(replies), { 201: 20 });
    assert.equal(new Set(replies.map(({ text }) => text)).size, 1);
    assert.equal((await one().get('/Substance/masks')).body.instance[0].quantity.value, 26);
  });

  it('never issue more stock than there is', async () => {
    const replies = await atOnce(100, (server) =>
      server.post('/Substance/masks/$issue-stock', { quantity: { value: 1 } }),
    );
    assert.deepEqual(countByStatus(replies), { 201: 26, 409: 74 });
    assert.equal((await one().get('/Substance/masks')).body.instance, undefined);
  });

  it('stay usable, slot by slot, when one of them is killed in the middle of its bookings', async () => {
    const slots = range(6).map((index) => `left${index}`);
    for (const slot of slots) await haveSlot(slot, 100);
    await havePatients('left', 240);
    const [killed, survivor] = servers as [ServerProcess, ServerProcess];
    const acknowledged: string[] = [];
    const storm = range(240).map(async (index) => {
      const booking = { slot: `Slot/${slots[index % 6]}`, patient: `Patient/left${index}` };
      const reply = await killed.post('/Appointment/$book', booking).catch(() => undefined);
      if (reply?.status === 201) acknowledged.push(reply.body.id);
    });
    await until('10 bookings', () => acknowledged.length >= 10, { everyMs: 1 });
    await killed.kill();
    await Promise.all(storm);

    const begun = performance.now();
    const more = await Promise.all(
      slots.map(async (slot, index) => {
        await have({ resourceType: 'Patient', id: `late${index}` });
        return survivor.post('/Appointment/$book', { slot: `Slot/${slot}`, patient: `Patient/late${index}` });
      }),
    );
    const ms = Math.round(performance.now() - begun);
    assert.deepEqual(countByStatus(more), { 201: 6 });
    assert.ok(ms < 30_000, `the slots were locked for ${ms} ms`);
    for (const id of acknowledged) assert.equal((await survivor.get(`/Appointment/${id}`)).body.status, 'booked');
    console.log(`      ${acknowledged.length} booked before the kill; all slots usable after ${ms} ms`);
  });
});
