import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aGoodAnswer, type GeminiServer, startGeminiServer } from '../support/gemini-server.ts';
import { type Hospital, openHospital, parametersOf, sentenceOf } from '../support/hospital.ts';

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
