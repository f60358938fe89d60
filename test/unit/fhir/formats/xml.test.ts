// XML in and out, row by row. https://hl7.org/fhir/R4/xml.html
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { readXml } from '../../../../src/fhir/formats/xml-read.ts';
import { writeXml } from '../../../../src/fhir/formats/xml-write.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';

const definitions = loadDefinitions();
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>';
const P = '<Patient xmlns="http://hl7.org/fhir">';
const DIV = '<div xmlns="http://www.w3.org/1999/xhtml">';

/** JSON text ⇄ what stands inside <Patient> */
const both: [what: string, json: string, xml: string][] = [
  ['a primitive', '"active":true', '<active value="true"/>'],
  ['an id', '"id":"a.b-1"', '<id value="a.b-1"/>'],
  ['a list of primitives', '"name":[{"given":["A","B"]}]', '<name><given value="A"/><given value="B"/></name>'],
  ['the id of an element', '"name":[{"id":"n1","family":"X"}]', '<name id="n1"><family value="X"/></name>'],
  [
    'the id of a primitive',
    '"birthDate":"1970-01-01","_birthDate":{"id":"b1"}',
    '<birthDate id="b1" value="1970-01-01"/>',
  ],
  [
    'an extension of a primitive without a value',
    '"_birthDate":{"extension":[{"url":"http://x.org/a","valueCode":"unknown"}]}',
    '<birthDate><extension url="http://x.org/a"><valueCode value="unknown"/></extension></birthDate>',
  ],
  [
    'gaps in a list of primitives',
    '"name":[{"given":["A",null,"C"],"_given":[null,{"id":"g"},null]}]',
    '<name><given value="A"/><given id="g"/><given value="C"/></name>',
  ],
  ['a list of gaps only', '"name":[{"_given":[{"id":"g"},{"id":"h"}]}]', '<name><given id="g"/><given id="h"/></name>'],
  [
    'extensions within an extension',
    '"extension":[{"extension":[{"url":"a","valueInteger":-1}],"url":"http://x.org/b"}]',
    '<extension url="http://x.org/b"><extension url="a"><valueInteger value="-1"/></extension></extension>',
  ],
  ...['1.50', '-0.0', '1e3', '0.0000000000000000000000001', '12345678901234567890.123456789', '1E-7'].map(
    (number): [string, string, string] => [
      `the decimal ${number} as it is written`,
      `"extension":[{"url":"http://x.org/a","valueDecimal":${number}}]`,
      `<extension url="http://x.org/a"><valueDecimal value="${number}"/></extension>`,
    ],
  ),
  [
    'a contained resource',
    '"contained":[{"resourceType":"Organization","id":"o","name":"X"}]',
    '<contained><Organization xmlns="http://hl7.org/fhir"><id value="o"/><name value="X"/></Organization></contained>',
  ],
  [
    'line breaks, tabs and marks in a value',
    '"name":[{"text":" a\\n\\r\\t<b> & \\"c\\" \'d\' ]]> \u00e9 \u{1f600}"}]',
    '<name><text value=" a&#10;&#13;&#9;&lt;b> &amp; &quot;c&quot; \'d\' ]]> \u00e9 \u{1f600}"/></name>',
  ],
  [
    'a narrative as it is written',
    `"text":{"status":"generated","div":"${DIV.replaceAll('"', '\\"')}<p  class='x'>a &amp; b &#160;<br/>\\n<!-- c --></p></div>"}`,
    `<text><status value="generated"/>${DIV}<p  class='x'>a &amp; b &#160;<br/>\n<!-- c --></p></div></text>`,
  ],
];

