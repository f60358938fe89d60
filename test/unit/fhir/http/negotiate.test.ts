import assert from 'node:assert/strict';
import { bodyFormat, FHIR_JSON, negotiate } from '../../../../src/fhir/http/negotiate.ts';

const PLAIN = 'application/json; charset=utf-8';

describe('negotiation of the answer', () => {
  const answered: [accept: string | undefined, format: string | undefined, type: string][] = [
    [undefined, undefined, FHIR_JSON],
    ['*/*', undefined, FHIR_JSON],
    ['application/*', undefined, FHIR_JSON],
    ['application/fhir+json', undefined, FHIR_JSON],
    ['application/fhir+json; fhirVersion=4.0', undefined, FHIR_JSON],
    ['Application/FHIR+JSON;charset=UTF-8', undefined, FHIR_JSON],
    ['application/json', undefined, PLAIN],
    ['application/json, application/fhir+json;q=0.5', undefined, PLAIN],
    ['application/json;q=0.5, application/fhir+json', undefined, FHIR_JSON],
    ['application/fhir+xml, application/fhir+json;q=0.1', undefined, FHIR_JSON],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', undefined, FHIR_JSON],
    ['application/fhir+xml', 'json', FHIR_JSON],
    ['text/html', 'application/fhir json', FHIR_JSON],
    [undefined, 'application/json', PLAIN],
  ];
  for (const [accept, format, type] of answered) {
    it(`answers Accept ${accept} and _format ${format} with ${type}`, () => {
      assert.equal(negotiate(accept, format), type);
      assert.equal(negotiate(accept, format), type, 'the second time as well');
    });
  }

  const refused: [accept: string | undefined, format: string | undefined][] = [
    ['application/fhir+xml', undefined],
    ['text/html', undefined],
    ['application/fhir+json; fhirVersion=5.0', undefined],
    ['application/fhir+json;q=0', undefined],
    ['*/*', 'xml'],
    ['*/*', ''],
  ];
  for (const [accept, format] of refused) {
    it(`refuses Accept ${accept} and _format ${format}`, () => {
      assert.throws(() => negotiate(accept, format), { name: 'FhirError', kind: 'not-acceptable' });
    });
  }
});

describe('the format of a body', () => {
  const cases: [type: string | undefined, format: string | undefined][] = [
    ['application/fhir+json', 'json'],
    ['application/json', 'json'],
    ['application/fhir+json; charset=utf-8; fhirVersion=4.0', 'json'],
    ['application/json; charset="UTF-8"', 'json'],
    ['application/json-patch+json', 'json-patch'],
    ['application/x-www-form-urlencoded', 'form'],
    ['application/json; charset=latin1', undefined],
    ['application/fhir+xml', undefined],
    ['text/plain', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [type, format] of cases) {
    it(`is ${format} for ${type}`, () => assert.equal(bodyFormat(type), format));
  }
});
