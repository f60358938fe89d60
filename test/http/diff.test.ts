// The difference of two resources, told as a FHIRPath Patch. https://hl7.org/fhir/R4/fhirpatch.html
import assert from 'node:assert/strict';
import { issueOf } from '../support/fhir-client.ts';
import { type Hospital, openHospital, sentenceOf } from '../support/hospital.ts';

describe('/$diff', () => {
  let hospital: Hospital;
  const name = (family: string, ...given: string[]) => [{ family, given }];
  before(async () => {
    hospital = await openHospital('diff');
    await hospital.have({ resourceType: 'Patient', id: 'p1', name: name('Okafor', 'Ada'), active: true });
    await hospital.have({ resourceType: 'Patient', id: 'p1', name: name('Okafor', 'Ada', 'Mae'), gender: 'female' });
    await hospital.have({
      resourceType: 'Patient',
      id: 'p1',
      name: name('Smith', 'Ada', 'Mae'),
      gender: 'female',
      meta: { tag: [{ code: 'x' }] },
    });
    await hospital.have({ resourceType: 'Observation', id: 'o1', status: 'final', code: { text: 'x' } });
  });
  after(() => hospital.close());

  const operationsOf = (body: { parameter?: { part: { valueCode?: string; valueString?: string }[] }[] }): string[] =>
    (body.parameter ?? []).map(({ part }) => `${part[0]!.valueCode} ${part[1]!.valueString}`);

  it('tells what the last change was, or any two versions', async () => {
    const last = await hospital.get('/Patient/p1/$diff');
    assert.deepEqual(operationsOf(last.body), ['replace Patient.name[0].family'], last.text);
    const all = await hospital.get('/Patient/p1/$diff?fromVersion=1');
    assert.deepEqual(
      operationsOf(all.body),
      ['replace Patient.name[0].family', 'insert Patient.name[0].given', 'add Patient', 'delete Patient.active'],
      all.text,
    );
    const second = await hospital.get('/Patient/p1/_history/2/$diff');
    assert.deepEqual(
      operationsOf(second.body),
      ['insert Patient.name[0].given', 'add Patient', 'delete Patient.active'],
      second.text,
    );
    const back = await hospital.get('/Patient/p1/_history/1/$diff?fromVersion=3');
    assert.equal(operationsOf(back.body).length, 4, back.text);
  });

  it('can be sent as a patch and gives the second', async () => {
    await hospital.have({ resourceType: 'Patient', id: 'p2', name: name('Okafor', 'Ada'), active: true });
    const patch = await hospital.get('/$diff?from=Patient/p2&to=Patient/p1/_history/3&includeMeta=true');
    const patched = await hospital.patch('/Patient/p2', patch.text, { 'content-type': 'application/fhir+json' });
    const { body } = await hospital.get('/Patient/p1');
    assert.deepEqual({ ...patched.body, id: 'p1', meta: body.meta }, body, patched.text);
    assert.deepEqual(patched.body.meta.tag, [{ code: 'x' }]);
    assert.deepEqual((await hospital.get('/$diff?from=Patient/p2&to=Patient/p1&includeMeta=true')).body, {
      resourceType: 'Parameters',
    });
  });

  it('takes resources that are nowhere stored', async () => {
    const given = { fromResource: { resourceType: 'Patient', active: true }, to: 'Patient/p1/_history/1' };
    const reply = await hospital.post('/$diff', given);
    assert.deepEqual(operationsOf(reply.body), ['add Patient'], reply.text);
  });

  const refused: [path: string, status: number, issue: string][] = [
    ['/Patient/p1/$diff?fromVersion=9', 404, 'not-found at fromVersion'],
    ['/Patient/p1/_history/1/$diff', 404, 'not-found at fromVersion'],
    ['/Patient/p1/_history/9/$diff', 404, 'not-found'],
    ['/Patient/p1/$diff?from=Patient/p2', 400, 'invalid at from'],
    ['/Patient/nobody/$diff', 404, 'not-found'],
    ['/$diff?from=Patient/p1', 400, 'required at to'],
    ['/$diff?from=Patient/p1&to=Observation/o1', 400, 'value at to'],
    ['/$diff?from=p1&to=Patient/p1', 400, 'value at from'],
    ['/$diff?fromVersion=1&from=Patient/p1&to=Patient/p1', 400, 'invalid at fromVersion'],
  ];
  for (const [path, status, issue] of refused) {
    it(`refuses ${path}`, async () => {
      const reply = await hospital.get(path);
      assert.deepEqual([reply.status, issueOf(reply)], [status, issue], sentenceOf(reply));
    });
  }
});
