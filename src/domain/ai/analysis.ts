// An analysis as it is answered, and as it is kept: a RiskAssessment and the Provenance that says who made it from what.
// https://hl7.org/fhir/R4/riskassessment.html and https://hl7.org/fhir/R4/provenance.html
import type { Coding, Provenance, Reference, RiskAssessment } from 'fhir/r4.js';
import { DEFINITIONS } from '../shared/extensions.ts';
import type { ModelAnswer } from './answer-schema.ts';
import { needsReview, PROMPT_URL, PROMPT_VERSION } from './prompt.ts';
import { RED_FLAG_RULES_VERSION, type RedFlag } from './red-flags.ts';

export const DISCLAIMER =
  'This analysis was made by a machine. It is not a diagnosis and does not replace a clinician. In an emergency call the emergency number.';

export interface Analysis extends Omit<ModelAnswer, 'conditions' | 'recommendations' | 'questions'> {
  source: 'rule' | 'model';
  redFlag: RedFlag[];
  condition: ModelAnswer['conditions'];
  recommendation: string[];
  question: string[];
  needsReview: boolean;
  disclaimer: string;
}

export const fromRedFlags = (flags: readonly RedFlag[]): Analysis => ({
  urgency: 'emergency',
  source: 'rule',
  summary: `Red flag: ${flags.map(({ label }) => label).join(', ')}.`,
  redFlag: [...flags],
  condition: [],
  recommendation: [...new Set(flags.map(({ advice }) => advice))],
  question: [],
  confidence: 1,
  needsReview: true,
  disclaimer: DISCLAIMER,
});

export const fromModel = ({ conditions, recommendations, questions, ...answer }: ModelAnswer): Analysis => ({
  ...answer,
  source: 'model',
  redFlag: [],
  condition: conditions,
  recommendation: recommendations,
  question: questions,
  needsReview: needsReview(answer),
  disclaimer: DISCLAIMER,
});

export interface Circumstances {
  id: string;
  subject: Reference;
  encounter?: Reference | undefined;
  /** ISO instant */
  at: string;
  /** as sent, without identifiers */
  inputHash: string;
  /** the model's name; absent for the rules */
  model?: string | undefined;
}

const SYSTEMS = 'https://wardgate.dev/fhir/CodeSystem';
const OBSERVATION_VALUE = 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue';

/** Security labels that say who asserts it: https://terminology.hl7.org/ValueSet-v3-SecurityIntegrityProvenanceAssertedByObservationValue.html */
const ASSERTED_BY: Readonly<Record<Analysis['source'], Coding>> = {
  model: { system: OBSERVATION_VALUE, code: 'AIAST', display: 'Artificial Intelligence asserted' },
  rule: { system: OBSERVATION_VALUE, code: 'DEVAST', display: 'device asserted' },
};

export function assessmentOf(analysis: Analysis, { id, subject, encounter, at }: Circumstances): RiskAssessment {
  const { source, urgency, summary, redFlag, condition, recommendation, question, confidence } = analysis;
  const likely = (code: string): NonNullable<RiskAssessment['prediction']>[number]['qualitativeRisk'] => ({
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/risk-probability', code }],
  });
  const notes = [
    DISCLAIMER,
    summary,
    ...question.map((text) => `To ask: ${text}`),
    ...(source === 'model' ? [`The model's own confidence: ${confidence}`] : []),
  ];
  return {
    resourceType: 'RiskAssessment',
    id,
    meta: {
      security: [ASSERTED_BY[source]],
      ...(analysis.needsReview && { tag: [{ system: `${SYSTEMS}/review`, code: 'needs-human-review' }] }),
    },
    extension: [{ url: `${DEFINITIONS}/analysis-urgency`, valueCode: urgency }],
    status: 'preliminary',
    method: { coding: [{ system: `${SYSTEMS}/analysis-source`, code: source }] },
    code: { text: 'Symptom analysis' },
    subject,
    ...(encounter && { encounter }),
    occurrenceDateTime: at,
    prediction: [
      ...redFlag.map(({ code, label, advice }) => ({
        outcome: { coding: [{ system: `${SYSTEMS}/red-flag`, code, display: label }], text: label },
        qualitativeRisk: likely('high')!,
        rationale: advice,
      })),
      ...condition.map(({ name, likelihood, rationale }) => ({
        outcome: { text: name },
        qualitativeRisk: likely(likelihood)!,
        rationale,
      })),
    ],
    mitigation: recommendation.join('\n'),
    note: notes.map((text) => ({ text })),
  };
}

export function provenanceOf(analysis: Analysis, { id, at, inputHash, model }: Circumstances): Provenance {
  const maker = model ?? `red-flag rules ${RED_FLAG_RULES_VERSION}`;
  return {
    resourceType: 'Provenance',
    id: `${id}-prov`,
    target: [{ reference: `RiskAssessment/${id}` }],
    recorded: at,
    ...(analysis.source === 'model' && { policy: [`${PROMPT_URL}|${PROMPT_VERSION}`] }),
    activity: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'CREATE', display: 'create' }],
    },
    agent: [
      {
        type: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type', code: 'assembler' }],
        },
        who: {
          type: 'Device',
          identifier: { system: 'https://wardgate.dev/fhir/sid/analysis-maker', value: maker },
          display: maker,
        },
      },
    ],
    entity: [
      {
        role: 'source',
        what: {
          identifier: { system: 'https://wardgate.dev/fhir/sid/input-sha256', value: inputHash },
          display: 'What was asked, without identifiers (SHA-256)',
        },
      },
    ],
  };
}
