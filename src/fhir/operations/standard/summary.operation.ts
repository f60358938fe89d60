// Patient/[id]/$summary: the International Patient Summary. https://hl7.org/fhir/uv/ips/OperationDefinition-summary.html
// One search for each source of a section (two where only the newest of each code are wanted), all at once, then one for each type of what the
// entries refer to.
import { randomUUID } from 'node:crypto';
import type { Composition, Patient } from 'fhir/r4.js';
import type { PatientSummaryInput, PatientSummaryOutput } from '../../../generated/operation-io.ts';
import { FhirError } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import { nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import { planCriteria } from '../../search/index.ts';
import type { Match } from '../../storage/store.ts';
import { defineOperation, type OperationContext } from '../operation.ts';
import { documentOf } from './document-bundle.ts';
import { fetchInOrder, lastOfEachCode } from './last-of-each-code.ts';
import { referencesIn } from './references-in.ts';
import { contentOf, findByName, nameFrom, need } from './stored.ts';
import { completed, UNKNOWN } from './summary-absent.ts';
import { narrativeOf, narrativeOfNothing, textOf } from './summary-narrative.ts';
import { type Section, type Source, sections } from './summary-sections.ts';

const IPS = 'http://hl7.org/fhir/uv/ips/StructureDefinition';
const LOINC = 'http://loinc.org';
/** of one source; a summary of more is none */
const MOST_ENTRIES = 500;
/** "No information" is not "no known allergies": that is said only where somebody recorded it. */
const NOTHING_RECORDED = {
  coding: [
    { system: 'http://terminology.hl7.org/CodeSystem/list-empty-reason', code: 'unavailable', display: 'Unavailable' },
  ],
  text: 'No information available',
};
/** what entries refer to and a reader needs to understand them */
const SUPPORTING = new Set([
  'Practitioner',
  'PractitionerRole',
  'Organization',
  'Medication',
  'Device',
  'Specimen',
  'Observation',
  'Location',
]);

export default defineOperation<PatientSummaryInput, PatientSummaryOutput>({
  definition: 'Patient-summary',
  needs: ['*.rs'],
  async run({ identifier, profile }, context) {
    if (profile !== undefined && profile.split('|', 1)[0] !== `${IPS}/Composition-uv-ips`) {
      throw new FhirError('not-supported', `Only the profile ${IPS}/Composition-uv-ips is known, not ${profile}`, {
        expression: 'profile',
      });
    }
    const id = context.target.id ?? (await idBy(context, identifier));
    if (context.target.id !== undefined && identifier !== undefined) {
      throw new FhirError('invalid', 'identifier has no place here: the address names the patient already', {
        expression: 'identifier',
      });
    }
    const patient = contentOf(await need(context.store, 'Patient', id)) as never as Patient;
    return { return: (await summaryOf(context, patient)) as never as PatientSummaryOutput['return'] };
  },
});

async function idBy({ engine, store }: OperationContext, identifier: string | undefined): Promise<string> {
  if (identifier === undefined)
    throw new FhirError('required', 'Which patient? Give identifier', { expression: 'identifier' });
  const { definitions, settings, now } = engine;
  const { where } = planCriteria({
    definitions,
    type: 'Patient',
    query: [['identifier', identifier]],
    settings,
    now: now(),
  });
  const { matches } = await store.find({ type: 'Patient', where, sort: [], limit: 2, total: 'none' });
  if (matches.length === 1) return matches[0]!.id;
  const kind = matches.length === 0 ? 'not-found' : 'multiple-matches';
  throw new FhirError(
    kind,
    `${matches.length === 0 ? 'No patient has' : 'Several patients have'} the identifier ${identifier}`,
    {
      expression: 'identifier',
    },
  );
}

/** A resource in the document, and how the composition refers to it. */
interface Part {
  reference: string;
  fullUrl: string;
  resource: Resource;
}

async function summaryOf(context: OperationContext, patient: Patient): Promise<Resource> {
  const { call, now } = context;
  const subject = { reference: `Patient/${patient.id}` };
  const stored = (match: Match): Part => ({
    reference: nameOf(match),
    fullUrl: `${call.base}/${nameOf(match)}`,
    resource: completed(contentOf(match)),
  });
  const found = await Promise.all(sections.map((section) => entriesOf(context, section, patient.id!)));
  const supporting = await supportOf(context, found.flat(), patient);
  const devices = await devicesOf(context, patient.id!, found[sections.findIndex(({ code }) => code === '46264-8')]!);
  const names = new Map(
    [...supporting, ...devices.matches].map((match) => [nameOf(match), nameForReaders(contentOf(match))]),
  );
  const filled = sections.map((section, index) => {
    const parts = found[index]!.map(stored);
    if (section.code === '46264-8') parts.push(...devices.statements.map((resource) => made({ ...resource, subject })));
    return { section, parts };
  });
  const author = made({
    resourceType: 'Device',
    deviceName: [{ name: 'Wardgate', type: 'user-friendly-name' }],
    type: { text: 'Electronic health record system' },
  });
  const date = new Date(now()).toISOString();
  const custodian = patient.managingOrganization;
  const composition: Composition = {
    resourceType: 'Composition',
    meta: { profile: [`${IPS}/Composition-uv-ips`] },
    text: narrativeOf('Patient summary', [], names),
    status: 'final',
    type: { coding: [{ system: LOINC, code: '60591-5', display: 'Patient summary Document' }] },
    subject,
    date,
    author: [{ reference: author.reference, display: 'Wardgate' }],
    title: `Patient summary as of ${date.slice(0, 10)}`,
    ...(custodian?.reference !== undefined && names.has(custodian.reference) && { custodian }),
    section: filled
      .filter(({ section, parts }) => parts.length > 0 || section.unknown !== undefined)
      .map(({ section: { title, code, display, unknown = '' }, parts }) => ({
        title,
        code: { coding: [{ system: LOINC, code, display }] },
        ...(parts.length === 0
          ? { text: narrativeOfNothing(title, unknown), emptyReason: NOTHING_RECORDED }
          : {
              text: narrativeOf(
                title,
                parts.map(({ resource }) => resource),
                names,
              ),
              entry: parts.map(({ reference }) => ({ reference })),
            }),
      })),
  };
  const first = made(composition as never as Resource);
  const own: Part = {
    reference: subject.reference,
    fullUrl: `${call.base}/${subject.reference}`,
    resource: completed(patient as never as Resource),
  };
  const parts = [
    first,
    own,
    author,
    ...filled.flatMap((one) => one.parts),
    ...[...supporting, ...devices.matches].map(stored),
  ];
  const entry = [...new Map(parts.map((part) => [part.fullUrl, part])).values()].map(({ fullUrl, resource }) => ({
    fullUrl,
    resource,
  }));
  return { ...documentOf([], { base: call.base, now: now() }), meta: { profile: [`${IPS}/Bundle-uv-ips`] }, entry };
}

/** Not stored anywhere: it is what it is in this document alone. */
function made(resource: Resource): Part {
  const id = randomUUID();
  const { resourceType, ...content } = resource;
  return { reference: `urn:uuid:${id}`, fullUrl: `urn:uuid:${id}`, resource: { resourceType, id, ...content } };
}

/** About the patient: the compartment also holds what the patient told or did of others. */
function aboutPatient(
  { definitions, settings, now }: OperationContext['engine'],
  { type, query }: Source,
  id: string,
): Predicate {
  const criteria = [['patient', `Patient/${id}`] as const, ...query];
  return planCriteria({ definitions, type, query: criteria, settings, now: now() }).where;
}

async function entriesOf({ engine, store }: OperationContext, { sources }: Section, id: string): Promise<Match[]> {
  const found = await Promise.all(
    sources.map(async (source) => {
      const { type, isLast } = source;
      const where = aboutPatient(engine, source, id);
      if (isLast)
        return fetchInOrder(store, type, (await lastOfEachCode(store, type, where, 1)).slice(0, MOST_ENTRIES));
      return (await store.find({ type, where, sort: [], limit: MOST_ENTRIES, total: 'none' })).matches;
    }),
  );
  return found.flat().filter((match) => isRelevant(contentOf(match)));
}

/** What no search parameter tells. */
function isRelevant({ resourceType, status, doNotPerform }: Resource): boolean {
  if (resourceType === 'MedicationRequest') return doNotPerform !== true;
  if (resourceType === 'DeviceUseStatement') return status === 'active' || status === 'on-hold';
  return resourceType !== 'Flag' || status === 'active';
}

async function supportOf(
  { store, call }: OperationContext,
  entries: readonly Match[],
  patient: Patient,
): Promise<Match[]> {
  const seen = new Set(entries.map(nameOf));
  const found: Match[] = [];
  const ofPatient = [patient.managingOrganization, ...(patient.generalPractitioner ?? [])].flatMap(
    (one) => one?.reference ?? [],
  );
  let names = [...entries.flatMap(({ bytes }) => referencesIn(bytes, call.base).map(nameOf)), ...ofPatient];
  while (names.length > 0) {
    const fresh = [...new Set(names)].filter((name) => !seen.has(name) && SUPPORTING.has(nameFrom(name).type));
    for (const name of fresh) seen.add(name);
    const matches = await findByName(store, fresh.map(nameFrom));
    found.push(...matches);
    names = matches.flatMap(({ bytes }) => referencesIn(bytes, call.base).map(nameOf));
  }
  return found;
}

/** Devices of the patient that no statement speaks of: most systems record an implant without one. */
async function devicesOf({ store, call }: OperationContext, id: string, statements: readonly Match[]) {
  const where: Predicate = { op: 'equals', key: `patient|Patient/${id}` };
  const { matches } = await store.find({ type: 'Device', where, sort: [], limit: MOST_ENTRIES, total: 'none' });
  const spokenOf = new Set(statements.flatMap(({ bytes }) => referencesIn(bytes, call.base).map(nameOf)));
  const silent = matches.filter(
    (match) => !spokenOf.has(nameOf(match)) && (contentOf(match).status ?? 'active') === 'active',
  );
  return {
    matches: silent,
    statements: silent.map(
      (match): Resource => ({
        resourceType: 'DeviceUseStatement',
        status: 'active',
        device: { reference: nameOf(match) },
        _timingDateTime: UNKNOWN,
      }),
    ),
  };
}

function nameForReaders(resource: Resource): string {
  const { code, type, deviceName, name } = resource as never as Record<string, never>;
  const [named] = (deviceName as { name?: string }[] | undefined) ?? [];
  if (named?.name !== undefined) return named.name;
  if (typeof name === 'string') return name;
  return textOf(code ?? (Array.isArray(type) ? type[0] : type));
}
