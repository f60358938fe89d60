// Patient/$match: who is this? https://hl7.org/fhir/R4/patient-operation-match.html
// At most seven searches, at once.
import type { Patient } from 'fhir/r4.js';
import type { PatientMatchInput, PatientMatchOutput } from '../../../generated/operation-io.ts';
import { type BundleEntryParts, writeBundle } from '../../interactions/write-bundle.ts';
import { FhirError } from '../../model/errors.ts';
import { stringifyJson } from '../../model/json.ts';
import { outcomeOf } from '../../model/outcome.ts';
import type { Resource } from '../../model/resource.ts';
import { answerWith, defineOperation } from '../operation.ts';
import { candidatesFor } from './match-candidates.ts';
import { type Score, scoreOf } from './match-score.ts';

const MATCH_GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';
const USUAL_COUNT = 10;

export default defineOperation<PatientMatchInput, PatientMatchOutput>({
  definition: 'Patient-match',
  needs: ['Patient.s'],
  async run({ resource: asked, count = USUAL_COUNT, onlyCertainMatches = false }, context) {
    if (count < 1) throw new FhirError('value', 'count must be at least 1', { expression: 'count' });
    refuseTooLittle(asked);
    const { engine, call } = context;
    const candidates = await candidatesFor(context, asked);
    const scored = candidates
      .map((patient) => ({ patient, ...scoreOf(asked, patient) }))
      .filter(({ grade }) => (onlyCertainMatches ? grade === 'certain' : grade !== 'certainly-not'))
      .sort((a, b) => b.score - a.score || (a.patient.id! < b.patient.id! ? -1 : 1));
    const isAmbiguous = onlyCertainMatches && scored.length > 1;
    const shown = isAmbiguous ? [] : scored.slice(0, count);
    const notes = [
      ...(isAmbiguous ? [`${scored.length} patients match with certainty, so none is returned`] : []),
      ...(!isAmbiguous && scored.length > shown.length
        ? [`${scored.length - shown.length} less likely matches are not shown`]
        : []),
    ];
    const body = writeBundle({
      type: 'searchset',
      lastUpdated: engine.now(),
      total: shown.length,
      links: [{ relation: 'self', url: `${call.base}/Patient/$match` }],
      entries: [...shown.map((one) => entryOf(call.base, one)), ...(notes.length === 0 ? [] : [noteEntry(notes)])],
    });
    return answerWith({ status: 200, body });
  },
});

/** "insufficient properties in patient fragment" */
function refuseTooLittle({ name = [], identifier = [], birthDate, telecom = [], address = [] }: Patient): void {
  const isNamed = name.some(
    ({ family, given = [], text }) => family !== undefined || given.length > 0 || text !== undefined,
  );
  const isIdentified = identifier.some(({ value }) => value !== undefined);
  if (isNamed || isIdentified || (birthDate !== undefined && telecom.length + address.length > 0)) return;
  const message =
    'Too little is known to find a patient: give a name, an identifier, or a birth date with a contact point or an address';
  throw new FhirError('required', message, { expression: 'Patient' });
}

function entryOf(base: string, { patient, score, grade }: { patient: Patient } & Score): BundleEntryParts {
  return {
    fullUrl: `${base}/Patient/${patient.id}`,
    resource: Buffer.from(stringifyJson(patient as never as Resource)),
    rest: { search: { extension: [{ url: MATCH_GRADE, valueCode: grade }], mode: 'match', score } },
  };
}

const noteEntry = (notes: readonly string[]): BundleEntryParts => ({
  resource: Buffer.from(
    JSON.stringify(
      outcomeOf(notes.map((diagnostics) => ({ severity: 'information', code: 'informational', diagnostics }))),
    ),
  ),
  rest: { search: { mode: 'outcome' } },
});
