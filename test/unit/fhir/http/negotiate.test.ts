import assert from 'node:assert/strict';
import { asksForFhir, bodyFormat, FHIR_JSON, FHIR_XML, negotiate } from '../../../../src/fhir/http/negotiate.ts';

const FJ = FHIR_JSON.contentType;
const FX = FHIR_XML.contentType;
const PLAIN_JSON = 'application/json; charset=utf-8';
const PLAIN_XML = 'application/xml; charset=utf-8';
const TEXT_XML = 'text/xml; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const FIREFOX = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';
const JAVA = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';
const AXIOS = 'application/json, text/plain, */*';

describe('negotiation of the answer', () => {
  const answered: [accept: string | undefined, format: string | undefined, type: string][] = [
    [undefined, undefined, FJ],
    ['*/*', undefined, FJ],
    ['application/*', undefined, FJ],
    ['text/*', undefined, TEXT_XML],
    ['application/fhir+json', undefined, FJ],
    ['application/fhir+json; fhirVersion=4.0', undefined, FJ],
    ['Application/FHIR+JSON;charset=UTF-8', undefined, FJ],
    ['application/json', undefined, PLAIN_JSON],
    ['application/json, application/fhir+json;q=0.5', undefined, PLAIN_JSON],
    ['application/json;q=0.5, application/fhir+json', undefined, FJ],
    ['application/fhir+xml', undefined, FX],
    ['application/fhir+xml; fhirVersion="4.0"', undefined, FX],
    ['application/xml+fhir', undefined, FX],
    ['application/xml', undefined, PLAIN_XML],
    ['text/xml', undefined, TEXT_XML],
    ['application/fhir+xml, application/fhir+json;q=0.1', undefined, FX],
    ['application/fhir+xml;q=0.5, application/fhir+json', undefined, FJ],
    ['application/fhir+xml;q=0.9, */*;q=0.8', undefined, FX],
    ['*/*, application/fhir+xml', undefined, FX],
    ['*/*;q=0.9, application/fhir+xml;q=0.5', undefined, FJ],
    ['application/fhir+json;q=0, */*', undefined, FX],
    ['application/fhir+xml; fhirVersion=5.0, application/fhir+json;q=0.2', undefined, FJ],
    ['application/fhir+turtle, application/fhir+xml;q=0.4', undefined, FX],
    [FIREFOX, undefined, HTML],
    ['text/html', undefined, HTML],
    [JAVA, undefined, FJ],
    [AXIOS, undefined, PLAIN_JSON],
    ['application/fhir+xml', 'json', FJ],
    ['application/fhir+json', 'xml', FX],
    ['text/html', 'application/fhir json', FJ],
    [FIREFOX, 'application/fhir+xml;fhirVersion=4.0', FX],
    ['*/*', 'text/xml', TEXT_XML],
    [undefined, 'application/json', PLAIN_JSON],
    ['application/fhir+json', 'html', HTML],
  ];
  for (const [accept, format, type] of answered) {
    it(`answers Accept ${accept} and _format ${format} with ${type}`, () => {
      assert.equal(negotiate(accept, format)?.contentType, type);
      assert.equal(negotiate(accept, format)?.contentType, type, 'the second time as well');
    });
  }

  const refused: [accept: string | undefined, format: string | undefined][] = [
    ['application/fhir+turtle', undefined],
    ['application/fhir+json; fhirVersion=5.0', undefined],
    ['application/fhir+json;q=0', undefined],
    ['image/png', undefined],
    ['*/*', 'ttl'],
    ['*/*', ''],
  ];
  for (const [accept, format] of refused) {
    it(`has nothing for Accept ${accept} and _format ${format}`, () => {
      assert.equal(negotiate(accept, format), undefined);
    });
  }
});

describe('a Binary', () => {
  const cases: [accept: string | undefined, format: string | undefined, held: string, isFhir: boolean][] = [
    [undefined, undefined, 'image/png', false],
    ['*/*', undefined, 'image/png', false],
    ['image/png', undefined, 'image/png', false],
    ['image/png, application/fhir+json;q=0.5', undefined, 'image/png', false],
    [FIREFOX, undefined, 'application/pdf', false],
    ['application/fhir+json', undefined, 'image/png', true],
    ['application/fhir+xml', undefined, 'image/png', true],
    ['application/json', undefined, 'image/png', true],
    ['application/json', undefined, 'application/json', false],
    ['text/xml', undefined, 'text/xml', false],
    [AXIOS, undefined, 'image/png', true],
    ['image/png', 'json', 'image/png', true],
  ];
  for (const [accept, format, held, isFhir] of cases) {
    it(`of ${held} is ${isFhir ? 'FHIR' : 'its content'} for Accept ${accept} and _format ${format}`, () => {
      assert.equal(asksForFhir(accept, format, held), isFhir);
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
    ['application/fhir+xml', 'xml'],
    ['application/xml; charset=utf-8', 'xml'],
    ['text/xml', 'xml'],
    ['application/xml-patch+xml', 'xml-patch'],
    ['application/x-www-form-urlencoded', 'form'],
    ['application/json; charset=latin1', undefined],
    ['application/fhir+xml; charset=utf-16', undefined],
    ['application/fhir+json; fhirVersion=3.0', undefined],
    ['text/plain', undefined],
    ['', undefined],
    [undefined, undefined],
  ];
  for (const [type, format] of cases) {
    it(`is ${format} for ${type}`, () => assert.equal(bodyFormat(type), format));
  }
});
