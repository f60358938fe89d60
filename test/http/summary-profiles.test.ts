// $summary against the profiles of the International Patient Summary, with our own validator.
// https://hl7.org/fhir/uv/ips/StructureDefinition-Bundle-uv-ips.html
// Warnings that stay, because $summary gives resources as they are stored: code systems that are not loaded (LOINC, SNOMED CT, CVX, RxNorm),
// profiles and extensions of US Core that Synthea claims, resources without narrative (dom-6), and codes outside of preferred value sets.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Resource } from '../../src/fhir/model/resource.ts';
import { IPS, loadInto } from '../support/a-package.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';
import { createFhirClient, type FhirClient } from '../support/fhir-client.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const PROFILES = 'http://hl7.org/fhir/uv/ips/StructureDefinition';
const SEED = new URL('../../seed/', import.meta.url);
/** with records of every section; one with allergies */
const SYNTHEA = ['16-11d71b11-d6b5-8791-c506-0feaf398d27c', '10-4b3ac026-29d1-1d25-d4a4-419f2eb8390b'];

interface Document extends Resource {
  // biome-ignore lint/suspicious/noExplicitAny: resources of every type
  entry: { fullUrl: string; resource: any }[];
}

/** what is not called [type]-uv-ips */
const PROFILE_OF: Readonly<Record<string, string>> = { Flag: 'Flag-alert-uv-ips' };
const OWN_PROFILE = new Set(
  'Composition Patient Condition AllergyIntolerance MedicationStatement MedicationRequest Medication Immunization DiagnosticReport Procedure DeviceUseStatement Flag Practitioner PractitionerRole Organization Specimen'.split(
    ' ',
  ),
);
const OBSERVATIONS: readonly [code: string, profile: string][] = [
  ['laboratory', 'Observation-results-laboratory-pathology-uv-ips'],
  ['imaging', 'Observation-results-radiology-uv-ips'],
  ['72166-2', 'Observation-tobaccouse-uv-ips'],
  ['82810-3', 'Observation-pregnancy-status-uv-ips'],
];

function profileOf(resource: Resource): string | undefined {
  const { resourceType: type } = resource;
  if (type !== 'Observation') return OWN_PROFILE.has(type) ? (PROFILE_OF[type] ?? `${type}-uv-ips`) : undefined;
  const text = JSON.stringify([resource.category, resource.code]);
  return OBSERVATIONS.find(([code]) => text.includes(`"${code}"`))?.[1];
}

const concept = (system: string, code: string) => ({ coding: [{ system, code }] });
const category = (code: string) => [concept('http://terminology.hl7.org/CodeSystem/observation-category', code)];
const loinc = (code: string) => concept('http://loinc.org', code);
const subject = { reference: 'Patient/gaps' };
const active = (of: string) => concept(`http://terminology.hl7.org/CodeSystem/${of}-clinical`, 'active');
const observation = { resourceType: 'Observation', status: 'final', subject };

/** each as little as FHIR itself allows, so without what the profiles require */
const gaps: Resource[] = [
  { resourceType: 'Patient', id: 'gaps', name: [{ prefix: ['Dr'] }, { given: ['Ada'] }] },
  { resourceType: 'Practitioner', id: 'nameless' },
  { resourceType: 'Organization', id: 'nameless', identifier: [{ value: '1' }] },
  { resourceType: 'Specimen', id: 'some' },
  { resourceType: 'Medication', id: 'some' },
  { resourceType: 'Condition', id: 'some', subject },
  {
    resourceType: 'AllergyIntolerance',
    id: 'some',
    patient: subject,
    clinicalStatus: active('allergyintolerance'),
    recorder: { reference: 'Practitioner/nameless' },
  },
  {
    resourceType: 'MedicationStatement',
    id: 'some',
    status: 'active',
    subject,
    medicationReference: { reference: 'Medication/some' },
    informationSource: { reference: 'Organization/nameless' },
  },
  { resourceType: 'Procedure', id: 'some', status: 'completed', subject },
  { resourceType: 'Device', id: 'some', patient: subject },
  {
    resourceType: 'DiagnosticReport',
    id: 'some',
    status: 'final',
    subject,
    category: [concept('http://terminology.hl7.org/CodeSystem/v2-0074', 'LAB')],
    code: loinc('58410-2'),
  },
  {
    ...observation,
    id: 'no-result',
    category: category('laboratory'),
    code: loinc('718-7'),
    specimen: { reference: 'Specimen/some' },
  },
  {
    ...observation,
    id: 'no-results',
    category: category('laboratory'),
    code: loinc('58410-2'),
    component: [{ code: loinc('718-7') }],
  },
  { ...observation, id: 'image', category: category('imaging'), code: loinc('30746-2'), valueString: 'clear' },
  { ...observation, id: 'smoking', category: category('social-history'), code: loinc('72166-2') },
  { ...observation, id: 'pregnancy', code: loinc('82810-3') },
  { resourceType: 'Flag', id: 'some', status: 'active', code: { text: 'Falls' }, subject },
];

