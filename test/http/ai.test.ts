import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { OWNER_SYSTEM } from '../../src/fhir/auth/access/owners.ts';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import { type Ask, aCaller, askerOf } from '../support/callers.ts';
import { aGoodAnswer, type GeminiServer, startGeminiServer } from '../support/gemini-server.ts';
import { type Hospital, openHospital, parametersOf, sentenceOf } from '../support/hospital.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe('$symptom-analysis', () => {
  let gemini: GeminiServer;
  let hospital: Hospital;
  before(async () => {
    gemini = await startGeminiServer();
    hospital = await openHospital('ai', { geminiApiKey: 'k1', geminiBaseUrl: gemini.baseUrl });
    await hospital.have({
      resourceType: 'Patient',
      id: 'ada',
      name: [{ family: 'Okafor', given: ['Ada'] }],
      gender: 'female',
      birthDate: '1984-03-02',
      telecom: [{ system: 'phone', value: '0171 2345678' }],
    });
  });
  after(async () => {
    await hospital.close();
    await gemini.close();
  });

  const good = { text: JSON.stringify(aGoodAnswer) };
  const analyse = (symptoms: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    hospital.post('/$symptom-analysis', { symptoms, ...more }, headers);
  const stored = async (): Promise<number> => (await hospital.get('/RiskAssessment?_summary=count')).body.total;

  it('answers with urgency, conditions and a disclaimer', async () => {
    gemini.replies(good);
    const reply = await analyse('itchy toe', { age: 40 });
    const { urgency, source, condition, disclaimer, confidence, needsReview } = parametersOf(reply);
    assert.deepEqual(
      { urgency, source, confidence, needsReview },
      { urgency: 'routine', source: 'model', confidence: 0.8, needsReview: false },
      reply.text,
    );
    assert.deepEqual(condition, aGoodAnswer.conditions[0]);
    assert.match(disclaimer as string, /not a diagnosis/);
  });

  it('keeps the analysis with the AI label, and a Provenance that names model, prompt and input', async () => {
    gemini.replies(good);
    const { assessment } = parametersOf(await analyse('itchy toe', { patient: 'Patient/ada' })) as {
      assessment: { reference: string };
    };
    const { body } = await hospital.get(`/${assessment.reference}`);
    assert.equal(body.meta.security[0].code, 'AIAST');
    assert.deepEqual([body.status, body.subject.reference], ['preliminary', 'Patient/ada']);
    assert.equal(body.prediction[0].outcome.text, aGoodAnswer.conditions[0]!.name);
    const found = await hospital.get(`/Provenance?target=${assessment.reference}`);
    const provenance = found.body.entry[0].resource;
    assert.equal(provenance.agent[0].who.identifier.value, 'gemini-test');
    assert.deepEqual(provenance.policy, ['https://wardgate.dev/fhir/prompt/symptom-analysis|1']);
    assert.match(provenance.entity[0].what.identifier.value, /^[0-9a-f]{64}$/);
    assert.equal((await hospital.get(`/RiskAssessment?urgency=routine&patient=ada&_summary=count`)).body.total, 1);
  });

  it('sends nothing that identifies the patient', async () => {
    gemini.replies(good);
    await analyse('Ada Okafor, 0171 2345678, ada@example.org, Patient/ada: itchy toe, 37.2 degrees', {
      patient: 'Patient/ada',
    });
    const sent = JSON.stringify(gemini.requests);
    for (const secret of ['Ada', 'Okafor', '2345678', 'example.org', '1984', 'Patient/ada'])
      assert.ok(!sent.includes(secret), secret);
    for (const fact of ['42', 'female', '37.2']) assert.ok(sent.includes(fact), fact);
  });

  it('answers red flags by rule at once, without the model', async () => {
    gemini.replies(good);
    const { urgency, source, redFlag, assessment } = parametersOf(await analyse('crushing chest pain')) as {
      urgency: string;
      source: string;
      redFlag: { code: string };
      assessment: { reference: string };
    };
    assert.deepEqual([urgency, source, redFlag.code], ['emergency', 'rule', 'chest-pain']);
    assert.equal(gemini.requests.length, 0);
    const { body } = await hospital.get(`/${assessment.reference}`);
    assert.equal(body.meta.security[0].code, 'DEVAST');
  });

  it('marks an unsure answer for human review', async () => {
    gemini.replies({ text: JSON.stringify({ ...aGoodAnswer, confidence: 0.2 }) });
    const { needsReview, assessment } = parametersOf(await analyse('feels odd')) as {
      needsReview: boolean;
      assessment: { reference: string };
    };
    assert.equal(needsReview, true);
    assert.equal((await hospital.get(`/${assessment.reference}`)).body.meta.tag[0].code, 'needs-human-review');
  });

  const wrongAnswers: [title: string, text: string][] = [
    ['not JSON', 'I think it is nothing'],
    ['of the wrong form', JSON.stringify({ ...aGoodAnswer, urgency: 'whenever' })],
  ];
  for (const [title, text] of wrongAnswers) {
    it(`asks once more when an answer is ${title}`, async () => {
      gemini.replies({ text }, good);
      assert.equal(parametersOf(await analyse('itchy toe')).urgency, 'routine');
    });

    it(`gives up and stores nothing when every answer is ${title}`, async () => {
      const before = await stored();
      gemini.replies({ text });
      const reply = await analyse('itchy toe');
      assert.match(sentenceOf(reply), /does not fit the expected form. Nothing was stored/);
      assert.equal(reply.status, 503);
      assert.equal(gemini.requests.length, 2);
      assert.equal(await stored(), before);
    });
  }

  it('waits and tries again when the model is overloaded', async () => {
    gemini.replies({ status: 429 }, good);
    assert.equal((await analyse('itchy toe')).status, 200);
    assert.equal(gemini.requests.length, 2);
  });

  it('runs on the queue when the caller prefers not to wait', async () => {
    gemini.replies(good);
    const started = await analyse('itchy toe', { patient: 'Patient/ada' }, { Prefer: 'respond-async' });
    assert.equal(started.status, 202, started.text);
    const url = started.headers.get('content-location')!;
    let reply = await hospital.get(url);
    for (let tries = 0; reply.status === 202 && tries < 100; tries++) {
      await sleep(50);
      reply = await hospital.get(url);
    }
    assert.equal(reply.status, 200, reply.text);
    assert.equal(parametersOf(reply).source, 'model');
  });

  it('names the parameter that is wrong', async () => {
    assert.equal((await hospital.post('/$symptom-analysis', {})).status, 400);
    assert.equal((await analyse('x', { sex: 'often' })).status, 400);
    assert.equal((await analyse('x', { patient: 'Patient/nobody' })).status, 404);
    assert.equal((await hospital.get('/$symptom-analysis?symptoms=x')).status, 405);
  });

  it('says which setting is missing where there is no model, and still knows red flags', async () => {
    const bare = await openHospital('ai_bare');
    try {
      const reply = await bare.post('/$symptom-analysis', { symptoms: 'itchy toe' });
      assert.match(sentenceOf(reply), /Set GEMINI_API_KEY/);
      assert.equal(reply.status, 503);
      assert.equal((await bare.post('/$symptom-analysis', { symptoms: 'I want to die' })).status, 200);
    } finally {
      await bare.close();
    }
  });
});

