// Every value set that R4 and THO publish: it expands, or the code system of somebody else that it needs is named here; and it holds what
// the expansions published with R4 hold. https://terminology.hl7.org and the package hl7.fhir.r4.expansions
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { findPackages } from '../../../../src/cli/gen/packages.ts';
import { createCanonicals } from '../../../../src/fhir/conformance/create-canonicals.ts';
import { createPublished } from '../../../../src/fhir/conformance/published.ts';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { createTerminology } from '../../../../src/fhir/terminology/create-terminology.ts';
import { canonicalOf } from '../../../../src/fhir/terminology/versions.ts';

/** code systems that others own, and a few that R4 and THO name and do not hold */
const elsewhere = [
  'http://cancer.sanger.ac.uk/cancergenome/projects/cosmic',
  'http://cihi.ca/fhir/CodeSystem/cihi-cci',
  'http://hl7.org/fhir/message-events',
  'http://hl7.org/fhir/sid/cvx',
  'http://hl7.org/fhir/sid/mvx',
  'http://ihe.net/fhir/ValueSet/IHE.FormatCode.codesystem',
  'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
  'http://loinc.org',
  'http://nucc.org/provider-taxonomy',
  'http://snomed.info/sct',
  'http://terminology.hl7.org/CodeSystem/EPSG-GeodeticParameterDataset',
  'http://terminology.hl7.org/CodeSystem/SCDHEC-GISSpatialAccuracyTiers',
  'http://terminology.hl7.org/CodeSystem/csaid',
  'http://terminology.hl7.org/CodeSystem/epsg-ca',
  'http://terminology.hl7.org/CodeSystem/epsg-crs',
  'http://terminology.hl7.org/CodeSystem/icd9cm',
  'http://terminology.hl7.org/CodeSystem/ietf3066',
  'http://terminology.hl7.org/CodeSystem/naics',
  'http://terminology.hl7.org/CodeSystem/nubc-UB92',
  'http://terminology.hl7.org/CodeSystem/time-period-ranges',
  'http://terminology.hl7.org/CodeSystem/v2-0006|2.1',
  'http://terminology.hl7.org/CodeSystem/v2-0006|2.4',
  'http://terminology.hl7.org/CodeSystem/v2-0360|2.3.1',
  'http://terminology.hl7.org/CodeSystem/v2-0360|2.7',
  'http://terminology.hl7.org/CodeSystem/v2-0391|2.4',
  'http://terminology.hl7.org/CodeSystem/v2-0391|2.6',
  'http://terminology.hl7.org/CodeSystem/v3-MaterialForm',
  'http://terminology.hl7.org/CodeSystem/v3-policyHolderRole',
  'http://varnomen.hgvs.org/',
  'http://www.ama-assn.org/go/cpt',
  'http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets',
  'http://www.ebi.ac.uk/ipd/imgt/hla',
  'http://www.ensembl.org',
  'http://www.genenames.org',
  'http://www.ncbi.nlm.nih.gov/clinvar',
  'http://www.ncbi.nlm.nih.gov/nuccore',
  'http://www.ncbi.nlm.nih.gov/projects/SNP',
  'http://www.sequenceontology.org',
  'https://precision.fda.gov/apps/',
  'https://precision.fda.gov/files/',
  'https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html',
  'https://www.nubc.org/CodeSystem/PatDischargeStatus',
  'https://www.usps.com/',
  'urn:iso:std:iso:11073:10101',
];

/** code systems that are rules and not lists */
const grammars = [
  'http://unitsofmeasure.org',
  'https://www.iana.org/time-zones',
  'urn:ietf:bcp:13',
  'urn:ietf:bcp:47',
  'urn:iso:std:iso:3166:-2',
];

/** value sets that are named and not published */
const unpublished = [
  'http://dicom.nema.org/medical/dicom/current/output/chtml/part16/sect_CID_7013.html',
  'http://hl7.org/fhir/ValueSet/dicom-cid29',
  'http://hl7.org/fhir/ValueSet/usps-state',
];

/** of these codes THO has made a group since: to be found below, not to be chosen */
const madeAbstract = ['http://terminology.hl7.org/CodeSystem/v3-ActReason|PurposeOfUse'];

