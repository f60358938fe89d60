import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { findLinks } from '../../../../src/fhir/interactions/resolve-references.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';

const definitions = loadDefinitions();
const PATIENT = 'urn:uuid:5cbc121b-cd71-4428-b8b7-31e53eba8184';
const BINARY = 'http://example.org/fhir/Binary/pdf';
const addresses = new Map([
  [PATIENT, 'Patient/new1'],
  [BINARY, 'Binary/new2'],
]);

function rewritten(resource: Resource, fullUrl?: string): Resource {
  const entry = { index: 3, resource, ...(fullUrl === undefined ? {} : { fullUrl }) };
  findLinks([entry], new Set(addresses.keys()), definitions).rewrite(addresses);
  return resource;
}

describe('references between the entries of a transaction', () => {
  it('are rewritten in references, wherever they are', () => {
    const observation = rewritten({
      resourceType: 'Observation',
      subject: { reference: PATIENT },
      extension: [{ url: 'http://example.org/x', valueReference: { reference: PATIENT } }],
      contained: [{ resourceType: 'Encounter', id: 'e', subject: { reference: `${PATIENT}#part` } }],
    });
    assert.deepEqual(observation, {
      resourceType: 'Observation',
      subject: { reference: 'Patient/new1' },
      extension: [{ url: 'http://example.org/x', valueReference: { reference: 'Patient/new1' } }],
      contained: [{ resourceType: 'Encounter', id: 'e', subject: { reference: 'Patient/new1#part' } }],
    });
  });

  it('are rewritten in links and images of the narrative', () => {
    const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${PATIENT}">she</a><img src='${BINARY}' alt="${PATIENT}"/>${PATIENT}</div>`;
    const { text } = rewritten({ resourceType: 'Observation', text: { status: 'generated', div } });
    assert.equal(
      (text as { div: string }).div,
      `<div xmlns="http://www.w3.org/1999/xhtml"><a href="Patient/new1">she</a><img src='Binary/new2' alt="${PATIENT}"/>${PATIENT}</div>`,
    );
  });

  it('are rewritten in elements of type url and uri', () => {
    const document = rewritten({
      resourceType: 'DocumentReference',
      content: [{ attachment: { url: BINARY } }],
      extension: [{ url: 'http://example.org/x', valueUri: PATIENT }],
      contained: [{ resourceType: 'QuestionnaireResponse', questionnaire: PATIENT }],
    });
    assert.deepEqual(document.content, [{ attachment: { url: 'Binary/new2' } }]);
    assert.deepEqual(document.extension, [{ url: 'http://example.org/x', valueUri: 'Patient/new1' }]);
    assert.deepEqual(document.contained, [{ resourceType: 'QuestionnaireResponse', questionnaire: 'Patient/new1' }]);
  });

  it('are left alone in identifiers, texts and identities', () => {
    const resource: Resource = {
      resourceType: 'Patient',
      identifier: [{ system: 'urn:ietf:rfc:3986', value: PATIENT }],
      name: [{ text: PATIENT }],
      extension: [{ url: BINARY, valueString: PATIENT }],
    };
    assert.deepEqual(rewritten(structuredClone(resource)), resource);
  });

  it('are found where a reference is relative to the address of its entry', () => {
    const { hasMember } = rewritten(
      { resourceType: 'Observation', hasMember: [{ reference: 'Binary/pdf' }, { reference: 'Observation/other' }] },
      'http://example.org/fhir/Observation/1',
    );
    assert.deepEqual(hasMember, [{ reference: 'Binary/new2' }, { reference: 'Observation/other' }]);
  });

  it('that are conditional are named with their place', () => {
    const resource = {
      resourceType: 'Encounter',
      participant: [{ individual: { reference: 'Practitioner?identifier=a|1' } }],
    };
    const { conditional } = findLinks([{ index: 3, resource }], new Set(), definitions);
    assert.deepEqual(
      conditional.map(({ text, entry, expression }) => ({ text, entry, expression })),
      [
        {
          text: 'Practitioner?identifier=a|1',
          entry: 3,
          expression: 'Bundle.entry[3].resource.participant[0].individual.reference',
        },
      ],
    );
  });

  it('can be rewritten again, to other addresses', () => {
    const resource: Resource = { resourceType: 'Observation', subject: { reference: PATIENT } };
    const links = findLinks([{ index: 0, resource }], new Set([PATIENT]), definitions);
    links.rewrite(addresses);
    links.rewrite(new Map([[PATIENT, 'Patient/second']]));
    assert.deepEqual(resource.subject, { reference: 'Patient/second' });
  });
});
