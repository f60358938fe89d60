// What the readers of XML may count on, whichever parser is behind it.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeXml, scanXml, type Token } from '../../../../src/fhir/formats/xml-scan.ts';
import { FhirError } from '../../../../src/fhir/model/errors.ts';

/** What is read of a text that the parser gets in slices of some length, or why it is refused. */
function read(text: string, sliceLength?: number): Token[] | string {
  const tokens: Token[] = [];
  try {
    const scan = scanXml(text, sliceLength);
    do tokens.push(scan.next());
    while (tokens.at(-1)!.kind !== 'end');
    return tokens;
  } catch (error) {
    assert.ok(error instanceof FhirError && error.kind === 'structure', String(error));
    return error.message;
  }
}

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

describe('the XML scan', () => {
  it('sees the same wherever the slices end', () => {
    let accepted = 0;
    // why it is refused may depend on it, where a text has several faults
    const seen = (text: string, length?: number): Token[] | undefined => {
      const result = read(text, length);
      return typeof result === 'string' ? undefined : result;
    };
    const isSame = fc.property(fc.oneof(wrapped, loose), fc.integer({ min: 2, max: 9 }), (text, length) => {
      const whole = seen(text);
      if (whole !== undefined) accepted++;
      for (const one of [1, length]) assert.deepEqual(seen(text, one), whole);
    });
    fc.assert(isSame, { numRuns: 5000, seed: 20261126 });
    assert.ok(accepted > 100, `only ${accepted} texts were XML at all`);
  });

  const DOCUMENT = `\ufeff<?xml version="1.0" encoding='utf-8'?>\r\n<!-- \u{1f600} --><?pi?>
<p:a\r\n xmlns:p="urn:p" p:x = '\u{1f600}>' y="1\r\n2&#10;3">\r\u{1f600}&lt;&#x41;\r\n<!-- c -->d<b xmlns="urn:d" />
<![CDATA[<&]]]]><p:c></p:c ></p:a>\n<!-- e -->\n`;

  it('knows where tags and texts stand, with line breaks, comments, and characters of all sizes before them', () => {
    const scan = scanXml(DOCUMENT);
    const lines: string[] = [];
    let open = 0;
    for (let token = scan.next(); token.kind !== 'end'; token = scan.next()) {
      if (token.kind === 'open') lines.push(`open ${scan.slice(token.start, token.end)}${scan.placeOf(token.start)}`);
      else if (token.kind === 'text') lines.push(`text ${token.value}${scan.placeOf(token.start)}`);
      else lines.push(`close ${scan.slice(open, token.end)}`);
      if (token.kind === 'open') open = token.start;
    }
    assert.deepEqual(lines, [
      `open <p:a\r\n xmlns:p="urn:p" p:x = '\u{1f600}>' y="1\r\n2&#10;3"> at line 3, column 1`,
      'text \n\u{1f600}<A\n at line 5, column 10',
      'text d at line 6, column 11',
      'open <b xmlns="urn:d" /> at line 6, column 12',
      'close <b xmlns="urn:d" />',
      'text \n at line 6, column 31',
      'text <&]] at line 7, column 1',
      'open <p:c> at line 7, column 17',
      'close <p:c></p:c >',
      'close <p:c></p:c ></p:a>',
    ]);
  });

  it('resolves namespaces, and keeps their declarations apart from the attributes', () => {
    const opened = (read(DOCUMENT) as Token[]).filter((token) => token.kind === 'open');
    const seen = opened.map(({ local, uri, attributes }) => ({
      name: [local, uri],
      attributes: attributes.map((one) => [one.name, one.local, one.uri, one.value]),
    }));
    assert.deepEqual(seen, [
      {
        name: ['a', 'urn:p'],
        attributes: [
          ['p:x', 'x', 'urn:p', '\u{1f600}>'],
          ['y', 'y', '', '1 2\n3'],
        ],
      },
      { name: ['b', 'urn:d'], attributes: [] },
      { name: ['c', 'urn:p'], attributes: [] },
    ]);
  });

  const refused: [what: string, text: string, message: RegExp][] = [
    [
      'an entity bomb',
      '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>',
      /DOCTYPE.* at line 1, column 50$/,
    ],
    ['a DTD elsewhere', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', /DOCTYPE/],
    ['an entity', '<a>\n&nbsp;</a>', /undefined entity at line 2, column 6$/],
    ['a control character', '<a>\n\u0001</a>', /disallowed character at line 2, column 1$/],
    ['a reference to one', '<?xml version="1.1"?><a>&#1;</a>', /malformed character entity/],
    ['half of a surrogate pair', '<a>&#xD83D;</a>', /malformed character entity/],
    ['another encoding', '<?xml version="1.0" encoding="latin1"?><a/>', /encoding is latin1; this server reads UTF-8/],
    ['crossed tags', '<a><b></a></b>', /unexpected close tag at line 1, column 10$/],
    ['a tag that stays open', '<a>\n<b>', /unclosed tag: b at line 2, column 3$/],
    ['a tag that is cut', '<a>\n<b x="', /unclosed tag/],
    ['two documents', '<a/>\n<a/>', /only one root at line 2, column 3$/],
    ['text around the element', '<a/>b', /text data outside of root node/],
    ['nothing', '', /must contain a root element at line 1, column 1$/],
    ['a value without quotes', '<a b=1/>', /unquoted attribute value/],
    ['an attribute twice', '<a b="1" b="2"/>', /duplicate attribute: b/],
    [
      'an attribute twice by its namespace',
      '<a xmlns:p="u" xmlns:q="u" p:b="" q:b=""/>',
      /duplicate attribute: \{u\}b/,
    ],
    ['a prefix that nobody declares', '<p:a/>', /unbound namespace prefix: "p"/],
    ['a prefix after its element', '<a><p:b xmlns:p="u"/><p:b/></a>', /unbound namespace prefix/],
    ['a name as long as the document', `<${'a'.repeat(1e6)}>`, /^.{0,260}$/],
    ['too deep a nesting, where it begins to be', '<a>'.repeat(1e5), /nested too deeply at line 1, column 771$/],
    [
      'too many attributes, before the tag ends',
      `<a ${'b="" '.repeat(1e5)}`,
      /too many attributes at line 1, column 1287$/,
    ],
    ['too many namespaces', `<a ${'xmlns:b="u" '.repeat(1e5)}`, /too many attributes/],
  ];
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      const whole = read(text);
      assert.match(String(whole), message);
      assert.equal(read(text, 7), whole);
    });
  }

  it('reads no further than it is asked', () => {
    const scan = scanXml(`<a>${'<b/>'.repeat(10_000)}</c>`);
    for (let i = 0; i < 5000; i++) assert.notEqual(scan.next().kind, 'end');
    assert.throws(() => {
      for (;;) scan.next();
    }, /unexpected close tag/);
  });

  it('takes bytes for UTF-8 or not at all', () => {
    assert.equal(decodeXml(Buffer.from('\ufeff<a>\ufffd</a>')), '\ufeff<a>\ufffd</a>');
    const little = Buffer.from('<a/>', 'utf16le');
    const marked = Buffer.from('\ufeff<a/>', 'utf16le');
    const cut = Buffer.from('<a>\u00e9').subarray(0, -1);
    for (const bytes of [little, Buffer.from(little).swap16(), marked, Buffer.from(marked).swap16(), cut]) {
      assert.throws(() => decodeXml(bytes), /not in UTF-8/);
    }
  });
});
