// What `engine.canonicals` knows on a server that nobody has added anything to.
import assert from 'node:assert/strict';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../../../../src/fhir/conformance/published.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';

const HL7 = 'http://hl7.org/fhir';
const THO = 'http://terminology.hl7.org';

describe('the published definitions', () => {
  const canonicals = createCanonicals({ sources: [createPublished()] });

  const rows: [type: string, canonical: string, id: string, version?: string][] = [
    ['StructureDefinition', `${HL7}/StructureDefinition/Patient`, 'Patient', '4.0.1'],
    ['StructureDefinition', `${HL7}/StructureDefinition/Patient|4.0.1`, 'Patient', '4.0.1'],
    ['StructureDefinition', `${HL7}/StructureDefinition/Patient|4.0`, 'Patient', '4.0.1'],
    ['StructureDefinition', `${HL7}/StructureDefinition/Patient#text`, 'Patient', '4.0.1'],
    ['StructureDefinition', `${HL7}/StructureDefinition/Quantity`, 'Quantity', '4.0.1'],
    ['StructureDefinition', `${HL7}/StructureDefinition/vitalsigns`, 'vitalsigns', '4.0.1'],
    ['StructureDefinition', `${HL7}/StructureDefinition/patient-birthPlace`, 'patient-birthPlace', '4.0.1'],
    ['ValueSet', `${HL7}/ValueSet/administrative-gender|4.0.1`, 'administrative-gender', '4.0.1'],
    ['CodeSystem', `${HL7}/administrative-gender`, 'administrative-gender', '4.0.1'],
    ['ConceptMap', `${HL7}/ConceptMap/101`, '101', '4.0.1'],
    ['OperationDefinition', `${HL7}/OperationDefinition/ValueSet-expand`, 'ValueSet-expand', '4.0.1'],
    ['CompartmentDefinition', `${HL7}/CompartmentDefinition/patient`, 'patient', '4.0.1'],
    ['SearchParameter', `${HL7}/SearchParameter/clinical-patient`, 'clinical-patient', '4.0.1'],
    // THO is newer than the copy in R4, whose version a binding may still name
    ['CodeSystem', `${THO}/CodeSystem/v3-ActCode`, 'v3-ActCode', '9.0.0'],
    ['ValueSet', `${THO}/ValueSet/v3-NullFlavor|4.0.1`, 'v3-NullFlavor', '3.0.0'],
    // only R4 has them
    ['CodeSystem', `${THO}/CodeSystem/v2-0006|2.1`, 'v2-2.1-0006'],
    ['ValueSet', `${THO}/ValueSet/v3-ConfidentialityClassification|2014-03-26`, 'v3-ConfidentialityClassification'],
    ['NamingSystem', 'urn:oid:2.16.840.1.113883.6.1', 'v3-loinc'],
    ['NamingSystem', 'http://loinc.org', 'v3-loinc'],
  ];
  for (const [type, canonical, id, version] of rows) {
    it(`hold ${type} ${canonical}`, async () => {
      assert.equal(canonicals.has(type, canonical), true);
      const found = await canonicals.find(type, canonical);
      assert.equal(found?.resourceType, type);
      assert.equal(found?.id, id);
      if (version !== undefined) assert.equal(found?.version, version);
    });
  }

  it('do not hold what nobody published, nor the examples of definitions', async () => {
    for (const url of [`${HL7}/StructureDefinition/Nonsense`, `${HL7}/StructureDefinition/example`, 'toString', '']) {
      assert.equal(canonicals.has('StructureDefinition', url), false);
      assert.equal(await canonicals.find('StructureDefinition', url), undefined);
      assert.deepEqual(canonicals.versions('StructureDefinition', url), []);
    }
    assert.equal(canonicals.has('toString', `${HL7}/StructureDefinition/Patient`), false);
  });

  it('give the same object twice, because it is parsed once', async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(() => canonicals.find('ValueSet', `${HL7}/ValueSet/request-status`)),
    );
    assert.ok(one !== undefined && one === two);
  });

  it('have a snapshot in every StructureDefinition', async () => {
    const list = canonicals.list('StructureDefinition');
    assert.ok(list.length > 600);
    for (const { url } of list) {
      const found = (await canonicals.find('StructureDefinition', url)) as Resource & {
        snapshot?: { element: unknown[] };
      };
      assert.equal(found.url, url);
      assert.ok((found.snapshot?.element.length ?? 0) > 0, url);
    }
  });

  it('keep the codes that THO dropped, as retired ones', async () => {
    const system = await canonicals.find('CodeSystem', `${THO}/CodeSystem/adverse-event-causality-assess`);
    const concepts = system?.concept as { code: string; property?: { code: string; valueCode?: string }[] }[];
    const dropped = concepts.find(({ code }) => code === 'Probably-Likely');
    assert.deepEqual(dropped?.property, [{ code: 'status', valueCode: 'retired' }]);
    assert.ok(concepts.length > 6);
  });

  it('bring the expansion of what cannot be made from code systems here', async () => {
    const { expansion } = (await canonicals.find('ValueSet', `${HL7}/ValueSet/currencies`)) as Resource & {
      expansion?: { contains: { code: string }[] };
    };
    assert.ok(expansion?.contains.some(({ code }) => code === 'INR'));
  });
});