describe('XML', () => {
  for (const [what, json, xml] of both) {
    it(`says ${what}`, () => {
      const text = `{"resourceType":"Patient",${json}}`;
      assert.equal(writeXml(parseJson(text), definitions), `${HEAD}${P}${xml}</Patient>`);
      assert.equal(stringifyJson(readXml(`${HEAD}${P}${xml}</Patient>`, definitions)), text);
    });
  }

  it('has elements in the order of the definition, whatever the order in JSON', () => {
    const json =
      '{"birthDate":"1970-01-01","name":[{"given":["A"],"family":"X","use":"usual"}],"id":"p","resourceType":"Patient"}';
    const xml = `${P}<id value="p"/><name><use value="usual"/><family value="X"/><given value="A"/></name><birthDate value="1970-01-01"/></Patient>`;
    assert.equal(writeXml(parseJson(json), definitions), HEAD + xml);
  });

  it('carries the resources of a Bundle and of Parameters', () => {
    const json =
      '{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Parameters","parameter":[{"name":"x","resource":{"resourceType":"Patient","active":false}}]},"request":{"method":"POST","url":"Patient"}}]}';
    assert.equal(stringifyJson(readXml(writeXml(parseJson(json), definitions), definitions)), json);
  });

  it('is indented for people, but not within a narrative', () => {
    const json = `{"resourceType":"Patient","text":{"status":"generated","div":"${DIV.replaceAll('"', '\\"')}<p>a</p></div>"},"name":[{"family":"X"}]}`;
    const pretty = writeXml(parseJson(json), definitions, { pretty: true });
    const lines = [HEAD, P, '  <text>', '    <status value="generated"/>', `    ${DIV}<p>a</p></div>`, '  </text>'];
    lines.push('  <name>', '    <family value="X"/>', '  </name>', '</Patient>', '');
    assert.equal(pretty, lines.join('\n'));
    assert.equal(stringifyJson(readXml(pretty, definitions)), json);
  });

  const narratives: [what: string, div: string, xml: string][] = [
    ['names of HTML characters', '<div>a&nbsp;b&eacute;</div>', `${DIV}a\u00a0b\u00e9</div>`],
    ['a bare ampersand', `${DIV}a & b &unknown;</div>`, `${DIV}a &amp; b &amp;unknown;</div>`],
    [
      'attributes as HTML has them',
      `${DIV}<td nowrap class=x class="y">1</td></div>`,
      `${DIV}<td nowrap="nowrap" class="x">1</td></div>`,
    ],
    ['what cannot be mended', `${DIV}<b>a</i></div>`, `${DIV}a</div>`],
  ];
  for (const [what, div, xml] of narratives) {
    it(`makes XML of a narrative with ${what}`, () => {
      const resource = { resourceType: 'Patient', text: { status: 'generated', div } };
      const text = writeXml(resource, definitions);
      assert.equal(text, `${HEAD}${P}<text><status value="generated"/>${xml}</text></Patient>`);
      readXml(text, definitions);
    });
  }

  it('shows a control character, which XML cannot say, as U+FFFD', () => {
    const text = writeXml({ resourceType: 'Patient', name: [{ text: 'a\u0001b' }] }, definitions);
    assert.match(text, /<text value="a\ufffdb"\/>/);
  });

  it('refuses to say what is not FHIR', () => {
    for (const resource of [
      { resourceType: 'Patient', foo: 1 },
      { resourceType: 'Foo' },
      { resourceType: 'Patient', name: 1 },
    ]) {
      assert.throws(
        () => writeXml(resource, definitions),
        (error) => !(error instanceof FhirError),
      );
    }
  });

  const tolerated: [what: string, xml: string, json: string][] = [
    ['a prefix', '<f:Patient xmlns:f="http://hl7.org/fhir"><f:active value="true"/></f:Patient>', '"active":true'],
    [
      'white space, comments and instructions',
      `\ufeff${HEAD}\n<!-- a -->\n<?b c?>${P}\n  <!-- d --><active\n value = 'true'\n/>\n</Patient>\n<!-- e -->`,
      '"active":true',
    ],
    [
      'hints for editors',
      `<Patient xmlns="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir patient.xsd"><active value="true"/></Patient>`,
      '"active":true',
    ],
    [
      'another order',
      `${P}<birthDate value="1970-01-01"/><active value="true"/></Patient>`,
      '"birthDate":"1970-01-01","active":true',
    ],
    ['white space around a boolean', `${P}<active value=" true\n"/></Patient>`, '"active":true'],
    [
      'a line break in a value, which XML reads as a space',
      `${P}<name><text value="a\r\nb"/></name></Patient>`,
      '"name":[{"text":"a b"}]',
    ],
    [
      'a namespace for the rest',
      `${P}<name xmlns="http://hl7.org/fhir"><family value="X"/></name><active value="true"/></Patient>`,
      '"name":[{"family":"X"}],"active":true',
    ],
    [
      'a narrative with a prefix',
      `<Patient xmlns="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><text><status value="empty"/><h:div class="a"><h:p>x &lt; y</h:p><h:br/></h:div></text></Patient>`,
      `"text":{"status":"empty","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\" class=\\"a\\"><p>x &lt; y</p><br/></div>"}`,
    ],
    [
      'a narrative with CDATA',
      `${P}<text><status value="empty"/>${DIV}<![CDATA[a < b & c]]></div></text></Patient>`,
      `"text":{"status":"empty","div":"${DIV.replaceAll('"', '\\"')}a &lt; b &amp; c</div>"}`,
    ],
  ];
  for (const [what, xml, json] of tolerated) {
    it(`may have ${what}`, () => {
      assert.equal(stringifyJson(readXml(Buffer.from(xml), definitions)), `{"resourceType":"Patient",${json}}`);
    });
  }

  const refused: [what: string, xml: string | Buffer, finding: RegExp, place?: string][] = [
    [
      'an unknown element',
      `${P}\n  <brthDate value="1"/></Patient>`,
      /^structure: Unknown element <brthDate> in Patient; did you mean "birthDate"\? at line 2, column 3$/,
      'Patient.brthDate',
    ],
    [
      'a choice without its type',
      `${P}<deceased value="true"/></Patient>`,
      /its type belongs to the name: deceasedBoolean, deceasedDateTime/,
      'Patient.deceased',
    ],
    [
      'an element in a list',
      `${P}<name><family value="X"/></name><name><foo/></name></Patient>`,
      /Unknown element <foo> in HumanName/,
      'Patient.name[1].foo',
    ],
    [
      'an unknown attribute',
      `${P}<active value="true" foo="1"/></Patient>`,
      /Unknown attribute foo in <active>/,
      'Patient.active.foo',
    ],
    [
      'an attribute of a resource',
      `<Patient xmlns="http://hl7.org/fhir" id="p"/>`,
      /Unknown attribute id in <Patient>/,
      'Patient.id',
    ],
    [
      'an element twice',
      `${P}<active value="true"/><active value="true"/></Patient>`,
      /<active> may stand only once/,
      'Patient.active',
    ],
    ['an empty element', `${P}<name/></Patient>`, /<name> must not be empty/, 'Patient.name[0]'],
    ['an empty primitive', `${P}<active/></Patient>`, /<active> must have a value or extensions/, 'Patient.active'],
    [
      'an empty value',
      `${P}<gender value=""/></Patient>`,
      /^value: The value of <gender> must not be empty/,
      'Patient.gender',
    ],
    [
      'a text where a value belongs',
      `${P}<gender>male</gender></Patient>`,
      /Text is not allowed in <gender>; write <gender value="…"\/>/,
      'Patient.gender',
    ],
    ['a text between elements', `${P}x<active value="true"/></Patient>`, /Text is not allowed in Patient/, 'Patient'],
    [
      'no boolean',
      `${P}<active value="yes"/></Patient>`,
      /^value: The value of <active> must be true or false, not "yes"/,
      'Patient.active',
    ],
    [
      'no number',
      `${P}<multipleBirthInteger value="two"/></Patient>`,
      /^value: .* must be a number, not "two"/,
      'Patient.multipleBirth',
    ],
    [
      'a number as JSON has none',
      `${P}<multipleBirthInteger value="+01"/></Patient>`,
      /^value: .* must be a number/,
      'Patient.multipleBirth',
    ],
    [
      'a number beyond all',
      `${P}<extension url="u"><valueDecimal value="1e999"/></extension></Patient>`,
      /^value: .* must be a number/,
      'Patient.extension[0].value',
    ],
    [
      'no namespace',
      '<Patient><active value="true"/></Patient>',
      /must be in the namespace http:\/\/hl7\.org\/fhir, not in none/,
    ],
    ['another namespace', '<Patient xmlns="urn:x"/>', /must be in the namespace http:\/\/hl7\.org\/fhir, not in urn:x/],
    [
      'an element of another namespace',
      `${P}<x:active xmlns:x="urn:x" value="true"/></Patient>`,
      /must be in the namespace/,
      'Patient.active',
    ],
    [
      'a narrative out of its namespace',
      `${P}<text><status value="empty"/><div>a</div></text></Patient>`,
      /<div> must be in the namespace http:\/\/www\.w3\.org\/1999\/xhtml/,
      'Patient.text.div',
    ],
    ['an unknown type', '<Patiens xmlns="http://hl7.org/fhir"/>', /^value: <Patiens> is no resource type/],
    [
      'two resources in one place',
      `${P}<contained><Patient/><Patient/></contained></Patient>`,
      /must hold one resource, not 2/,
      'Patient.contained[0]',
    ],
    [
      'a DOCTYPE',
      `<!DOCTYPE Patient [<!ENTITY a "b">]>${P}<active value="true"/></Patient>`,
      /DOCTYPE.* is not accepted at line 1, column 36$/,
    ],
    [
      'an entity of its own',
      `${P}<name><text value="&a;"/></name></Patient>`,
      /undefined entity at line 1, column 59$/,
    ],
    ['UTF-16', Buffer.from(`\ufeff${P}</Patient>`, 'utf16le'), /not in UTF-8/],
    ['UTF-16 without a mark', Buffer.from(`${P}</Patient>`, 'utf16le'), /not in UTF-8/],
    [
      'another encoding',
      `<?xml version="1.0" encoding="ISO-8859-1"?>${P}</Patient>`,
      /the encoding is ISO-8859-1; this server reads UTF-8/,
    ],
    [
      'what is no UTF-8',
      Buffer.from([...Buffer.from(`${P}<id value="`), 0xff, ...Buffer.from('"/></Patient>')]),
      /not in UTF-8/,
    ],
    ['a control character', `${P}<id value="\u0001"/></Patient>`, /disallowed character/],
    ['a reference to a control character', `${P}<id value="&#1;"/></Patient>`, /malformed character entity/],
    ['half of a document', `${P}<name>`, /unclosed tag: name at line 1, column 43$/],
    ['nothing', '', /must contain a root element/],
    ['JSON', '{"resourceType":"Patient"}', /text data outside of root node/],
    ['crossed tags', `${P}<name></Patient></name>`, /unexpected close tag/],
    [
      'what is nested too deeply',
      `${P}${'<extension url="u">'.repeat(200)}${'</extension>'.repeat(200)}</Patient>`,
      /nested too deeply/,
    ],
  ];
  for (const [what, xml, finding, place] of refused) {
    it(`is refused for ${what}`, () => {
      const input = Buffer.isBuffer(xml) ? xml : Buffer.from(xml);
      assert.throws(
        () => readXml(input, definitions),
        (error) => {
          assert.ok(error instanceof FhirError, String(error));
          assert.equal(error.status, 400);
          const { code, diagnostics, expression } = error.issues[0]!;
          assert.match(`${code}: ${diagnostics}`, finding);
          if (place !== undefined) assert.equal(expression, place);
          return true;
        },
      );
    });
  }

  it('is refused for everything that is wrong at once, up to a limit', () => {
    const wrong = `${P}<foo/><active value="maybe"/>${'<bar/>'.repeat(3)}</Patient>`;
    const withIssues = (count: number) => (error: unknown) =>
      error instanceof FhirError && error.issues.length === count;
    assert.throws(() => readXml(wrong, definitions), withIssues(5));
    assert.throws(() => readXml(`${P}${'<bar/>'.repeat(300)}</Patient>`, definitions), withIssues(50));
  });
});
