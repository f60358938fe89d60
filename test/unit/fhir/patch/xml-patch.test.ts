// XML Patch, row by row. https://www.rfc-editor.org/rfc/rfc5261
import assert from 'node:assert/strict';
import { loadDefinitions } from '../../../../src/fhir/definitions/load.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';
import { parseJson, stringifyJson } from '../../../../src/fhir/model/json.ts';
import type { Resource } from '../../../../src/fhir/model/resource.ts';
import { applyXmlPatch, readXmlPatch } from '../../../../src/fhir/patch/xml-patch.ts';

const definitions = loadDefinitions();
const apply = (resource: string, operations: string, diff = '<diff xmlns:f="http://hl7.org/fhir">'): string => {
  const parsed = parseJson(`{"resourceType":"Patient","id":"p",${resource}}`) as Resource;
  const patch = readXmlPatch(Buffer.from(`${diff}${operations}</diff>`));
  const text = stringifyJson(applyXmlPatch(parsed, patch, definitions));
  return text.replace('{"resourceType":"Patient","id":"p",', '').slice(0, -1);
};

const TELECOM =
  '"telecom":[{"system":"phone","value":"1"},{"id":"t2","system":"email","value":"a@b"},{"system":"phone","value":"3","use":"home"}]';
const DIV = '<div xmlns=\\"http://www.w3.org/1999/xhtml\\">';

const applied: [what: string, before: string, operations: string, after: string][] = [
  [
    'replaces a value',
    '"gender":"male"',
    '<replace sel="f:Patient/f:gender/@value">other</replace>',
    '"gender":"other"',
  ],
  [
    'takes a slash at the beginning',
    '"gender":"male"',
    '<replace sel="/f:Patient/f:gender/@value">other</replace>',
    '"gender":"other"',
  ],
  [
    'takes names without a prefix for FHIR',
    '"gender":"male"',
    '<replace sel="Patient/gender/@value">other</replace>',
    '"gender":"other"',
  ],
  ['takes any name for *', '"gender":"male"', '<replace sel="*/gender/@value">other</replace>', '"gender":"other"'],
  [
    'replaces an element by another',
    '"gender":"male"',
    '<replace sel="f:Patient/f:gender"><f:active value="true"/></replace>',
    '"active":true',
  ],
  ['removes an element', '"gender":"male","active":true', '<remove sel="f:Patient/f:gender"/>', '"active":true'],
  [
    'removes one of a list',
    TELECOM,
    '<remove sel="f:Patient/f:telecom[2]"/><remove sel="Patient/telecom[last()]"/>',
    '"telecom":[{"system":"phone","value":"1"}]',
  ],
  [
    'finds by the value of a child',
    '"telecom":[{"system":"phone","value":"1"},{"system":"email","value":"2"}]',
    `<remove sel='Patient/telecom[system/@value="email"]'/>`,
    '"telecom":[{"system":"phone","value":"1"}]',
  ],
  [
    'finds by an attribute',
    '"telecom":[{"value":"1"},{"id":"x","value":"2"}]',
    `<replace sel="Patient/telecom[@id='x']/value/@value">9</replace>`,
    '"telecom":[{"value":"1"},{"id":"x","value":"9"}]',
  ],
  [
    'finds by id()',
    '"telecom":[{"value":"1"},{"id":"x","value":"2"}]',
    `<remove sel="id('x')"/>`,
    '"telecom":[{"value":"1"}]',
  ],
  [
    'finds by several conditions',
    TELECOM,
    `<remove sel="Patient/telecom[system/@value='phone' and not(use)]"/><remove sel="Patient/telecom[@id or position()=9]"/>`,
    '"telecom":[{"system":"phone","value":"3","use":"home"}]',
  ],
  [
    'counts positions after conditions',
    TELECOM,
    `<replace sel="Patient/telecom[system/@value='phone'][2]/value/@value">9</replace><remove sel="Patient/telecom[position()=last()]/use"/><remove sel="Patient/telecom[1]"/><remove sel="//telecom[value/@value!='9']"/>`,
    '"telecom":[{"system":"phone","value":"9"}]',
  ],
  [
    'adds as the last child',
    '"name":[{"family":"A"}]',
    '<add sel="Patient"><name><family value="B"/></name></add>',
    '"name":[{"family":"A"},{"family":"B"}]',
  ],
  [
    'adds as the first child',
    '"name":[{"family":"A"}]',
    '<add sel="Patient" pos="prepend"><name><family value="B"/></name></add><remove sel="Patient/id"/><add sel="Patient" pos="prepend"><id value="p"/></add>',
    '"name":[{"family":"B"},{"family":"A"}]',
  ],
  [
    'adds beside an element',
    '"name":[{"family":"A"},{"family":"D"}]',
    '<add sel="Patient/name[1]" pos="after">\n <name><family value="B"/></name>\n</add><add sel="Patient/name[3]" pos="before"><name><family value="C"/></name></add>',
    '"name":[{"family":"A"},{"family":"B"},{"family":"C"},{"family":"D"}]',
  ],
  [
    'adds an attribute',
    '"name":[{"family":"A"}]',
    '<add sel="Patient/name" type="@id">n1</add>',
    '"name":[{"id":"n1","family":"A"}]',
  ],
  [
    'removes an attribute',
    '"name":[{"id":"n1","family":"A"}]',
    '<remove sel="Patient/name/@id"/>',
    '"name":[{"family":"A"}]',
  ],
  [
    'keeps decimals as they are written',
    '"extension":[{"url":"u","valueDecimal":1.50}]',
    '<add sel="Patient"><extension url="v"><valueDecimal value="2.00"/></extension></add>',
    '"extension":[{"url":"u","valueDecimal":1.50},{"url":"v","valueDecimal":2.00}]',
  ],
  [
    'adds the value of a primitive that has extensions',
    '"_birthDate":{"id":"b"}',
    '<add sel="Patient/birthDate" type="@value">1970-01-01</add>',
    '"birthDate":"1970-01-01","_birthDate":{"id":"b"}',
  ],
  [
    'changes a text of the narrative',
    `"text":{"status":"generated","div":"${DIV}<p>a &amp; b<br /></p></div>"}`,
    '<replace sel="Patient/text/h:div/h:p/text()">x &lt; y</replace>',
    `"text":{"status":"generated","div":"${DIV}<p>x &lt; y<br/></p></div>"}`,
  ],
  [
    'leaves a narrative it does not touch as it is written',
    `"text":{"status":"generated","div":"${DIV}<p  class='a'>a<br /></p></div>"},"active":true`,
    '<replace sel="Patient/active/@value">false</replace>',
    `"text":{"status":"generated","div":"${DIV}<p  class='a'>a<br /></p></div>"},"active":false`,
  ],
  [
    'applies one operation after the other',
    '"active":true',
    '<remove sel="Patient/active"/><add sel="Patient"><active value="false"/></add>',
    '"active":false',
  ],
  ['does nothing where there is nothing to do', '"active":true', '', '"active":true'],
];

