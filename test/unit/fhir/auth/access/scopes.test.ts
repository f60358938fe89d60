import assert from 'node:assert/strict';
import { readClinicalScope } from '../../../../../src/fhir/auth/access/scopes.ts';
import { loadDefinitions } from '../../../../../src/fhir/definitions/load.ts';

const definitions = loadDefinitions();

const right: readonly (readonly [text: string, context: string, type: string, letters: string, query?: string])[] = [
  ['patient/Observation.rs', 'patient', 'Observation', 'rs'],
  ['user/*.cruds', 'user', '*', 'cruds'],
  ['system/Patient.r', 'system', 'Patient', 'r'],
  ['patient/Observation.read', 'patient', 'Observation', 'rs'],
  ['user/Encounter.write', 'user', 'Encounter', 'cud'],
  ['patient/*.*', 'patient', '*', 'cruds'],
  [
    'patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
    'patient',
    'Observation',
    'rs',
    'category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory',
  ],
];

const wrong = [
  'openid',
  'launch/patient',
  'offline_access',
  'patient/Bogus.rs',
  'patient/Observation.',
  'patient/Observation.sr',
  'patient/Observation.rr',
  'patient/Observation.x',
  'patient/Observation.read?category=laboratory',
  'nobody/Observation.rs',
  'patient/Observation.rs?',
  ' patient/Observation.rs',
];

describe('a SMART scope', () => {
  for (const [text, context, type, letters, query] of right) {
    it(`${text} gives ${letters} on ${type} in the context of the ${context}`, () => {
      const scope = readClinicalScope(text, definitions);
      assert.deepEqual(
        { context: scope?.context, type: scope?.type, letters: [...(scope?.may ?? [])].join(''), query: scope?.query },
        { context, type, letters, query },
      );
    });
  }
  for (const text of wrong) {
    it(`'${text}' gives access to nothing`, () => {
      assert.equal(readClinicalScope(text, definitions), undefined);
    });
  }
});
