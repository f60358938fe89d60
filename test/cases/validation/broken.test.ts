// Every row of the tables beside this file: the sound resource passes, the broken one is refused for that reason, at that place, and for no other.
// What HL7's validator says of them, and where it says otherwise, is in docs/validation.md.
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { createCanonicals } from '../../../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../../../src/fhir/conformance/published.ts';
import { readPackage } from '../../../src/fhir/conformance/read-package.ts';
import { createShipped } from '../../../src/fhir/conformance/shipped.ts';
import { loadDefinitions } from '../../../src/fhir/definitions/load.ts';
import { profilesOf } from '../../../src/fhir/definitions/profiles.ts';
import type { Issue } from '../../../src/fhir/model/errors.ts';
import type { Resource } from '../../../src/fhir/model/resource.ts';
import { createTerminology } from '../../../src/fhir/terminology/create-terminology.ts';
import { createProfileValidator, type ProfileValidator } from '../../../src/fhir/validation/profiles/validator.ts';
import { createValidator } from '../../../src/fhir/validation/validate.ts';
import { US_CORE } from '../../support/a-package.ts';
import { invariants } from './invariants.ts';
import { own, posted } from './posted.ts';
import { profiles } from './profiles.ts';
import { resources } from './resources.ts';
import { changed, type Json, type Row } from './row.ts';
import { sound } from './sound.ts';
import { usCore } from './us-core.ts';

async function aValidator(): Promise<ProfileValidator> {
  const more: Resource[] = [...(posted as Resource[])];
  await readPackage(createReadStream(US_CORE), async ({ resource }) => {
    more.push(resource);
  });
  const definitions = loadDefinitions();
  const canonicals = createCanonicals({ sources: [createShipped(profilesOf(more)), createPublished()] });
  const terminology = createTerminology({ canonicals, maxExpansion: 1000, now: Date.now });
  return createProfileValidator({ definitions, canonicals, terminology, validate: createValidator(definitions) });
}

describe('the table of broken resources', () => {
  let validator: ProfileValidator;
  before(async () => {
    validator = await aValidator();
  });

  const errorsOf = async (resource: Json, profile?: string): Promise<Issue[]> =>
    (await validator.validate(resource, profile === undefined ? {} : { profiles: [profile] })).filter(
      ({ severity }) => severity === 'error' || severity === 'fatal',
    );

  const tables: Record<string, Row[]> = { invariants, resources, profiles, 'US Core': usCore };
  for (const [title, rows] of Object.entries(tables)) {
    describe(title, () => {
      const bases = new Map(rows.map(({ base, profile }) => [`${base} ${profile}`, { base, profile }]));
      for (const { base, profile } of bases.values()) {
        it(`accepts the sound ${base}`, async () => {
          assert.deepEqual(await errorsOf(sound[base] as Json, profile), []);
        });
      }
      for (const { what, base, change, found, says = '', profile } of rows) {
        it(`refuses ${what} (${base})`, async () => {
          const errors = await errorsOf(changed(sound[base] as Json, change), profile);
          const told = errors.map(({ code, expression }) => `${code} ${expression}`);
          assert.deepEqual([...new Set(told)].sort(), [found].flat().sort());
          assert.ok(
            errors.some(({ diagnostics }) => diagnostics.includes(says)),
            `nothing says ${says}: ${errors.map(({ diagnostics }) => diagnostics).join('; ')}`,
          );
        });
      }
    });
  }

  it('reads references of an entry from where the entry is, where a profile of the Bundle leads into it', async () => {
    const profile = own('slices-by-entry-references');
    const observation = {
      resourceType: 'Observation',
      contained: [{ resourceType: 'Organization', id: 'o', name: 'Clinic' }],
      status: 'final',
      code: { text: 'Glucose' },
      performer: [{ reference: 'Practitioner/d' }, { reference: '#o' }],
    };
    const doctor = { resourceType: 'Practitioner', id: 'd', name: [{ text: 'House' }] };
    const bundle = {
      resourceType: 'Bundle',
      type: 'collection',
      entry: [
        { fullUrl: 'http://one.example/fhir/Practitioner/d', resource: { resourceType: 'Practitioner', id: 'd' } },
        { fullUrl: 'http://two.example/fhir/Practitioner/d', resource: doctor },
        { fullUrl: 'http://two.example/fhir/Observation/1', resource: { ...observation, id: '1' } },
      ],
    };
    assert.deepEqual(await errorsOf(bundle, profile), []);
    const elsewhere = changed(bundle, { 'entry/2/fullUrl': 'http://one.example/fhir/Observation/1' });
    assert.match((await errorsOf(elsewhere, profile))[0]?.diagnostics ?? '', /Bundle\.entry:result is missing/);
  });
});
