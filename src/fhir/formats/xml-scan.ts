// The tags and texts of an XML document, one after the other, as saxes reads them: XML 1.0 with namespaces, everything well-formed or
// refused. A DTD is refused, so there are no entities besides the five of XML and nothing can expand. https://www.w3.org/TR/xml/
import { isUtf8 } from 'node:buffer';
import { type SaxesAttributeNS, SaxesParser } from 'saxes';
import { FhirError } from '../model/errors.ts';

/** `name` as written (`xsi:type`), `local` without the prefix, `uri` of the namespace: '' for one without a prefix */
export type Attribute = SaxesAttributeNS;

export type Namespaces = Readonly<Record<string, string>>;

/** `start` and `end` are where it begins and ends in the text; a self-closing tag is two tokens. */
export interface OpenTag {
  kind: 'open';
  local: string;
  /** of its namespace, '' for none */
  uri: string;
  /** declarations of namespaces are not among them */
  attributes: readonly Attribute[];
  /** by prefix, '' being the default: the namespaces that begin here, and some of those around it */
  namespaces: Namespaces;
  start: number;
  end: number;
}

export type Token =
  | OpenTag
  | { kind: 'close'; end: number }
  /**
   * Entities are resolved, line ends are line feeds; CDATA and what stands beside comments are texts of their own. `start` is behind the
   * last ">" where there is one in it.
   */
  | { kind: 'text'; value: string; start: number }
  | { kind: 'end' };

export interface Scan {
  next(): Token;
  /** what was written between two places, line ends as they are */
  slice(start: number, end: number): string;
  /** ` at line 3, column 14` */
  placeOf(index: number): string;
}

/** Far deeper than any resource or any reader's narrative. */
const MAX_OPEN = 256;
const MAX_ATTRIBUTES = 256;
/** The parser is fed so many characters when a token is wanted; only the tokens of these wait. */
const SLICE = 16_384;
const XMLNS = 'http://www.w3.org/2000/xmlns/';

/** The text of a document in UTF-8. UTF-16 of ASCII is UTF-8 as well, with zeros. */
export function decodeXml(bytes: Buffer): string {
  if (!isUtf8(bytes) || bytes.subarray(0, 2).includes(0)) {
    throw new FhirError('structure', 'Invalid XML: the text is not in UTF-8, which is all that this server reads');
  }
  return bytes.toString();
}

export function scanXml(text: string, sliceLength = SLICE): Scan {
  const parser = new SaxesParser({ xmlns: true, position: false, defaultXMLVersion: '1.0', forceXMLVersion: true });
  let waiting: Token[] = [];
  let taken = 0;
  let fed = 0;
  const open: Record<string, string>[] = [];
  let attributes: Attribute[] = [];
  let line = 1;
  let lineStart = 0;

  // A seventh listener would make V8 keep the parser as a dictionary, and reading three times as slow.
  parser.on('doctype', () => parser.fail('a document type declaration (DOCTYPE) is not accepted'));
  parser.on('attribute', (attribute) => {
    if (attributes.push(attribute) > MAX_ATTRIBUTES) parser.fail('the tag has too many attributes');
  });
  parser.on('opentag', ({ prefix, local, uri, ns }) => {
    if (open.length === 0) checkEncoding();
    tellOuter(prefix, uri, ns);
    for (const one of attributes) if (one.prefix !== '') tellOuter(one.prefix, one.uri, ns);
    if (open.push(ns) > MAX_OPEN) parser.fail('elements are nested too deeply');
    const end = parser.position;
    const start = text.lastIndexOf('<', end - 1);
    const own = attributes.filter((one) => one.uri !== XMLNS);
    waiting.push({ kind: 'open', local, uri, attributes: own, namespaces: ns, start, end });
    attributes = [];
  });
  parser.on('closetag', () => {
    open.pop();
    waiting.push({ kind: 'close', end: parser.position });
  });
  parser.on('text', (value) => {
    // white space outside the root is no text; within it a "<" has been read
    if (open.length > 0) waiting.push({ kind: 'text', value, start: text.lastIndexOf('>', parser.position - 2) + 1 });
  });
  parser.on('cdata', (value) => {
    waiting.push({ kind: 'text', value, start: text.lastIndexOf('<![CDATA[', parser.position) });
  });

  return {
    next() {
      while (taken === waiting.length) feed();
      return waiting[taken++]!;
    },
    slice: (start, end) => text.slice(start, end),
    placeOf,
  };

  function feed(): void {
    waiting = [];
    taken = 0;
    try {
      if (fed < text.length) parser.write(text.slice(fed, fed + sliceLength));
      else {
        parser.close();
        waiting.push({ kind: 'end' });
      }
      fed += sliceLength;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // a name in the message may be as long as the document
      const problem = error.message.slice(0, 200).replace(/\.$/, '');
      // the place of the character that was read last
      throw new FhirError('structure', `Invalid XML: ${problem}${placeOf(Math.max(parser.position - 1, 0))}`);
    }
  }

  /** saxes asks one element after the other for a prefix, from the innermost outwards; after this the nearest knows it. */
  function tellOuter(prefix: string, uri: string, own: Namespaces): void {
    if (prefix in own) return;
    for (let i = open.length - 1; i >= 0 && !(prefix in open[i]!); i--) open[i]![prefix] = uri;
  }

  function checkEncoding(): void {
    const { encoding = 'utf-8' } = parser.xmlDecl;
    if (!/^(?:utf-8|us-ascii)$/i.test(encoding)) parser.fail(`the encoding is ${encoding}; this server reads UTF-8`);
  }

  function placeOf(index: number): string {
    // findings come in the order of the text: lines are counted on from the last one
    if (index < lineStart) {
      line = 1;
      lineStart = 0;
    }
    for (;;) {
      const next = text.indexOf('\n', lineStart) + 1;
      if (next === 0 || next > index) return ` at line ${line}, column ${index - lineStart + 1}`;
      lineStart = next;
      line++;
    }
  }
}

/** saxes has no error class of its own; what has another is a fault of ours. */
const isRefusal = (error: unknown): error is Error => Object.getPrototypeOf(error) === Error.prototype;

/**
 * V8 forgets the shape of parsers where none is alive in a garbage collection, and then makes dictionaries of those that follow: reading
 * gets three times as slow until the server ends. This one is always alive.
 */
export const lastingShape = scanXml('');
