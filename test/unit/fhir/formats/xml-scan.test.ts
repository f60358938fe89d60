// The scan beside a parser that is known to be careful (saxes): both accept the same texts and see the same in them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { CLOSE, END, OPEN, scanXml, TEXT } from '../../../../src/fhir/formats/xml-scan.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';

/** What is in a document, a line for each tag and each run of text; undefined where it is none. */
function ours(text: string): string[] | undefined {
  const lines: string[] = [];
  try {
    const scan = scanXml(text);
    for (let token = scan.next(); token !== END; token = scan.next()) {
      if (token === TEXT) addText(lines, scan.value);
      else if (token === CLOSE) lines.push('close');
      else if (token === OPEN) {
        const attributes = scan.attributes.slice(0, scan.count);
        const shown = attributes.map(({ namespace, local, value }) => `{${namespace}}${local}=${value}`).sort();
        lines.push(`open {${scan.namespace}}${scan.local} ${shown.join(' ')}`);
      }
    }
    return lines;
  } catch (error) {
    assert.ok(error instanceof FhirError && error.kind === 'structure', String(error));
    return undefined;
  }
}

function theirs(text: string): string[] | undefined {
  const lines: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  const refuse = (error: Error): never => {
    throw error;
  };
  parser.on('error', refuse);
  parser.on('doctype', () => refuse(new Error('a DOCTYPE')));
  parser.on('opentag', ({ uri, local, attributes }) => {
    const shown = Object.values(attributes)
      .filter(({ name }) => name !== 'xmlns' && !name.startsWith('xmlns:'))
      .map((one) => `{${one.uri}}${one.local}=${one.value}`);
    lines.push(`open {${uri}}${local} ${shown.sort().join(' ')}`);
  });
  parser.on('closetag', () => lines.push('close'));
  parser.on('text', (value) => (lines.length > 0 ? addText(lines, value) : undefined));
  parser.on('cdata', (value) => addText(lines, value));
  try {
    parser.write(text).close();
    return lines;
  } catch {
    return undefined;
  }
}

function addText(lines: string[], text: string): void {
  if (text === '') return;
  const last = lines.at(-1);
  if (last?.startsWith('text ')) lines[lines.length - 1] = last + JSON.stringify(text).slice(1, -1);
  else lines.push(`text ${JSON.stringify(text).slice(1, -1)}`);
}

const withoutEnd = (lines: string[] | undefined): string[] | undefined => {
  // white space behind the root is no text of the document
  while (lines?.at(-1)?.startsWith('text ')) lines.pop();
  return lines;
};

const piece = fc.constantFrom(
  '<a>',
  '</a>',
  '<a/>',
  '<b x="1">',
  '</b>',
  '<p:c xmlns:p="urn:p" p:y="2" z="3"/>',
  '<p:c/>',
  '<d xmlns="urn:d">',
  '</d>',
  '<e xmlns:p="urn:q" p:x="1" q:x="2" xmlns:q="urn:q"/>',
  '<e xml:lang="en"/>',
  '<e xmlns:xml="urn:x"/>',
  '<e xmlns:p=""/>',
  '<a',
  '>',
  '/>',
  '</',
  '<',
  ' ',
  '\n',
  '\r\n',
  '\r',
  '\t',
  'x="1"',
  " y='2'",
  'x=1',
  '=',
  '"',
  "'",
  '&',
  '&amp;',
  '&lt;',
  '&#65;',
  '&#x41;',
  '&#0;',
  '&#xD800;',
  '&#x110000;',
  '&foo;',
  '&#;',
  ';',
  '<!-- c -->',
  '<!--',
  '-->',
  '--',
  '<![CDATA[',
  ']]>',
  '<![CDATA[<&]]>',
  '<?pi x?>',
  '<?xml version="1.0"?>',
  '<?xml version="1.0" encoding="UTF-8"?>',
  '?>',
  '<!DOCTYPE a>',
  'text',
  '\u00e9',
  '\u{1f600}',
  '\u0001',
  '\ufffe',
  ':',
  'a:b:c',
  '<\u00e9t\u00e9/>',
  '<-a/>',
  '<a.b-c_1/>',
  '<1/>',
  '\u2028',
  '\u00a0',
  '\ufeff',
); // prettier-ignore

const wrapped = fc.array(piece, { maxLength: 12 }).map((pieces) => `<r xmlns:p="urn:r">${pieces.join('')}</r>`);
const loose = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

describe('the XML scan', function () {
  this.timeout(60_000);

  it('accepts what a careful parser accepts, and sees the same in it', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(wrapped, loose), (text) => {
        const [mine, other] = [withoutEnd(ours(text)), withoutEnd(theirs(text))];
        if (mine !== undefined) accepted++;
        assert.deepEqual(mine, other, JSON.stringify(text));
      }),
      { numRuns: 10_000, seed: 20261126 },
    );
    assert.ok(accepted > 250, `only ${accepted} texts were XML at all`);
  });
});
