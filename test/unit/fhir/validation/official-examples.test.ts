// Every example that was published with R4 must pass, and come out of our JSON and our XML as it went in. The few that break the
// specification themselves are named, with what they break.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { readXml } from '../../../../src/fhir/formats/xml-read.ts';
import { writeXml } from '../../../../src/fhir/formats/xml-write.ts';
import { numberText, parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { createValidator } from '../../../../src/fhir/validation/validate.ts';

const packages =
  process.env.DEFINITIONS_DIR ?? fileURLToPath(new URL('../../../../tools/definitions/node_modules', import.meta.url));
const folder = join(packages, 'hl7.fhir.r4.examples');

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

describe('the official R4 examples', function () {
  this.timeout(480_000);

  it(`are there (else run: npm ci --prefix tools/definitions)`, () => {
    assert.ok(existsSync(folder), `${folder} is missing. Run: npm ci --prefix tools/definitions`);
  });

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
