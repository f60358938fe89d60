// https://hl7.org/fhir/R4/resource-operation-convert.html and https://hl7.org/fhir/R4/capabilitystatement-operation-versions.html
import assert from 'node:assert/strict';
import { issueOf } from '../support/fhir-client.ts';
import { type Hospital, openHospital } from '../support/hospital.ts';

describe('conversion', () => {
  let hospital: Hospital;
  before(async () => {
    hospital = await openHospital('convert');
  });
  after(() => hospital.close());

  const weight =
    '{"resourceType":"Observation","status":"final","code":{"text":"Weight"},"valueQuantity":{"value":1.50,"unit":"kg"}}';

  it('gives the resource back as it came, decimals included: /$convert', async () => {
    const reply = await hospital.post('/$convert', weight);
    assert.equal(reply.text, weight);
    assert.equal(reply.status, 200);
    const wrapped = `{"resourceType":"Parameters","parameter":[{"name":"input","resource":${weight}}]}`;
    assert.equal((await hospital.post('/$convert', wrapped)).text, weight);
  });

  it('refuses what is no resource', async () => {
    assert.equal(
      issueOf(await hospital.post('/$convert', { resourceType: 'Patient', gender: 'x' })),
      'code-invalid at Patient.gender',
    );
    assert.equal(issueOf(await hospital.post('/$convert')), 'required at input');
    assert.equal((await hospital.post('/$convert', { resourceType: 'Pat' })).status, 400);
  });

  it('tells the FHIR versions: /$versions', async () => {
    const reply = await hospital.get('/$versions');
    const parameter = [
      { name: 'version', valueCode: '4.0' },
      { name: 'default', valueCode: '4.0' },
    ];
    assert.deepEqual(reply.body, { resourceType: 'Parameters', parameter });
    assert.deepEqual((await hospital.post('/$versions', { resourceType: 'Parameters' })).body.parameter, parameter);
    const plain = await hospital.get('/$versions', { accept: 'application/json' });
    assert.deepEqual(plain.body, { versions: ['4.0'], default: '4.0' });
  });
});
