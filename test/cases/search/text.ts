// `_text` and `_content`: https://hl7.org/fhir/R4/search.html#content
import type { SearchCases } from './cases.ts';

const narrative = (div: string) => ({
  text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${div}</div>` },
});
const report = (id: string, more: object) => ({
  resourceType: 'DiagnosticReport',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '24323-8', display: 'Comprehensive metabolic panel' }] },
  ...more,
});

export const textCases: readonly SearchCases[] = [
  {
    title: 'words of narratives and of all texts',
    type: 'DiagnosticReport',
    resources: [
      report('bone', {
        ...narrative('<p>Metastases in the <b>left</b> femur</p><table><tr><td>bone</td><td>cancer</td></tr></table>'),
        conclusion: 'Refer to oncology',
      }),
      report('liver', { ...narrative('<p>Liver &amp; bone: caf&#233;-au-lait. No cancer</p><!-- hidden -->') }),
      report('plain', {
        conclusion: 'Bone marrow is normal; cancer excluded',
        resultsInterpreter: [{ reference: 'Practitioner/femur', display: 'Dr. Müller' }],
        contained: [{ resourceType: 'Media', id: 'm', status: 'completed', note: [{ text: 'Enclosed picture' }] }],
        extension: [{ url: 'http://example.org/remark', valueString: 'Urgently' }],
      }),
    ],
    rows: [
      ['_text=bone', ['bone', 'liver']],
      ['_text=BONE', ['bone', 'liver']],
      ['_text=bon', []],
      ['_text=bon*', ['bone', 'liver']],
      ['_text=bone liver', ['liver']],
      ['_text=bone and liver', ['liver']],
      ['_text=femur or liver', ['bone', 'liver']],
      ['_text=femur,liver', ['bone', 'liver']],
      ['_text=bone femur OR liver', ['bone', 'liver']],
      ['_text="left femur"', ['bone']],
      ['_text="femur left"', []],
      ['_text="bone cancer"', ['bone']],
      ['_text=café-au-lait', ['liver']],
      ['_text=hidden', []],
      ['_text=oncology', []],
      ['_text=xmlns', []],
      ['_text:not=femur', ['liver', 'plain']],
      ['_content=bone', ['bone', 'liver', 'plain']],
      ['_content=oncology', ['bone']],
      ['_content=muller', ['plain']],
      ['_content=mull*', ['plain']],
      ['_content=enclosed picture', ['plain']],
      ['_content=urgently', ['plain']],
      ['_content=metabolic', ['bone', 'liver', 'plain']],
      ['_content=metab*', ['bone', 'liver', 'plain']],
      ['_content=metab', []],
      ['_content="metabolic panel" femur', ['bone']],
      ['_content="panel metabolic"', []],
      ['_content=marrow or femur', ['bone', 'plain']],
      // an address is not a text
      ['_content=practitioner', []],
      ['_content=http', []],
      ['_content:not=femur', ['liver', 'plain']],
      ['_content=bone&_content=cancer&status=final', ['bone', 'liver', 'plain']],
      [`_filter=${encodeURIComponent('_text co femur or _content co marrow')}`, ['bone', 'plain']],
      ['_text=...', 'refused'],
      ['_text=a or', 'refused'],
      ['_text:exact=a', 'refused'],
    ],
  },
];
