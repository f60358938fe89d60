import assert from 'node:assert/strict';
import { answerSchema } from '../../../../src/domain/ai/answer-schema.ts';
import { createGeminiProvider } from '../../../../src/domain/ai/gemini.ts';
import type { FhirError } from '../../../../src/fhir/model/errors.ts';
import { type GeminiServer, startGeminiServer } from '../../../support/gemini-server.ts';

describe('the Gemini provider', () => {
  let gemini: GeminiServer;
  before(async () => {
    gemini = await startGeminiServer();
  });
  after(() => gemini.close());

  const prompt = { system: 'be brief', text: 'itchy toe', schema: answerSchema, temperature: 0.2 };
  const quick = { apiKey: 'k1', model: 'gemini-test', timeoutMs: 200, backoffMs: 1 };
  const ask = (signal = new AbortController().signal): Promise<string> =>
    createGeminiProvider({ ...quick, baseUrl: gemini.baseUrl }).answer(prompt, signal);
  const kindOf = async (work: Promise<unknown>): Promise<string> => {
    const error = await work.then(
      () => undefined,
      (reason: FhirError) => reason,
    );
    return error?.kind ?? 'no error';
  };

  it('asks for JSON in the agreed form and sends the key as a header', async () => {
    gemini.replies({ text: '{}' });
    assert.equal(await ask(), '{}');
    const [request] = gemini.requests;
    assert.equal(request?.key, 'k1');
    assert.match(request?.url ?? '', /models\/gemini-test:generateContent$/);
    assert.equal(request?.body.generationConfig.responseMimeType, 'application/json');
    assert.equal(request?.body.generationConfig.responseSchema.properties.confidence.type, 'number');
    assert.equal(JSON.stringify(request?.body).includes('additionalProperties'), false);
  });

  it('tries again when the service is overloaded', async () => {
    gemini.replies({ status: 429 }, { status: 503 }, { text: 'yes' });
    assert.equal(await ask(), 'yes');
    assert.equal(gemini.requests.length, 3);
  });

  it('gives up after three attempts and says when to come back', async () => {
    gemini.replies({ status: 429 });
    const error = await ask().catch((reason: FhirError) => reason);
    assert.equal((error as FhirError).kind, 'transient');
    assert.equal((error as FhirError).headers['Retry-After'], '60');
    assert.equal(gemini.requests.length, 3);
  });

  it('does not wait for ever', async () => {
    gemini.replies('silence');
    assert.equal(await kindOf(ask()), 'timeout');
    assert.equal(gemini.requests.length, 1);
  });

  it('says that the settings are wrong when the key is refused', async () => {
    gemini.replies({ status: 403 });
    assert.equal(await kindOf(ask()), 'not-configured');
    assert.equal(gemini.requests.length, 1);
  });

  it('passes on that the model declined', async () => {
    gemini.replies('blocked');
    assert.equal(await kindOf(ask()), 'business-rule');
  });

  it('says that the service cannot be reached', async () => {
    const gone = createGeminiProvider({ ...quick, baseUrl: 'http://127.0.0.1:9' });
    assert.equal(await kindOf(gone.answer(prompt, new AbortController().signal)), 'transient');
  });

  it('stops when the caller cancels', async () => {
    gemini.replies('silence');
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('cancelled')), 20);
    await assert.rejects(ask(abort.signal), /cancelled/);
  });
});
