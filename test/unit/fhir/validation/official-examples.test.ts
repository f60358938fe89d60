// Every example that was published with R4 must pass, and come out of our JSON and our XML as it went in. The few that break the
// specification themselves are named, with what they break.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPackages } from '../../../../src/cli/gen/packages.ts';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../../../../src/fhir/conformance/published.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { readXml } from '../../../../src/fhir/formats/xml-read.ts';
import { writeXml } from '../../../../src/fhir/formats/xml-write.ts';
import { numberText, parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { createTerminology } from '../../../../src/fhir/terminology/create-terminology.ts';
import type { Node } from '../../../../src/fhir/validation/node.ts';
import { createProfileValidator } from '../../../../src/fhir/validation/profiles/validator.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = join(root, 'tools/definitions/node_modules/hl7.fhir.r4.examples');

/** file (* for any ending) → the only thing wrong with it: the code, and the expression without indices */
const wrong: Record<string, string[]> = {
  // linkId is 1..1, and this questionnaire has dozens of items without
  'Questionnaire-qs1.json': [
    'required Questionnaire.item.item.linkId',
    'required Questionnaire.item.item.item.linkId',
    'required Questionnaire.item.item.item.item.linkId',
  ],
  // name and status are 1..1
  'ImplementationGuide-fhir.json': ['required ImplementationGuide.name', 'required ImplementationGuide.status'],
  'ig-r4.json': ['required ImplementationGuide.name', 'required ImplementationGuide.status'],
  // SearchParameters for extensions of all types name no base, which is 1..*
  'SearchParameter-*': ['required SearchParameter.base'],
  // and this one's id has 67 characters, 64 are allowed
  'SearchParameter-questionnaireresponse-extensions-QuestionnaireResponse-item-subject.json': [
    'value SearchParameter.id',
  ],
};

/** file → all that is wrong with it beyond structure: the code, and the expression without indices and type */
const meaningless: Record<string, string[]> = {
  // narratives without content
  'ActivityDefinition-blood-tubes-supply.json': ['invariant .text.div'],
  'ActivityDefinition-heart-valve-replacement.json': ['invariant .text.div'],
  'EventDefinition-example.json': ['invariant .text.div'],
  'Questionnaire-zika-virus-exposure-assessment.json': ['invariant .text.div'],
  // extensions that nobody defines, or that are not as they are defined
  'Basic-referral.json': ['extension .modifierExtension.url'],
  'Bundle-hla-1.json': ['extension .entry.resource.extension.extension.url'],
  // references to types that the element does not allow, entries whose fullUrl has another id, a message without what it refers to
  'Bundle-10bb101f-a121-4264-a920-67be9cb82c74.json': [
    'value .entry.fullUrl',
    'not-found .entry.resource.responsible.reference',
  ],
  'Bundle-3a0707d3-549e-4467-b8b8-5a2ab3800efe.json': ['value .entry.fullUrl'],
  'Bundle-lri-example.json': ['value .entry.fullUrl'],
  'DeviceMetric-example.json': ['value .parent.reference'],
  'DeviceUseStatement-example.json': ['value .reasonReference.reference'],
  'MedicationRequest-medrx0301.json': ['value .dispenseRequest.performer.reference'],
  'Observation-clinical-gender.json': ['value .performer.reference'],
  // units and codes that their system does not have (ea, mcg, Tab …), payload types whose parameters are not quoted
  'Bundle-b0a5e4277-83c4-4adb-87e2-e3efe3369b6f.json': ['code-invalid .entry.resource.payloadMimeType'],
  'Bundle-father.json': ['code-invalid .entry.resource.dosageInstruction.doseAndRate.dose.code'],
  'Claim-760151.json': ['code-invalid .item.quantity.code'],
  'Claim-760152.json': ['code-invalid .item.quantity.code'],
  'Contract-C-123.json': ['code-invalid .term.asset.type.coding.code'],
  'Contract-INS-101.json': ['code-invalid .term.asset.type.coding.code'],
  'Medication-med0304.json': ['code-invalid .ingredient.strength.denominator.code'],
  'Medication-med0309.json': ['code-invalid .ingredient.strength.denominator.code'],
  'MedicationAdministration-medadmin0312.json': ['code-invalid .dosage.dose.code'],
  'MedicationDispense-meddisp0301.json': ['code-invalid .quantity.code'],
  'MedicationDispense-meddisp0309.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationDispense-meddisp0313.json': [
    'code-invalid .contained.ingredient.strength.numerator.code',
    'code-invalid .dosageInstruction.doseAndRate.dose.code',
  ],
  'MedicationDispense-meddisp0318.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationDispense-meddisp0324.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationDispense-meddisp0325.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationDispense-meddisp0327.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationDispense-meddisp0328.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationDispense-meddisp0329.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0304.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0313.json': ['code-invalid .dispenseRequest.quantity.code'],
  'MedicationRequest-medrx0314.json': [
    'code-invalid .dosageInstruction.doseAndRate.dose.code',
    'code-invalid .dispenseRequest.quantity.code',
  ],
  'MedicationRequest-medrx0319.json': ['code-invalid .dosageInstruction.doseAndRate.rate.code'],
  'MedicationRequest-medrx0322.json': [
    'code-invalid .contained.ingredient.strength.numerator.code',
    'code-invalid .dosageInstruction.doseAndRate.dose.code',
  ],
  'MedicationRequest-medrx0325.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0326.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0327.json': [
    'code-invalid .dosageInstruction.doseAndRate.dose.code',
    'code-invalid .dispenseRequest.quantity.code',
  ],
  'MedicationRequest-medrx0328.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0329.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0334.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationRequest-medrx0335.json': ['code-invalid .dosageInstruction.doseAndRate.dose.code'],
  'MedicationStatement-example001.json': ['code-invalid .contained.ingredient.strength.denominator.code'],
  'MedicationStatement-example002.json': ['code-invalid .contained.ingredient.strength.denominator.code'],
  'MedicationStatement-example003.json': ['code-invalid .dosage.doseAndRate.dose.code'],
  'VisionPrescription-33124.json': ['code-invalid .lensSpecification.duration.code'],
  // no baseDefinition, and not abstract (sdf-4)
  'StructureDefinition-Definition.json': ['invariant'],
  'StructureDefinition-Event.json': ['invariant'],
  'StructureDefinition-FiveWs.json': ['invariant'],
  'StructureDefinition-Request.json': ['invariant'],
};

/**
 * Definitions whose extensions stand where R4's own definitions of these extensions do not allow it: fhir-type and regex on
 * ElementDefinition.type, normative-version on all kinds of definitions, comments and translations in code systems.
 */
const MISPLACED =
  /^(?:StructureDefinition|CodeSystem|ValueSet|OperationDefinition|CapabilityStatement|SearchParameter|ConceptMap)-/;
/** The published definitions in one Bundle each: every entry is a file of its own as well. */
const COLLECTED =
  /^Bundle-(?:dataelements|resources|extensions|profiles-others|profiles-types|valuesets|v2-valuesets|v3-valuesets|valueset-expansions|conceptmaps|searchParams|types)\.json$/;

describe('the official R4 examples', function () {
  this.timeout(480_000);

  before(() => void findPackages(root, console.error));

  it('are valid, and written again as they were read, as JSON and by way of XML', () => {
    const definitions = loadDefinitions();
    const validate = createValidator(definitions);
    const files = readdirSync(folder).filter((file) => /^[^.].*\.json$/.test(file) && file !== 'package.json');
    const unexpected: string[] = [];
    const excused = new Set<string>();
    for (const file of files) {
      const bytes = readFileSync(join(folder, file));
      const resource = parseJson(bytes) as Resource;
      if (stringifyJson(resource) !== compact(bytes.toString())) unexpected.push(`${file}: is written otherwise`);
      const throughXml = readXml(Buffer.from(writeXml(resource, definitions)), definitions);
      // XML has one order of elements; a few examples have another in JSON, where it says nothing
      const isSame = stringifyJson(throughXml) === stringifyJson(resource) || sorted(throughXml) === sorted(resource);
      if (!isSame) unexpected.push(`${file}: changes on its way through XML`);
      for (const { code, expression, diagnostics } of validate(resource, {})) {
        const found = `${code} ${expression?.replaceAll(/\[\d+\]/g, '')}`;
        const key = [file, `${resource.resourceType}-*`].find((name) => wrong[name]?.includes(found));
        if (key === undefined) unexpected.push(`${file}: ${code} at ${expression}: ${diagnostics}`);
        else excused.add(key);
      }
    }
    assert.deepEqual(unexpected, []);
    assert.deepEqual([...excused].sort(), Object.keys(wrong).sort(), 'each exception must still be needed');
    assert.ok(files.length > 5000, `only ${files.length} examples`);
  });

  it('mean what they may mean: invariants, bindings, extensions, references, and the profiles they claim', async () => {
    const definitions = loadDefinitions();
    const validate = createValidator(definitions);
    const canonicals = createCanonicals({ sources: [createPublished()] });
    const terminology = createTerminology({ canonicals, maxExpansion: 1000, now: Date.now });
    const validator = createProfileValidator({ definitions, canonicals, terminology, validate });
    const unexpected: string[] = [];
    const excused = new Set<string>();
    for (const file of readdirSync(folder).filter(
      (each) => /^[A-Za-z].*\.json$/.test(each) && each !== 'package.json',
    )) {
      if (COLLECTED.test(file)) continue;
      const resource = parseJson(readFileSync(join(folder, file))) as Node;
      const issues = await validator.check(resource, { depth: 'everything' });
      for (const { severity, code, expression = '', diagnostics } of issues) {
        if (severity !== 'error' || (code === 'extension' && MISPLACED.test(file))) continue;
        const found = `${code} ${expression.replace(/^[A-Za-z]+/, '').replaceAll(/\[\d+\]/g, '')}`.trim();
        if (meaningless[file]?.includes(found)) excused.add(file);
        else unexpected.push(`${file}: ${code} at ${expression}: ${diagnostics}`);
      }
    }
    assert.deepEqual(unexpected, []);
    assert.deepEqual([...excused].sort(), Object.keys(meaningless).sort(), 'each exception must still be needed');
  });
});

/** Members in the order of their names. */
function sorted(value: unknown): string {
  if (typeof value !== 'object' || value === null) return stringifyJson(value);
  if (Array.isArray(value)) return `[${value.map((_, index) => sortedAt(value, index)).join()}]`;
  return `{${Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${sortedAt(value, key)}`)
    .join()}}`;
}

/** with a number as it was written */
const sortedAt = (parent: object, key: string | number): string => {
  const value = (parent as Record<string | number, unknown>)[key];
  return typeof value === 'number' ? numberText(parent, key) : sorted(value);
};

/** The text without white space between its tokens, and without needless escapes in its strings. */
function compact(text: string): string {
  return text.replaceAll(/"(?:[^"\\]|\\.)*"|\s+/g, (token) => {
    if (token[0] !== '"') return '';
    return token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token;
  });
}
