// The provider that speaks to Google's Gemini. https://ai.google.dev/api/generate-content
import { setTimeout as sleep } from 'node:timers/promises';
import {
  GoogleGenerativeAI,
  GoogleGenerativeAIAbortError,
  GoogleGenerativeAIFetchError,
  GoogleGenerativeAIResponseError,
  type ResponseSchema,
} from '@google/generative-ai';
import { FhirError } from '../../fhir/model/errors.ts';
import type { AiProvider, Prompt } from './provider.ts';

export interface GeminiSettings {
  apiKey: string;
  model: string;
  /** another address that speaks the protocol */
  baseUrl?: string | undefined;
  /** of one attempt */
  timeoutMs?: number;
  attempts?: number;
  /** before the second attempt; doubles with each further one */
  backoffMs?: number;
}

export function createGeminiProvider(settings: GeminiSettings): AiProvider {
  const { apiKey, model, baseUrl, timeoutMs = 20_000, attempts = 3, backoffMs = 500 } = settings;
  const client = new GoogleGenerativeAI(apiKey);

  async function ask({ system, text, schema, temperature }: Prompt, signal: AbortSignal): Promise<string> {
    const generative = client.getGenerativeModel(
      {
        model,
        systemInstruction: system,
        generationConfig: {
          temperature,
          responseMimeType: 'application/json',
          responseSchema: geminiSchema(schema) as ResponseSchema,
        },
      },
      { timeout: timeoutMs, ...(baseUrl !== undefined && { baseUrl: baseUrl.replace(/\/$/, '') }) },
    );
    // the library never takes its listener off the signal again, and the caller's may live as long as the process
    const { response } = await generative.generateContent(text, { signal: AbortSignal.any([signal]) });
    return response.text();
  }

  return {
    model,
    async answer(prompt, signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await ask(prompt, signal);
        } catch (error) {
          signal.throwIfAborted();
          if (attempt >= attempts || !isWorthRetrying(error)) throw refusalOf(error);
        }
        // half of the wait is chance, so that many servers do not come back at the same moment
        const wait = backoffMs * 2 ** (attempt - 1);
        await sleep(wait / 2 + Math.random() * (wait / 2), undefined, { signal });
      }
    },
  };
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof GoogleGenerativeAIFetchError ? error.status : undefined;

const isBusy = (status: number | undefined): boolean => status === 429 || (status ?? 0) >= 500;

/** A fetch that failed without a status is a lost connection. A timeout is not repeated: the caller has waited long enough. */
const isWorthRetrying = (error: unknown): boolean =>
  isBusy(statusOf(error)) ||
  (error instanceof Error &&
    statusOf(error) === undefined &&
    !(error instanceof GoogleGenerativeAIAbortError) &&
    !(error instanceof GoogleGenerativeAIResponseError));

function refusalOf(cause: unknown): FhirError {
  if (cause instanceof GoogleGenerativeAIAbortError) {
    return new FhirError('timeout', 'The language model did not answer in time. Nothing was stored; try again later.', {
      cause,
    });
  }
  if (cause instanceof GoogleGenerativeAIResponseError) {
    return new FhirError('business-rule', 'The language model declined to answer this question.', { cause });
  }
  const status = statusOf(cause);
  if (status !== undefined && !isBusy(status)) {
    const hint = 'Check GEMINI_API_KEY, GEMINI_MODEL and GEMINI_BASE_URL.';
    return new FhirError('not-configured', `The language model's service refused the request (${status}). ${hint}`, {
      cause,
    });
  }
  const what = status === 429 ? 'is overloaded' : 'cannot be reached';
  return new FhirError('transient', `The language model ${what}. Nothing was stored; try again in a minute.`, {
    cause,
    headers: { 'Retry-After': '60' },
  });
}

/** Gemini takes a part of OpenAPI's schema language and refuses keywords it does not know. */
const KNOWN = new Set([
  'type',
  'enum',
  'description',
  'properties',
  'required',
  'items',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
]);

function geminiSchema(schema: object): object {
  const entries = Object.entries(schema).filter(([keyword]) => KNOWN.has(keyword));
  return Object.fromEntries(
    entries.map(([keyword, value]) => {
      if (keyword === 'items') return [keyword, geminiSchema(value)];
      if (keyword !== 'properties') return [keyword, value];
      const properties = Object.entries(value as Record<string, object>);
      return [keyword, Object.fromEntries(properties.map(([name, property]) => [name, geminiSchema(property)]))];
    }),
  );
}
