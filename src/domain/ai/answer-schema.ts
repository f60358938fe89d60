// The form in which the model must answer, and the check that it did. A model's word is not trusted before that.
import { Ajv, type JSONSchemaType } from 'ajv';

export const URGENCIES = ['emergency', 'urgent', 'soon', 'routine', 'self-care'] as const;
export const LIKELIHOODS = ['low', 'moderate', 'high'] as const;

export interface ModelAnswer {
  urgency: (typeof URGENCIES)[number];
  summary: string;
  conditions: { name: string; likelihood: (typeof LIKELIHOODS)[number]; rationale: string }[];
  recommendations: string[];
  questions: string[];
  confidence: number;
}

const sentence = { type: 'string', minLength: 1, maxLength: 1000 } as const;
const sentences = { type: 'array', items: sentence, maxItems: 10 } as const;

export const answerSchema: JSONSchemaType<ModelAnswer> = {
  type: 'object',
  additionalProperties: false,
  required: ['urgency', 'summary', 'conditions', 'recommendations', 'questions', 'confidence'],
  properties: {
    urgency: { type: 'string', enum: URGENCIES, description: 'how soon a clinician should see the patient' },
    summary: { ...sentence, description: 'two sentences for a clinician' },
    conditions: {
      type: 'array',
      minItems: 1,
      maxItems: 8,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'likelihood', 'rationale'],
        properties: {
          name: { ...sentence, description: 'a possible condition' },
          likelihood: { type: 'string', enum: LIKELIHOODS },
          rationale: { ...sentence, description: 'which symptoms speak for it' },
        },
      },
    },
    recommendations: { ...sentences, minItems: 1, description: 'what to do next' },
    questions: { ...sentences, description: 'what a clinician should ask' },
    confidence: { type: 'number', minimum: 0, maximum: 1, description: '0: a guess, 1: certain' },
  },
};

const isAnswer = new Ajv({ allErrors: true }).compile(answerSchema);

/** The checked answer, or what is wrong with it. */
export function readAnswer(text: string): { answer: ModelAnswer } | { wrong: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { wrong: 'it is not JSON' };
  }
  if (isAnswer(value)) return { answer: value };
  const errors = isAnswer.errors ?? [];
  return { wrong: errors.map(({ instancePath, message }) => `${instancePath || 'it'} ${message}`).join('; ') };
}