/** R4's expansions end at 1000 codes */
const CUT_OFF = 1000;

interface Contains {
  system?: string;
  code?: string;
  abstract?: boolean;
  contains?: Contains[];
}

function codesIn(items: readonly Contains[] = [], codes = new Set<string>()): Set<string> {
  for (const { system, code, abstract, contains } of items) {
    if (code !== undefined && abstract !== true) codes.add(`${system}|${code}`);
    codesIn(contains, codes);
  }
  return codes;
}

describe('the published value sets', function () {
  this.timeout(240_000);
  const canonicals = createCanonicals({ sources: [createPublished()] });
  const terminology = createTerminology({ canonicals, maxExpansion: 100_000, now: Date.now });
  const expand = async (canonical: string): Promise<Set<string> | string> => {
    try {
      const { expansion } = await terminology.expand(canonical);
      return codesIn((expansion as { contains?: Contains[] }).contains);
    } catch (error) {
      if (error instanceof FhirError) return error.message;
      throw error;
    }
  };

  it('expand, unless they need what others own', async () => {
    const reasons = new Set<string>();
    let expanded = 0;
    for (const entry of canonicals.list('ValueSet')) {
      const result = await expand(canonicalOf(entry));
      if (typeof result === 'string') reasons.add(result.replace(/ in version \S+ is not here$/, ' is not here'));
      else expanded++;
    }
    const expected = [
      ...elsewhere.map((url) => `The code system ${url} is not here`),
      ...grammars.map((url) => `The codes of ${url} follow a grammar and cannot be listed`),
      ...unpublished.map((url) => `The value set ${url} is not here`),
    ];
    assert.deepEqual([...reasons].sort(), expected.sort());
    assert.ok(expanded > 3000, `only ${expanded}`);
  });

  it('hold what was published with R4, and what THO added since', async () => {
    const packages = findPackages(fileURLToPath(new URL('../../../../', import.meta.url)), console.error);
    const unexpected: string[] = [];
    let compared = 0;
    for (const { url, expansion } of packages.read<{ url: string; expansion?: { contains?: Contains[] } }>(
      'hl7.fhir.r4.expansions',
      'ValueSet',
    )) {
      if (expansion === undefined) continue;
      const wanted = codesIn(expansion.contains);
      const found = await expand(url);
      if (typeof found === 'string') continue;
      compared++;
      const missing = [...wanted].filter((code) => !found.has(code) && !madeAbstract.includes(code));
      const added = [...found].filter((code) => !wanted.has(code));
      const strange = added.filter((code) => !/^(http:\/\/terminology\.hl7\.org\/|urn:iso:std:iso:4217\|)/.test(code));
      if (missing.length > 0) unexpected.push(`${url} lacks ${missing}`);
      if (strange.length > 0 && wanted.size !== CUT_OFF) unexpected.push(`${url} has ${strange} as well`);
    }
    assert.deepEqual(unexpected, []);
    assert.ok(compared > 450, `only ${compared}`);
  });

  it('are memberships of at least the codes that required bindings allow', async () => {
    const definitions = loadDefinitions();
    const bound = new Set<string>();
    for (const type of definitions.resourceTypes)
      for (const { requiredBinding } of definitions.type(type)!.elements.values())
        if (requiredBinding !== undefined) bound.add(requiredBinding);
    const unexpected: string[] = [];
    for (const url of bound) {
      const codes = definitions.codes(url);
      if (codes === undefined) continue;
      const members = await terminology.membership(url);
      const listed = [...codes].filter((code) => code.includes('|'));
      const missing = listed.filter((code) => {
        const bar = code.lastIndexOf('|');
        return members?.has(code.slice(0, bar), code.slice(bar + 1)) !== true;
      });
      if (missing.length > 0) unexpected.push(`${url} lacks ${missing}`);
      const isGrown = listed.some((code) => code.startsWith('http://terminology.hl7.org/'));
      if (!isGrown && members?.size !== listed.length)
        unexpected.push(`${url}: ${members?.size} codes, not ${listed.length}`);
    }
    assert.deepEqual(unexpected, []);
    assert.ok(bound.size > 100, `only ${bound.size}`);
  });
});