const refused: [what: string, operations: string, kind: string, message: RegExp][] = [
  [
    'what it does not find',
    '<remove sel="Patient/photo"/>',
    'conflict',
    /\[0\]: unlocated-node: Patient\/photo finds nothing/,
  ],
  ['what it finds more than once', '<remove sel="Patient/telecom"/>', 'conflict', /finds 3 nodes, not one/],
  [
    'the second operation by its number',
    '<remove sel="Patient/telecom[1]"/><remove sel="Patient/photo"/>',
    'conflict',
    /\[1\]/,
  ],
  ['no selector', '<remove/>', 'invalid', /"sel" is missing/],
  ['another operation', '<move sel="a"/>', 'invalid', /must be add, replace or remove, not <move>/],
  ['another attribute', '<remove sel="Patient" if="1"/>', 'invalid', /has no attribute "if"/],
  ['another position', '<add sel="Patient" pos="below"><active value="true"/></add>', 'invalid', /"pos" must be/],
  ['an undeclared prefix', '<remove sel="x:Patient"/>', 'invalid', /invalid-namespace-prefix: x/],
  ['a broken selector', '<remove sel="Patient/[1]"/>', 'invalid', /a name is expected/],
  ['a selector that is not closed', '<remove sel="Patient/name[1"/>', 'invalid', /"\]" is expected/],
  ['a selector with a rest', '<remove sel="Patient/name)"/>', 'invalid', /goes on where it should end/],
  [
    'functions beyond',
    `<remove sel="Patient/name[contains(family/@value,'a')]"/>`,
    'invalid',
    /contains\(\) is not supported/,
  ],
  ['axes beyond', '<remove sel="Patient/following::name"/>', 'invalid', /axis following/],
  ['an attribute that exists', '<add sel="Patient/telecom[2]" type="@id">x</add>', 'conflict', /exists already/],
  ['the removal of the resource', '<remove sel="Patient"/>', 'invalid', /invalid-root-element-operation/],
  [
    'something beside the resource',
    '<add sel="Patient" pos="after"><Patient/></add>',
    'invalid',
    /invalid-root-element-operation/,
  ],
  ['two elements for one', '<replace sel="Patient/telecom[1]"><a/><b/></replace>', 'invalid', /exactly one element/],
  [
    'an element for a value',
    '<replace sel="Patient/telecom[1]/value/@value"><a/></replace>',
    'invalid',
    /a text is expected/,
  ],
  ['nothing to add', '<add sel="Patient"/>', 'invalid', /nothing to add/],
  [
    'a namespace to add',
    '<add sel="Patient" type="namespace::x">urn:x</add>',
    'invalid',
    /must be the name of an attribute/,
  ],
  ['another id', '<replace sel="Patient/id/@value">q</replace>', 'invalid', /must not change the type or the id/],
  [
    'another resource',
    '<replace sel="Patient"><Group><id value="p"/></Group></replace>',
    'invalid',
    /must not change the type or the id/,
  ],
  ['a result that is no FHIR', '<add sel="Patient"><foo value="1"/></add>', 'structure', /1 problem/],
  ['an emptied element', '<remove sel="Patient/telecom[1]/value/@value"/>', 'structure', /1 problem/],
  ['a text among operations', 'x', 'invalid', /not text/],
  ['too much work', '<remove sel="//*[//*[//*[//*[//*[//*[//*[//*=\'a\']]]]]]]"/>', 'too-costly', /looks at too much/],
];

