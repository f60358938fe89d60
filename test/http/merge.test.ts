// Merging two patients and undoing it. https://hl7.org/fhir/R5/patient-operation-merge.html
import assert from 'node:assert/strict';
import { issueOf, type Reply } from '../support/fhir-client.ts';
import { countByStatus, type Hospital, openHospital, parametersOf, sentenceOf } from '../support/hospital.ts';

describe('merging', () => {
  let hospital: Hospital;
  let count = 0;
  const to = (reference: string) => ({ reference });
  const MRN = 'http://h.example/mrn';
  before(async () => {
    hospital = await openHospital('merge');
  });
  after(() => hospital.close());

  /** Two patients, and what refers to the first. */
  async function aPair(): Promise<{ source: string; target: string; names: string[] }> {
    const n = ++count;
    const [source, target] = [`source${n}`, `target${n}`];
    await hospital.have({
      resourceType: 'Patient',
      id: source,
      active: true,
      identifier: [
        { system: MRN, value: `S${n}` },
        { system: MRN, value: `both${n}` },
      ],
      name: [{ family: 'Doubled' }],
    });
    await hospital.have({
      resourceType: 'Patient',
      id: target,
      active: true,
      identifier: [
        { system: MRN, value: `T${n}` },
        { system: MRN, value: `both${n}` },
      ],
      name: [{ family: 'Kept' }],
    });
    const subject = to(`Patient/${source}`);
    await hospital.have({
      resourceType: 'Encounter',
      id: `e${n}`,
      status: 'finished',
      class: { code: 'AMB' },
      subject,
      participant: [{ individual: to('Practitioner/doc') }],
    });
    await hospital.have({
      resourceType: 'Observation',
      id: `o${n}`,
      status: 'final',
      code: { text: 'x' },
      subject: to(`${hospital.base}/Patient/${source}`),
      performer: [subject],
      valueQuantity: { value: 1.5 },
    });
    await hospital.have({
      resourceType: 'Observation',
      id: `other${n}`,
      status: 'final',
      code: { text: 'x' },
      subject: to(`Patient/${target}`),
    });
    await hospital.have({
      resourceType: 'Appointment',
      id: `a${n}`,
      status: 'proposed',
      participant: [{ actor: subject, status: 'accepted' }],
    });
    await hospital.have({
      resourceType: 'Provenance',
      id: `pr${n}`,
      target: [subject],
      recorded: '2026-01-01T00:00:00Z',
      agent: [{ who: subject }],
    });
    return { source, target, names: [`Encounter/e${n}`, `Observation/o${n}`, `Appointment/a${n}`] };
  }
  const merge = (source: string, target: string, more: Record<string, unknown> = {}) =>
    hospital.post('/Patient/$merge', {
      'source-patient': `Patient/${source}`,
      'target-patient': `Patient/${target}`,
      ...more,
    });
  // biome-ignore lint/suspicious/noExplicitAny: resources of every type
  const partsOf = (reply: Reply): any => parametersOf(reply);
  const withoutMeta = ({ meta: _, ...resource }: Record<string, unknown>) => resource;
  const contentsOf = (names: string[]) =>
    Promise.all(names.map(async (name) => withoutMeta((await hospital.get(`/${name}`)).body)));

  it('moves every reference, links both and carries the identifiers: /$merge', async () => {
    const { source, target, names } = await aPair();
    const reply = await merge(source, target);
    assert.equal(reply.status, 200, reply.text);
    const { outcome, result, task } = partsOf(reply);
    assert.match(outcome.issue[0].diagnostics, /3 resources \(/);
    assert.deepEqual(result.link, [{ other: to(`Patient/${source}`), type: 'replaces' }]);
    assert.deepEqual(
      result.identifier.slice(2),
      [{ use: 'old', system: MRN, value: `S${count}` }].map((one) => ({
        system: one.system,
        value: one.value,
        use: one.use,
      })),
    );
    const ended = (await hospital.get(`/Patient/${source}`)).body;
    assert.deepEqual([ended.active, ended.link], [false, [{ other: to(`Patient/${target}`), type: 'replaced-by' }]]);
    for (const content of await contentsOf(names))
      assert.doesNotMatch(JSON.stringify(content), new RegExp(`Patient/${source}"`));
    assert.deepEqual((await hospital.get(`/Observation?patient=${target}&_summary=count`)).body.total, 2);
    assert.equal((await hospital.get(`/Provenance/pr${count}`)).body.target[0].reference, `Patient/${source}`);
    assert.deepEqual([task.status, task.for.reference, task.output.length], ['completed', `Patient/${target}`, 6]);
    assert.equal((await hospital.get(`/Provenance?target=Task/${task.id}`)).body.entry.length, 1);
    assert.equal((await hospital.get(`/Encounter/e${count}/_history`)).body.total, 2);
  });

  it('finds the patients by identifiers, and takes the result that is wanted', async () => {
    const { source, target } = await aPair();
    const reply = await hospital.post('/Patient/$merge', {
      'source-patient-identifier': [
        { system: MRN, value: `S${count}` },
        { system: MRN, value: `both${count}` },
      ],
      'target-patient-identifier': [{ system: MRN, value: `T${count}` }],
      'result-patient': { resourceType: 'Patient', id: target, active: true, name: [{ family: 'Chosen' }] },
    });
    const { result } = partsOf(reply);
    assert.deepEqual(
      [result.name[0].family, result.link[0].other.reference],
      ['Chosen', `Patient/${source}`],
      reply.text,
    );
    assert.deepEqual(result.identifier.map(({ value }: { value: string }) => value).sort(), [
      `S${count}`,
      `T${count}`,
      `both${count}`,
    ]);
  });

  it('tells what would happen, and does nothing', async () => {
    const { source, target, names } = await aPair();
    const before = await contentsOf([...names, `Patient/${source}`, `Patient/${target}`]);
    const reply = await merge(source, target, { preview: true });
    assert.match(partsOf(reply).outcome.issue[0].diagnostics, /^Nothing is merged yet; 3 resources/, reply.text);
    assert.equal(partsOf(reply).result.link.length, 1);
    assert.equal(partsOf(reply).task, undefined);
    assert.deepEqual(await contentsOf([...names, `Patient/${source}`, `Patient/${target}`]), before);
  });

  it('is undone exactly: /$unmerge', async () => {
    const { source, target, names } = await aPair();
    const all = [...names, `Patient/${source}`, `Patient/${target}`];
    const before = await contentsOf(all);
    const { task } = partsOf(await merge(source, target));
    const reply = await hospital.post('/Patient/$unmerge', { task: `Task/${task.id}` });
    assert.equal(reply.status, 200, reply.text);
    assert.deepEqual(await contentsOf(all), before);
    assert.equal(partsOf(reply).task.status, 'cancelled');
    const again = await hospital.post('/Patient/$unmerge', { task: `Task/${task.id}` });
    assert.deepEqual([again.status, issueOf(again)], [422, 'business-rule at task']);
    assert.equal((await merge(source, target)).status, 200);
  });

  it('is not undone where something was changed since, unless that is left as it is', async () => {
    const { source, target, names } = await aPair();
    const { task } = partsOf(await merge(source, target));
    const encounter = (await hospital.get(`/Encounter/e${count}`)).body;
    await hospital.have({ ...encounter, status: 'cancelled' });
    const kept = (await hospital.get(`/Patient/${target}`)).body;
    await hospital.have({ ...kept, gender: 'female' });
    const refused = await hospital.post('/Patient/$unmerge', { task: `Task/${task.id}` });
    assert.deepEqual([refused.status, issueOf(refused)], [409, 'conflict at task'], refused.text);
    assert.match(sentenceOf(refused), new RegExp(`Encounter/e${count} was changed after the merge`));
    assert.equal((await hospital.get(`/Patient/${source}`)).body.active, false);
    const reply = await hospital.post('/Patient/$unmerge', { task: `Task/${task.id}`, skipChanged: true });
    const parts = partsOf(reply);
    assert.deepEqual(
      [parts.source.active, parts.source.link, parts.target.link, parts.target.gender],
      [true, undefined, undefined, 'female'],
      reply.text,
    );
    assert.deepEqual(
      parts.target.identifier.map(({ value }: { value: string }) => value),
      [`T${count}`, `both${count}`],
    );
    assert.equal(parts.outcome.issue.length, 2);
    const [, observation] = await contentsOf(names);
    assert.match(JSON.stringify(observation), new RegExp(`Patient/${source}`));
  });

  it('has one winner where a patient is merged twice at once', async () => {
    for (let round = 0; round < 4; round++) {
      const { source, target } = await aPair();
      const other = (await aPair()).target;
      const replies = await Promise.all([merge(source, target), merge(source, other), merge(target, source)]);
      const won = replies.filter(({ status }) => status === 200);
      assert.equal(won.length, 1, replies.map(({ text }) => text.slice(0, 300)).join('\n'));
      const links = (await hospital.get(`/Patient/${source}`)).body.link;
      assert.equal(links.length, 1);
    }
  });

  it('has one winner on two servers', async () => {
    const second = await hospital.another();
    const { source, target } = await aPair();
    const other = (await aPair()).target;
    const body = (into: string) => ({ 'source-patient': `Patient/${source}`, 'target-patient': `Patient/${into}` });
    const replies = await Promise.all([
      hospital.post('/Patient/$merge', body(target)),
      second.post('/Patient/$merge', body(other)),
    ]);
    assert.equal(countByStatus(replies)[200], 1, replies.map(({ text }) => text.slice(0, 300)).join('\n'));
  });

  it('obeys the rules of the hospital: nobody lies in two beds', async () => {
    const { source, target } = await aPair();
    const physicalType = {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/location-physical-type', code: 'bd' }],
    };
    for (const patient of [source, target]) {
      await hospital.have({ resourceType: 'Location', id: `bed-${patient}`, name: patient, physicalType });
      await hospital.post(`/Location/bed-${patient}/$assign-bed`, { patient: `Patient/${patient}` });
    }
    const reply = await merge(source, target);
    assert.deepEqual([reply.status, issueOf(reply)], [409, 'conflict'], reply.text);
    assert.equal((await hospital.get(`/Patient/${source}`)).body.active, true);
  });

  it('refuses what cannot be merged', async () => {
    const { source, target } = await aPair();
    const refusals: [Promise<Reply>, number, string][] = [
      [merge(source, source), 422, 'business-rule at target-patient'],
      [merge('nobody', target), 404, 'not-found'],
      [hospital.post('/Patient/$merge', { 'source-patient': `Patient/${source}` }), 400, 'required at target-patient'],
      [
        hospital.post('/Patient/$merge', {
          'source-patient': 'Patient/x',
          'target-patient-identifier': [{ system: MRN, value: 'none' }],
        }),
        404,
        'not-found at target-patient-identifier',
      ],
      [
        hospital.post('/Patient/$merge', {
          'source-patient': 'Patient/x',
          'target-patient-identifier': [{ system: MRN, value: `both${count}` }],
        }),
        412,
        'multiple-matches at target-patient-identifier',
      ],
      [
        merge(source, target, { 'result-patient': { resourceType: 'Patient', id: 'other' } }),
        400,
        'value at result-patient.id',
      ],
      [hospital.post('/Patient/$unmerge', { task: 'Task/none' }), 404, 'not-found'],
      [hospital.get('/Patient/$merge'), 405, 'not-supported'],
    ];
    for (const [reply, status, issue] of refusals) {
      const { status: answered, ...rest } = await reply;
      assert.deepEqual([answered, issueOf(rest as Reply)], [status, issue], rest.text);
    }
    await merge(source, target);
    const again = await merge(source, target);
    assert.deepEqual([again.status, issueOf(again)], [422, 'business-rule at source-patient'], again.text);
    await hospital.have({ resourceType: 'Task', id: 'plain', status: 'requested', intent: 'order' });
    assert.equal(issueOf(await hospital.post('/Patient/$unmerge', { task: 'Task/plain' })), 'business-rule at task');
  });
});
