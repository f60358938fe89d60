import assert from 'node:assert/strict';
import { countByStatus, type Hospital, openHospital, parametersOf, sentenceOf } from '../support/hospital.ts';

const PHYSICAL = 'http://terminology.hl7.org/CodeSystem/location-physical-type';
const BED_TYPE = 'https://wardgate.dev/fhir/CodeSystem/bed-type';

describe('beds', () => {
  let hospital: Hospital;
  let count = 0;
  before(async () => {
    hospital = await openHospital('beds');
  });
  after(() => hospital.close());

  const location = (id: string, physical: string, more: Record<string, unknown> = {}) => ({
    resourceType: 'Location',
    id,
    name: id,
    physicalType: { coding: [{ system: PHYSICAL, code: physical }] },
    ...more,
  });
  async function aBed(more: Record<string, unknown> = {}): Promise<string> {
    const id = `bed${++count}`;
    await hospital.have(location(id, 'bd', more));
    return id;
  }
  async function aPatient(): Promise<string> {
    const id = `pat${++count}`;
    await hospital.have({ resourceType: 'Patient', id });
    return id;
  }
  const assign = (bed: string, patient: string) =>
    hospital.post(`/Location/${bed}/$assign-bed`, { patient: `Patient/${patient}` });
  const release = (bed: string, more: Record<string, unknown> = {}) =>
    hospital.post(`/Location/${bed}/$release-bed`, more);
  const statusOf = async (bed: string): Promise<string> =>
    (await hospital.get(`/Location/${bed}`)).body.operationalStatus?.code;
  const aStay = (id: string, patient: string, bed?: string, more: Record<string, unknown> = {}) => ({
    resourceType: 'Encounter',
    id,
    status: 'in-progress',
    class: { code: 'IMP' },
    subject: { reference: `Patient/${patient}` },
    ...(bed === undefined ? {} : { location: [{ location: { reference: `Location/${bed}` }, status: 'active' }] }),
    ...more,
  });

  describe('$assign-bed', () => {
    it('begins an inpatient encounter in the bed and marks the bed as occupied', async () => {
      const [bed, patient] = [await aBed(), await aPatient()];
      const reply = await assign(bed, patient);
      assert.equal(reply.body.resourceType, 'Encounter', reply.text);
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.body.subject, { reference: `Patient/${patient}` });
      assert.equal(reply.body.class.code, 'IMP');
      const [entry] = reply.body.location;
      assert.deepEqual([entry.location.reference, entry.status], [`Location/${bed}`, 'active']);
      assert.equal(await statusOf(bed), 'O');
    });

    it('has one winner among two hundred', async () => {
      const bed = await aBed();
      const patients = await Promise.all(Array.from({ length: 200 }, aPatient));
      const replies = await hospital.postAll(
        patients.map((id) => ({ path: `/Location/${bed}/$assign-bed`, body: { patient: `Patient/${id}` } })),
      );
      assert.deepEqual(countByStatus(replies), { 200: 1, 409: 199 });
      const refused = replies.find(({ status }) => status === 409)!;
      assert.equal(sentenceOf(refused), `Bed ${bed} is occupied. Choose another bed.`);
      assert.equal((await hospital.get(`/Encounter?location=Location/${bed}&_summary=count`)).body.total, 1);
    });

    it('has one winner when several servers share the database', async () => {
      const other = await hospital.another();
      for (let round = 0; round < 5; round++) {
        const bed = await aBed();
        const patients = await Promise.all(Array.from({ length: 10 }, aPatient));
        const requests = patients.map((id) => ({
          path: `/Location/${bed}/$assign-bed`,
          body: { patient: `Patient/${id}` },
        }));
        const replies = (
          await Promise.all([hospital.postAll(requests.slice(0, 5)), other.postAll(requests.slice(5))])
        ).flat();
        assert.deepEqual(countByStatus(replies), { 200: 1, 409: 9 });
      }
    });

    it('lays a patient into one bed at a time, even when two nurses assign two beds at the same moment', async () => {
      const patient = await aPatient();
      const beds = await Promise.all([aBed(), aBed(), aBed()]);
      const replies = await Promise.all(beds.map((bed) => assign(bed, patient)));
      assert.deepEqual(countByStatus(replies), { 200: 1, 409: 2 });
      assert.match(sentenceOf(replies.find(({ status }) => status === 409)!), /already lies in Location\/bed\d+/);
    });

    it('gives a bed to an encounter that has begun, and nothing changes when it is asked again', async () => {
      const bed = await aBed();
      await hospital.have(aStay('stay-a', await aPatient(), undefined, { status: 'planned' }));
      const first = await hospital.post(`/Location/${bed}/$assign-bed`, { encounter: 'Encounter/stay-a' });
      assert.deepEqual([first.status, first.body.status], [200, 'in-progress'], first.text);
      const again = await hospital.post(`/Location/${bed}/$assign-bed`, { encounter: 'Encounter/stay-a' });
      assert.deepEqual(again.body.meta, first.body.meta);
    });

    it('refuses an encounter that is over', async () => {
      await hospital.have(aStay('stay-b', await aPatient(), undefined, { status: 'finished' }));
      const reply = await hospital.post(`/Location/${await aBed()}/$assign-bed`, { encounter: 'Encounter/stay-b' });
      assert.equal(sentenceOf(reply), 'Encounter/stay-b is finished, so it cannot get a bed');
      assert.equal(reply.status, 409);
    });

    const states: [code: string, sentence: RegExp][] = [
      ['H', /is being cleaned \(housekeeping\)/],
      ['K', /is contaminated/],
      ['C', /is closed/],
      ['I', /is isolated/],
    ];
    for (const [code, sentence] of states) {
      it(`refuses a bed in state ${code}`, async () => {
        const reply = await assign(await aBed({ operationalStatus: { code } }), await aPatient());
        assert.match(sentenceOf(reply), sentence);
        assert.equal(reply.status, 409);
      });
    }

    it('says what is wrong with the request', async () => {
      await hospital.have(location('ward-x', 'wa'));
      const patient = await aPatient();
      const bed = await aBed();
      assert.match(sentenceOf(await assign('ward-x', patient)), /is not a bed/);
      assert.equal((await assign('ward-x', patient)).status, 422);
      assert.equal((await assign('no-bed', patient)).status, 404);
      assert.equal((await assign(bed, 'nobody')).status, 404);
      assert.match(sentenceOf(await hospital.post(`/Location/${bed}/$assign-bed`, {})), /give either/);
    });
  });

  describe('$release-bed', () => {
    it('sends the bed to housekeeping and completes the location', async () => {
      const [bed, patient] = [await aBed(), await aPatient()];
      await assign(bed, patient);
      const reply = await release(bed);
      assert.equal(reply.body.location[0].status, 'completed', reply.text);
      assert.ok(reply.body.location[0].period.end);
      assert.equal(reply.body.status, 'in-progress');
      assert.equal(await statusOf(bed), 'H');
      assert.equal((await assign(await aBed(), patient)).status, 200);
    });

    it('frees the bed at once and finishes the encounter when asked to', async () => {
      const [bed, patient] = [await aBed(), await aPatient()];
      await assign(bed, patient);
      const reply = await release(bed, { next: 'unoccupied', finishEncounter: true });
      assert.equal(reply.body.status, 'finished', reply.text);
      assert.equal(await statusOf(bed), 'U');
      assert.equal((await assign(bed, await aPatient())).status, 200);
    });

    it('refuses an empty bed', async () => {
      const bed = await aBed();
      const reply = await release(bed);
      assert.equal(sentenceOf(reply), `Bed ${bed} has no patient in it, so there is nothing to release`);
      assert.equal(reply.status, 409);
    });

    it('knows the states a bed may go to', async () => {
      const bed = await aBed();
      assert.equal((await release(bed, { next: 'burnt' })).status, 400);
      assert.equal((await release('no-bed')).status, 404);
    });
  });

  describe('a plain write', () => {
    it('of an Encounter takes its bed, and is refused where someone lies in it', async () => {
      const bed = await aBed();
      await hospital.have(aStay('plain1', await aPatient(), bed));
      assert.equal(await statusOf(bed), 'O');
      const reply = await hospital.put('/Encounter/plain2', aStay('plain2', await aPatient(), bed));
      assert.match(sentenceOf(reply), /is occupied/);
      assert.equal(reply.status, 409);
    });

    it('that finishes an Encounter leaves its bed', async () => {
      const bed = await aBed();
      const stay = await hospital.have(aStay('plain3', await aPatient(), bed));
      await hospital.put('/Encounter/plain3', { ...stay, status: 'finished' });
      assert.equal(await statusOf(bed), 'H');
    });

    it('that moves an Encounter moves the patient', async () => {
      const [from, to] = [await aBed(), await aBed()];
      const patient = await aPatient();
      await hospital.have(aStay('plain4', patient, from));
      await hospital.have(aStay('plain4', patient, to));
      assert.deepEqual([await statusOf(from), await statusOf(to)], ['H', 'O']);
      assert.equal((await assign(await aBed(), patient)).status, 409);
    });

    it('that deletes an Encounter leaves its bed and frees its patient', async () => {
      const [bed, patient] = [await aBed(), await aPatient()];
      await hospital.have(aStay('plain5', patient, bed));
      await hospital.delete('/Encounter/plain5');
      assert.equal(await statusOf(bed), 'H');
      assert.equal((await assign(await aBed(), patient)).status, 200);
    });

    it('of an Encounter with two active beds is refused', async () => {
      const beds = [await aBed(), await aBed()];
      const two = beds.map((bed) => ({ location: { reference: `Location/${bed}` }, status: 'active' }));
      const reply = await hospital.put(
        '/Encounter/plain6',
        aStay('plain6', await aPatient(), undefined, { location: two }),
      );
      assert.equal(reply.status, 422, reply.text);
      assert.equal(await statusOf(beds[0]!), undefined);
    });

    it('of a Bundle that puts two patients into one bed is refused as a whole', async () => {
      const bed = await aBed();
      const entry = await Promise.all(
        ['bundle1', 'bundle2'].map(async (id) => ({
          resource: aStay(id, await aPatient(), bed),
          request: { method: 'PUT', url: `Encounter/${id}` },
        })),
      );
      const reply = await hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.equal(reply.status, 409, reply.text);
      assert.equal((await hospital.get('/Encounter/bundle1')).status, 404);
      assert.equal(await statusOf(bed), undefined);
    });

    it('of a Bundle may bring a stay before its bed', async () => {
      const patient = await aPatient();
      const entry = [
        { resource: aStay('early', patient, 'late-bed'), request: { method: 'PUT', url: 'Encounter/early' } },
        { resource: location('late-bed', 'bd'), request: { method: 'PUT', url: 'Location/late-bed' } },
      ];
      const reply = await hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry });
      assert.equal(reply.status, 200, reply.text);
      assert.equal(await statusOf('late-bed'), 'O');
    });

    it('of an occupied Location can neither free, close nor delete it, but change its name', async () => {
      const bed = await aBed();
      const stay = await assign(bed, await aPatient());
      const { body } = await hospital.get(`/Location/${bed}`);
      const replies = await Promise.all([
        hospital.put(`/Location/${bed}`, { ...body, operationalStatus: { code: 'U' } }),
        hospital.put(`/Location/${bed}`, { ...body, status: 'inactive' }),
        hospital.put(`/Location/${bed}`, { ...body, physicalType: { coding: [{ system: PHYSICAL, code: 'ro' }] } }),
        hospital.delete(`/Location/${bed}`),
      ]);
      assert.deepEqual(countByStatus(replies), { 409: 4 });
      assert.equal(
        sentenceOf(replies[0]!),
        `Bed ${bed} is occupied by Encounter/${stay.body.id}. Release the bed first.`,
      );
      assert.equal((await hospital.put(`/Location/${bed}`, { ...body, name: 'Window' })).status, 200);
    });

    it('that says a cleaned bed is free makes it assignable', async () => {
      const bed = await aBed();
      await assign(bed, await aPatient());
      await release(bed);
      const { body } = await hospital.get(`/Location/${bed}`);
      assert.equal((await assign(bed, await aPatient())).status, 409);
      await hospital.put(`/Location/${bed}`, { ...body, operationalStatus: { code: 'U' } });
      assert.equal((await assign(bed, await aPatient())).status, 200);
    });

    it('is either a deletion or an assignment of a bed, never both', async () => {
      for (let round = 0; round < 10; round++) {
        const [bed, patient] = [await aBed(), await aPatient()];
        const [assigned, deleted] = await Promise.all([assign(bed, patient), hospital.delete(`/Location/${bed}`)]);
        assert.ok(
          assigned.status === 200 ? deleted.status === 409 : deleted.status < 300,
          `${assigned.status} ${deleted.status}`,
        );
      }
    });
  });

  describe('$bed-availability', () => {
    before(async () => {
      const kind = (code: string) => ({ type: [{ coding: [{ system: BED_TYPE, code }] }] });
      const inside = (id: string) => ({ partOf: { reference: `Location/${id}` } });
      await hospital.have(location('house', 'bu', { managingOrganization: { reference: 'Organization/o1' } }));
      await hospital.have(location('north', 'wa', inside('house')));
      await hospital.have(location('north-1', 'ro', inside('north')));
      await hospital.have(location('south', 'wa', inside('house')));
      await hospital.have(location('n1', 'bd', { ...inside('north-1'), ...kind('icu') }));
      await hospital.have(location('n2', 'bd', { ...inside('north-1'), ...kind('icu') }));
      await hospital.have(
        location('s1', 'bd', { ...inside('south'), ...kind('private'), operationalStatus: { code: 'H' } }),
      );
      await assign('n1', await aPatient());
    });

    it('counts below a location, by kind and by ward', async () => {
      const found = parametersOf(await hospital.get('/Location/house/$bed-availability')) as {
        byType: { type: string }[];
        byWard: { ward: { reference: string } }[];
      };
      const { byType, byWard, ...all } = found;
      assert.deepEqual(all, { total: 3, occupied: 1, free: 1, unavailable: 1 });
      assert.deepEqual(
        byType.find(({ type }) => type === 'icu'),
        { type: 'icu', total: 2, occupied: 1, free: 1, unavailable: 0 },
      );
      const north = byWard.find(({ ward }) => ward.reference === 'Location/north');
      assert.deepEqual(north, {
        ward: { reference: 'Location/north', display: 'north' },
        total: 2,
        occupied: 1,
        free: 1,
        unavailable: 0,
      });
    });

    it('counts the whole hospital, one organization or one kind', async () => {
      const all = parametersOf(await hospital.get('/Location/$bed-availability'));
      assert.ok((all.total as number) > 3);
      const owned = parametersOf(await hospital.get('/Location/$bed-availability?organization=Organization/o1'));
      assert.equal(owned.total, 3);
      const icu = parametersOf(await hospital.get('/Location/house/$bed-availability?type=icu'));
      assert.equal(icu.total, 2);
    });

    it('answers 404 for a location that does not exist', async () => {
      assert.equal((await hospital.get('/Location/no-house/$bed-availability')).status, 404);
    });
  });
});
