// https://hl7.org/fhir/R4/patient-operation-match.html, on the demo hospital's patients with typing errors
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Patient } from 'fhir/r4.js';
import { lookalikes, mistyped, randomOf, withoutNumbers } from '../../tools/match/mistype.ts';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

const GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';

interface Entry {
  resource: Patient;
  search: { mode: string; score: number; extension: [{ url: string; valueCode: string }] };
}

const found = ({ body }: Reply): { id: string; score: number; grade: string }[] =>
  (body.entry ?? [])
    .filter(({ search }: Entry) => search.mode === 'match')
    .map(({ resource, search }: Entry) => ({
      id: resource.id!,
      score: search.score,
      grade: search.extension.find(({ url }) => url === GRADE)!.valueCode,
    }));

function seedPatients(): Patient[] {
  const folder = new URL('../../seed/30-patients/', import.meta.url);
  return readdirSync(folder).flatMap((name) => {
    const bundle = JSON.parse(gunzipSync(readFileSync(new URL(name, folder))).toString()) as {
      entry: { resource: Patient }[];
    };
    return bundle.entry.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === 'Patient');
  });
}

describe('Patient/$match', () => {
  let hospital: Hospital;
  let patients: Patient[];
  const random = randomOf(7);
  const match = (resource: Patient, more: Record<string, unknown> = {}) =>
    hospital.post('/Patient/$match', Object.keys(more).length === 0 ? resource : { resource, ...more });
  before(async () => {
    hospital = await openHospital('match');
    patients = seedPatients().map(withoutNumbers);
    const all = patients.flatMap((patient) => [patient, ...lookalikes(patient, patients, random)]);
    const entry = all.map((resource) => ({ resource, request: { method: 'PUT', url: `Patient/${resource.id}` } }));
    const reply = await hospital.post('', { resourceType: 'Bundle', type: 'transaction', entry });
    assert.equal(reply.status, 200, reply.text);
  });
  after(() => hospital.close());

  it('finds the person first in spite of typing errors, never a twin or namesake with certainty', async () => {
    let [asked, recalled, wrong] = [0, 0, 0];
    for (const patient of patients) {
      for (let query = 0; query < 6; query++) {
        const { asked: described } = mistyped(patient, 1 + (query % 3), random);
        const matches = found(await match(described));
        asked++;
        if (matches.some(({ id, grade }) => id === patient.id && (grade === 'certain' || grade === 'probable')))
          recalled++;
        wrong += matches.filter(({ id, grade }) => id !== patient.id && grade === 'certain').length;
        assert.deepEqual(
          matches.map(({ score }) => score),
          matches.map(({ score }) => score).sort((a, b) => b - a),
        );
      }
    }
    assert.ok(recalled / asked >= 0.95, `${recalled} of ${asked}`);
    assert.ok(wrong / asked <= 0.01, `${wrong} of ${asked}`);
  });

  it('answers with an empty set where nobody is alike', async () => {
    const reply = await match({
      resourceType: 'Patient',
      name: [{ family: 'Qxyzzy', given: ['Vwqqq'] }],
      birthDate: '1801-01-01',
    });
    assert.deepEqual(
      [reply.status, reply.body.type, reply.body.total, reply.body.entry],
      [200, 'searchset', 0, undefined],
      reply.text,
    );
  });

  it('returns only what is certain, and the only certain one, where that is asked for', async () => {
    const [patient] = patients;
    const only = await match(patient!, { onlyCertainMatches: true });
    assert.deepEqual(
      found(only).map(({ id, grade }) => [id, grade]),
      [[patient!.id, 'certain']],
      only.text,
    );
    await hospital.have({ ...patient, id: 'copy' } as never);
    const two = await match(patient!, { onlyCertainMatches: true });
    assert.deepEqual(found(two), []);
    assert.match(two.body.entry[0].resource.issue[0].diagnostics, /^2 patients match with certainty/);
    await hospital.have({
      ...patient,
      id: 'copy',
      link: [{ other: { reference: `Patient/${patient!.id}` }, type: 'replaced-by' }],
    } as never);
    assert.equal(found(await match(patient!, { onlyCertainMatches: true })).length, 1);
  });

  it('returns as many as are asked for, and says that there are more', async () => {
    const asked = { resourceType: 'Patient', name: patients[1]!.name! } as Patient;
    const all = found(await match(asked));
    assert.ok(all.length > 1, JSON.stringify(all));
    const one = await match(asked, { count: 1 });
    assert.deepEqual(found(one), all.slice(0, 1));
    assert.match(one.body.entry[1].resource.issue[0].diagnostics, /less likely matches are not shown/);
  });

  const refused: [title: string, body: unknown, status: number, issue: string][] = [
    ['nothing', { resourceType: 'Parameters' }, 400, "required at Parameters.parameter.where(name = 'resource')"],
    ['too little', { resourceType: 'Patient', gender: 'male' }, 400, 'required at Patient'],
    ['another type', { resource: { resourceType: 'Person' } }, 400, 'value at resource'],
    ['a wrong value', { resourceType: 'Patient', birthDate: '84' }, 400, 'value at Patient.birthDate'],
    ['no count', { resource: { resourceType: 'Patient', name: [{ text: 'x' }] }, count: 0 }, 400, 'value at count'],
  ];
  for (const [title, body, status, issue] of refused) {
    it(`refuses ${title}`, async () => {
      const reply = await hospital.post('/Patient/$match', body);
      assert.deepEqual([reply.status, issueOf(reply)], [status, issue], sentenceOf(reply));
    });
  }
});