describe('XML Patch', () => {
  for (const [what, before, operations, after] of applied) {
    it(what, () => {
      const diff = '<diff xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">';
      assert.equal(apply(before, operations, diff), after);
    });
  }

  it('takes other prefixes, defaults and a namespace of its own', () => {
    const diffs = [
      ['<diff xmlns="http://hl7.org/fhir">', 'Patient/active/@value'],
      [
        '<p:diff xmlns:p="urn:ietf:params:xml:schema:patch-ops" xmlns:x="http://hl7.org/fhir">',
        'x:Patient/x:active/@value',
      ],
      ['<diff xmlns="urn:ietf:params:xml:schema:patch-ops">', 'Patient/active/@value'],
    ];
    for (const [diff, sel] of diffs) {
      const [, prefix = ''] = /^<(p:)/.exec(diff!) ?? [];
      const patch = `<?xml version="1.0"?>${diff}<${prefix}replace sel="${sel}">false</${prefix}replace></${prefix}diff>`;
      const result = applyXmlPatch(
        { resourceType: 'Patient', active: true },
        readXmlPatch(Buffer.from(patch)),
        definitions,
      );
      assert.equal(result.active, false);
    }
  });

  for (const [what, operations, kind, message] of refused) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => apply(TELECOM, operations),
        (error) => {
          assert.ok(error instanceof FhirError, String(error));
          assert.equal(error.kind, kind, error.message);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }

  it('says what is wrong with its result by FHIRPath, without places in XML that nobody has seen', () => {
    assert.throws(
      () => apply(TELECOM, '<add sel="Patient/telecom[2]"><foo value="1"/></add>'),
      ({ issues }) => {
        assert.equal(issues[0].expression, 'Patient.telecom[1].foo');
        assert.match(issues[0].diagnostics, /^Unknown element <foo> in ContactPoint.* after the patch$/);
        return true;
      },
    );
  });

  it('must be a <diff>, and XML', () => {
    assert.throws(() => readXmlPatch(Buffer.from('<Patient xmlns="http://hl7.org/fhir"/>')), { kind: 'invalid' });
    assert.throws(() => readXmlPatch(Buffer.from('[{"op":"remove"}]')), { kind: 'structure' });
    assert.throws(() => readXmlPatch(Buffer.from('<!DOCTYPE diff><diff/>')), { kind: 'structure' });
  });
});