describe('$symptom-analysis where people sign in', () => {
  let gemini: GeminiServer;
  let server: TestServer;
  let ask: Ask;
  const doctor = aCaller('doctor', { organizations: ['h1'], fhirUser: { type: 'Practitioner', id: 'dora' } });
  const patient = aCaller('patient', { fhirUser: { type: 'Patient', id: 'ada' } });
  before(async () => {
    gemini = await startGeminiServer();
    server = await startTestServer('ai-signed-in', {
      settings: { auth: 'on', doctorsSee: 'care', geminiApiKey: 'k1', geminiBaseUrl: gemini.baseUrl },
    });
    ask = askerOf(server);
    const meta = { security: [{ system: OWNER_SYSTEM, code: 'h1' }] };
    const generalPractitioner = [{ reference: 'Practitioner/dora' }];
    for (const one of [{ id: 'ada', generalPractitioner }, { id: 'bob' }]) {
      const { status } = await ask(aCaller('admin'), 'PUT', `Patient/${one.id}`, {
        resourceType: 'Patient',
        meta,
        ...one,
      });
      assert.equal(status, 201);
    }
  });
  after(async () => {
    await server.close();
    await gemini.close();
  });

  const analyse = (caller: Caller, about?: string) => {
    const patientOf = about === undefined ? [] : [{ name: 'patient', valueReference: { reference: about } }];
    const parameter = [{ name: 'symptoms', valueString: 'itchy toe' }, ...patientOf];
    return ask(caller, 'POST', '$symptom-analysis', { resourceType: 'Parameters', parameter });
  };

  it('is for patients about themselves, and for doctors about those in their care', async () => {
    for (const [caller, about] of [
      [patient, 'Patient/ada'],
      [patient, undefined],
      [doctor, 'Patient/ada'],
    ] as const) {
      const { status, body, text } = await analyse(caller, about);
      assert.equal(status, 200, text);
      const assessment = body.parameter.find(({ name }: { name: string }) => name === 'assessment').valueReference;
      const kept = await ask(caller, 'GET', assessment.reference);
      assert.equal(kept.body.subject.reference, 'Patient/ada');
      const found = await ask(aCaller('admin'), 'GET', `Provenance?target=${assessment.reference}`);
      assert.deepEqual(found.body.entry[0].resource.meta.security, [{ system: OWNER_SYSTEM, code: 'h1' }]);
    }
  });

  it('is about nobody else', async () => {
    for (const caller of [patient, doctor]) assert.equal((await analyse(caller, 'Patient/bob')).status, 404);
    const { status, body } = await analyse(doctor);
    assert.deepEqual([status, body.issue[0].expression], [400, ['patient']]);
    for (const role of ['nurse', 'receptionist', 'donor']) assert.equal((await analyse(aCaller(role))).status, 403);
  });

  it('of whom is not in care is for a doctor who breaks the glass', async () => {
    const urgent = server.service.access!.withReason(doctor, 'unconscious after an accident');
    assert.equal((await ask(doctor, 'GET', 'Patient/bob')).status, 404);
    assert.equal((await ask(urgent, 'GET', 'Patient/bob')).status, 200);
    const elsewhere = aCaller('doctor', { organizations: ['h2'], fhirUser: { type: 'Practitioner', id: 'eva' } });
    const stranger = server.service.access!.withReason(elsewhere, 'unconscious after an accident');
    assert.equal((await ask(stranger, 'GET', 'Patient/bob')).status, 404);
    assert.equal((await analyse(urgent, 'Patient/bob')).status, 200);
  });
});
