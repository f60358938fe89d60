// Sorts symptoms by urgency and names possible conditions. Red flags are answered by rule at once; the rest is asked of the model, without
// anything that identifies the patient, and its answer is checked before anyone sees it.
import { createHash } from 'node:crypto';
import type { Patient } from 'fhir/r4.js';
import { DateTime } from 'luxon';
import { beyond, type Call, defineOperation, type OperationContext } from '../../fhir/index.ts';
import { FhirError } from '../../fhir/model/errors.ts';
import type { SymptomAnalysisInput, SymptomAnalysisOutput } from '../../generated/operation-io.ts';
import { need, needId, update } from '../shared/resources.ts';
import { assessmentOf, fromModel, fromRedFlags, provenanceOf } from './analysis.ts';
import { type ModelAnswer, readAnswer } from './answer-schema.ts';
import { withoutIdentifiers } from './identifiers.ts';
import { promptOf, type Question } from './prompt.ts';
import { type AiProvider, needProvider } from './provider.ts';
import { redFlagsIn } from './red-flags.ts';

/** A model that answers in the wrong form is asked once more. */
const TRIES = 2;

export default defineOperation<SymptomAnalysisInput, SymptomAnalysisOutput>({
  definition: 'symptom-analysis',
  needs: ['Patient.r', 'RiskAssessment.c'],
  async: 'allowed',
  async run(input, context) {
    const { store, now, call, parts } = context;
    const patientId = input.patient ? needId(input.patient, 'Patient', call, 'patient') : ownPatient(call);
    const patient = patientId === undefined ? undefined : await need<Patient>(store, 'Patient', patientId);
    const question = questionOf(input, patient, now());
    const prompt = promptOf(question);

    const flags = redFlagsIn(input.symptoms, question);
    const provider = flags.length > 0 ? undefined : needProvider(parts);
    const analysis = provider === undefined ? fromRedFlags(flags) : fromModel(await ask(provider, prompt, context));

    const inputHash = sha256(prompt.text);
    // the same call from the queue, run a second time after a crash, is kept once
    const id = `analysis-${sha256([call.id, call.caller?.id, patientId, inputHash].join(' ')).slice(0, 32)}`;
    const circumstances = {
      id,
      subject: patientId === undefined ? { display: 'Not identified' } : { reference: `Patient/${patientId}` },
      encounter: input.encounter,
      at: new Date(now()).toISOString(),
      inputHash,
      model: provider?.model,
    };
    await store
      .transaction(async (tx) => {
        if ((await tx.read('RiskAssessment', id)) !== undefined) return;
        await tx.write([update(assessmentOf(analysis, circumstances))]);
        // what made it is said by this server, and by nobody who asked
        await beyond(tx).write([update(provenanceOf(analysis, circumstances))]);
      })
      .catch((error: unknown) => {
        throw patientId === undefined && (error as FhirError).kind === 'forbidden' ? patientMissing() : error;
      });
    return { ...analysis, assessment: { reference: `RiskAssessment/${id}` } };
  },
});

/** Patients who name nobody ask about themselves. */
const ownPatient = ({ caller }: Call): string | undefined =>
  caller?.fhirUser?.type === 'Patient' ? caller.fhirUser.id : undefined;

const patientMissing = (): FhirError =>
  new FhirError('required', 'Say which patient it is about: you may keep analyses of patients only', {
    expression: 'patient',
  });

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function questionOf(
  { symptoms, duration, age, sex }: SymptomAnalysisInput,
  patient: Patient | undefined,
  now: number,
): Question {
  return {
    symptoms: withoutIdentifiers(symptoms, patient),
    duration: duration && withoutIdentifiers(duration, patient),
    ageYears: age ?? ageOf(patient, now),
    sex: sex ?? patient?.gender,
  };
}

function ageOf(patient: Patient | undefined, now: number): number | undefined {
  const born = patient?.birthDate === undefined ? undefined : DateTime.fromISO(patient.birthDate, { zone: 'utc' });
  if (born === undefined || !born.isValid) return undefined;
  return Math.floor(DateTime.fromMillis(now, { zone: 'utc' }).diff(born, 'years').years);
}

async function ask(
  provider: AiProvider,
  prompt: ReturnType<typeof promptOf>,
  { progress, signal }: Pick<OperationContext, 'progress' | 'signal'>,
): Promise<ModelAnswer> {
  let wrong = '';
  for (let attempt = 1; attempt <= TRIES; attempt++) {
    await progress('waiting for the language model');
    const read = readAnswer(await provider.answer(prompt, signal));
    if ('answer' in read) return read.answer;
    wrong = read.wrong;
  }
  throw new FhirError(
    'transient',
    'The language model gave an answer that does not fit the expected form. Nothing was stored; try again.',
    {
      cause: new Error(wrong),
      headers: { 'Retry-After': '60' },
    },
  );
}