describe('Patient/$summary and its profiles', () => {
  let database: FreshDatabase;
  let server: TestServer;
  let client: FhirClient;
  before(async () => {
    database = await freshDatabase('summary_profiles');
    await loadInto(database, IPS);
    server = await startTestServer('summary_profiles', { database });
    client = createFhirClient(server.base);
    const files = ['10-hospitals', '11-practitioners', ...SYNTHEA.map((name) => `30-patients/${name}`)];
    for (const name of files)
      await send(JSON.parse(gunzipSync(readFileSync(new URL(`${name}.json.gz`, SEED))).toString()));
    await send({
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resourceType: 'Patient', id: 'bare' } as Resource, ...gaps].map((resource) => ({
        resource,
        request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
      })),
    });
  });
  after(async () => {
    await server?.close();
    await database?.drop();
  });

  async function send(bundle: Resource): Promise<void> {
    const reply = await client.post('', bundle);
    assert.equal(reply.status, 200, reply.text.slice(0, 1000));
  }

  async function summaryOf(id: string): Promise<Document> {
    const reply = await client.get(`/Patient/${id}/$summary`);
    assert.equal(reply.status, 200, reply.text.slice(0, 1000));
    return reply.body;
  }

  async function errorsOf(resource: Resource, profile: string): Promise<string[]> {
    const path = `/${resource.resourceType}/$validate?profile=${PROFILES}/${profile}`;
    const { body } = await client.post(path, resource);
    assert.equal(body.resourceType, 'OperationOutcome');
    return body.issue
      .filter(({ severity }: { severity: string }) => severity === 'error' || severity === 'fatal')
      .map(
        ({ expression = [], diagnostics }: { expression?: string[]; diagnostics: string }) =>
          `${resource.resourceType}/${resource.id} ${expression.join()}: ${diagnostics}`,
      );
  }

  /** every entry against the profile that its section, or the Bundle, has for it */
  async function errorsOfEntries({ entry }: Document): Promise<string[]> {
    const errors: string[] = [];
    for (const { resource } of entry) {
      const profile = profileOf(resource);
      if (profile !== undefined) errors.push(...(await errorsOf(resource, profile)));
    }
    return errors;
  }

  const rows: [title: string, id: string, entries: number][] = [
    ['a patient of whom nothing is known, not even a name', 'bare', 3],
    ['a patient whose records lack what the profiles require', 'gaps', 20],
    ...SYNTHEA.map((name): [string, string, number] => ['a patient of Synthea', name.slice(3), 100]),
  ];
  for (const [title, id, entries] of rows) {
    it(`conform for ${title} (${id})`, async () => {
      const document = await summaryOf(id);
      assert.ok(document.entry.length >= entries, `${document.entry.length} entries`);
      assert.deepEqual(await errorsOf(document, 'Bundle-uv-ips'), []);
      assert.deepEqual(await errorsOfEntries(document), []);
    });
  }

  it('have every type of entry that has a profile, but immunizations, in the patient with gaps', async () => {
    const types = new Set((await summaryOf('gaps')).entry.map(({ resource }) => resource.resourceType));
    assert.deepEqual(
      [...OWN_PROFILE].filter((type) => !types.has(type)),
      ['MedicationRequest', 'Immunization', 'PractitionerRole'],
    );
  });

  it('would be missed without what is told to be unknown', async () => {
    const document = await summaryOf('bare');
    for (const { resource } of document.entry) {
      delete resource._birthDate;
      for (const section of resource.section ?? []) delete section.emptyReason;
    }
    const errors = (await errorsOf(document, 'Bundle-uv-ips')).join('\n');
    assert.match(errors, /slice Bundle\.entry:patient is missing/);
    assert.match(errors, /slice Bundle\.entry:composition is missing/);
  });
});
