// A pull reader of XML 1.0 with namespaces: tags and texts of a document, one after the other, everything well-formed or refused. There is
// no DTD, so there are no entities besides the five of XML and nothing can expand. https://www.w3.org/TR/xml/ and /TR/xml-names/
import { FhirError } from '../model/errors.ts';

export const OPEN = 1;
export const CLOSE = 2;
export const TEXT = 3;
export const END = 4;
export type Token = typeof OPEN | typeof CLOSE | typeof TEXT | typeof END;

/** Far deeper than any resource or any reader's narrative. */
const MAX_OPEN = 256;
const MAX_ATTRIBUTES = 256;

export interface Attribute {
  /** as written: `value`, `xsi:schemaLocation` */
  name: string;
  /** the namespace of a prefixed one, '' of all others */
  namespace: string;
  local: string;
  value: string;
}

export interface Scan {
  /** the next token; what it is about is in the members below */
  next(): Token;
  /** of a tag: without its prefix, and the namespace it stands for */
  readonly local: string;
  readonly namespace: string;
  /** of an opening tag: the first `count` of `attributes`, good until the next call; declarations of namespaces are not among them */
  readonly attributes: readonly Attribute[];
  readonly count: number;
  /** where the token begins and ends in the text */
  readonly start: number;
  readonly end: number;
  /** of a text: without entities and CDATA marks */
  readonly value: string;
  /** what was written between two places, line ends as they are */
  slice(start: number, end: number): string;
  /** ` at line 3, column 14` */
  placeOf(index: number): string;
  /** the namespace of a prefix where the scan stands; '' is the default one */
  namespaceOf(prefix: string): string | undefined;
}

interface Scope {
  parent: Scope | undefined;
  prefix: string;
  namespace: string;
}

const XML = 'http://www.w3.org/XML/1998/namespace';
const XMLNS = 'http://www.w3.org/2000/xmlns/';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const NAME_START =
  ':A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NAME = new RegExp(`[${NAME_START}][${NAME_START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}]*`, 'uy');
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#([0-9]+)|#x([0-9a-fA-F]+));/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DECLARATION =
  /<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.[0-9]+"|'1\.[0-9]+')(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:"([A-Za-z][A-Za-z0-9._-]*)"|'([A-Za-z][A-Za-z0-9._-]*)'))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>/y;

const LT = 0x3c;
const GT = 0x3e;
const SLASH = 0x2f;
const AMP = 0x26;
const EQUALS = 0x3d;

const isSpace = (c: number): boolean => c === 0x20 || c === 0x0a || c === 0x09 || c === 0x0d;

/** 1: may begin a name, 2: may go on in one; for ASCII */
const nameClass = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const char = String.fromCharCode(c);
  nameClass[c] = /[A-Za-z_:]/.test(char) ? 3 : /[-.0-9]/.test(char) ? 2 : 0;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of a document in UTF-8. */
export function decodeXml(bytes: Buffer): string {
  const [first, second] = bytes;
  if ((first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe) || first === 0 || second === 0) {
    throw new FhirError('structure', 'Invalid XML: the text is in UTF-16 or UTF-32; this server reads UTF-8');
  }
  const text = bytes.toString();
  if (!text.includes('\ufffd')) return text;
  try {
    return strictUtf8.decode(bytes);
  } catch {
    throw new FhirError('structure', 'Invalid XML: the text is not UTF-8');
  }
}

export function scanXml(text: string): Scan {
  /** names of open elements as written */
  const open: string[] = [];
  /** the scope outside each open element */
  const outer: (Scope | undefined)[] = [];
  const attributes: Attribute[] = [];
  let count = 0;
  let scope: Scope | undefined;
  /** the default namespace of the scope, which nearly all names ask for */
  let defaultNamespace = '';
  let at = 0;
  let hasRoot = false;
  /** for placeOf: the line that begins at `lineStart`, and how far lines are counted */
  let counted = 0;
  let line = 1;
  let lineStart = 0;
  /** a self-closing tag is two tokens */
  let closes = false;

  const scan = {
    next,
    local: '',
    namespace: '',
    attributes: attributes as readonly Attribute[],
    count: 0,
    start: 0,
    end: 0,
    value: '',
    slice: (start: number, end: number) => text.slice(start, end),
    placeOf,
    namespaceOf: (prefix: string) => (prefix === '' ? defaultNamespace : lookUp(prefix)),
  };

  function placeOf(index: number): string {
    // findings come in the order of the text: lines are counted on from the last one
    if (index < counted) {
      counted = 0;
      line = 1;
      lineStart = 0;
    }
    for (let feed = text.indexOf('\n', counted); feed !== -1 && feed < index; feed = text.indexOf('\n', counted)) {
      counted = feed + 1;
      line++;
      lineStart = counted;
    }
    return ` at line ${line}, column ${index - lineStart + 1}`;
  }

  function fail(what: string, index = at): never {
    throw new FhirError('structure', `Invalid XML: ${what}${placeOf(index)}`);
  }

  begin();
  return scan;

  function begin(): void {
    if (text.charCodeAt(0) === 0xfeff) at = 1;
    const illegal = text.search(ILLEGAL);
    if (illegal !== -1) fail('a control character is not allowed', illegal);
    if (!text.startsWith('<?xml', at) || !isSpace(text.charCodeAt(at + 5))) return;
    DECLARATION.lastIndex = at;
    const found = DECLARATION.exec(text);
    if (found === null) fail('the XML declaration is broken');
    const encoding = (found[1] ?? found[2] ?? 'utf-8').toLowerCase();
    if (encoding !== 'utf-8' && encoding !== 'us-ascii') fail(`the encoding is ${encoding}; this server reads UTF-8`);
    at += found[0].length;
  }

  function next(): Token {
    if (closes) {
      closes = false;
      leave();
      return CLOSE;
    }
    for (;;) {
      scan.start = at;
      if (at >= text.length) return finish();
      if (text.charCodeAt(at) !== LT) {
        if (readText()) return TEXT;
        continue;
      }
      const c = text.charCodeAt(at + 1);
      if (c === SLASH) return readClose();
      if (c === 0x21) {
        if (readMarkup()) return TEXT;
      } else if (c === 0x3f) readInstruction();
      else return readOpen();
    }
  }

  function finish(): Token {
    if (open.length > 0) fail(`<${open.at(-1)}> is not closed; the text ends`);
    if (!hasRoot) fail('there is no element; the text ends');
    scan.end = at;
    return END;
  }

  /** false for white space outside the root, which is no text */
  function readText(): boolean {
    skipSpace();
    if (open.length === 0) {
      if (at < text.length && text.charCodeAt(at) !== LT) fail('text is not allowed outside the element');
      return false;
    }
    // nearly all texts are the indentation between two tags
    if (text.charCodeAt(at) === LT) scan.value = withLineFeeds(text.slice(scan.start, at));
    else {
      const end = text.indexOf('<', at);
      at = end === -1 ? text.length : end;
      scan.value = decodeText(scan.start, at);
    }
    scan.end = at;
    return true;
  }

  function decodeText(start: number, end: number): string {
    const raw = text.slice(start, end);
    const wrong = raw.indexOf(']]>');
    if (wrong !== -1) fail('"]]>" is not allowed in text', start + wrong);
    return expand(withLineFeeds(raw), start);
  }

  /** Entities and character references; `start` says where the text stands, for complaints. */
  function expand(raw: string, start: number): string {
    let from = raw.indexOf('&');
    if (from === -1) return raw;
    let out = raw.slice(0, from);
    while (from !== -1) {
      REFERENCE.lastIndex = from;
      const found = REFERENCE.exec(raw);
      if (found === null) {
        fail('"&" must begin one of &amp; &lt; &gt; &quot; &apos; or a character reference', start + from);
      }
      out += ENTITIES[found[1] ?? ''] ?? character(Number.parseInt(found[2] ?? found[3]!, found[2] ? 10 : 16), start);
      const after = from + found[0].length;
      from = raw.indexOf('&', after);
      out += raw.slice(after, from === -1 ? undefined : from);
    }
    return out;
  }

  function character(code: number, start: number): string {
    const isSurrogate = code >= 0xd800 && code <= 0xdfff;
    if (!(code > 0 && code <= 0x10ffff) || isSurrogate) fail('a character reference names no character', start);
    const char = String.fromCodePoint(code);
    if (ILLEGAL.test(char)) fail('a character reference names a control character', start);
    return char;
  }

  /** `<!…`: true where it is text (CDATA), false where it says nothing (a comment) */
  function readMarkup(): boolean {
    if (text.startsWith('<!--', at)) {
      const end = text.indexOf('--', at + 4);
      if (end === -1) fail('a comment is not closed');
      if (text.charCodeAt(end + 2) !== GT) fail('"--" is not allowed in a comment', end);
      at = end + 3;
      return false;
    }
    if (text.startsWith('<![CDATA[', at) && open.length > 0) {
      const end = text.indexOf(']]>', at + 9);
      if (end === -1) fail('a CDATA section is not closed');
      scan.value = withLineFeeds(text.slice(at + 9, end));
      at = end + 3;
      scan.end = at;
      return true;
    }
    if (text.startsWith('<!DOCTYPE', at)) fail('a document type declaration (DOCTYPE) is not accepted');
    fail('a tag, a comment or a CDATA section is expected');
  }

  function readInstruction(): void {
    const begin = at;
    at += 2;
    const target = readName();
    if (target.toLowerCase() === 'xml') fail('the XML declaration may stand only at the beginning', begin);
    if (target.includes(':')) fail('the name of a processing instruction must not have a prefix', begin);
    if (!isSpace(text.charCodeAt(at)) && !text.startsWith('?>', at)) fail('a processing instruction is broken', begin);
    const end = text.indexOf('?>', at);
    if (end === -1) fail('a processing instruction is not closed', begin);
    at = end + 2;
  }

  function readName(): string {
    const start = at;
    let end = at;
    let c = text.charCodeAt(end);
    if (c < 128 && (nameClass[c]! & 1) === 0) fail('a name is expected');
    while (c < 128 && nameClass[c] !== 0) c = text.charCodeAt(++end);
    if (c >= 128) {
      // rare: a name that goes beyond ASCII
      NAME.lastIndex = start;
      end = start + (NAME.exec(text)?.[0].length ?? 0);
    }
    if (end === start) fail('a name is expected');
    at = end;
    return text.slice(start, end);
  }

  function skipSpace(): boolean {
    const start = at;
    let end = start;
    while (isSpace(text.charCodeAt(end))) end++;
    at = end;
    return end > start;
  }

  function readOpen(): Token {
    if (open.length === 0) {
      if (hasRoot) fail('only one element may stand at the top');
      hasRoot = true;
    }
    if (open.length >= MAX_OPEN) fail('elements are nested too deeply');
    at++;
    const name = readName();
    count = 0;
    let isSimple = true;
    outer.push(scope);
    open.push(name);
    for (;;) {
      const spaced = skipSpace();
      const c = text.charCodeAt(at);
      if (c === GT) {
        at++;
        break;
      }
      if (c === SLASH) {
        if (text.charCodeAt(at + 1) !== GT) fail('">" is expected', at + 1);
        at += 2;
        closes = true;
        break;
      }
      if (!spaced) fail(at < text.length ? 'white space is expected before an attribute' : 'a tag is not closed');
      if (!readAttribute()) isSimple = false;
    }
    scan.end = at;
    if (count > 1) refuseDuplicates();
    if (!isSimple) resolveAttributes();
    scan.count = count;
    nameElement(name);
    return OPEN;
  }

  /** false where its name has something to do with namespaces */
  function readAttribute(): boolean {
    if (count >= MAX_ATTRIBUTES) fail('the tag has too many attributes');
    const start = at;
    const name = readName();
    skipSpace();
    if (text.charCodeAt(at) !== EQUALS) fail(`the attribute ${name} must have a value`);
    at++;
    skipSpace();
    const value = readAttributeValue(name);
    let attribute = attributes[count];
    if (attribute === undefined) {
      attribute = { name: '', namespace: '', local: '', value: '' };
      attributes.push(attribute);
    }
    count++;
    attribute.name = name;
    attribute.namespace = '';
    attribute.local = name;
    attribute.value = value;
    if (name === 'xmlns' || name.startsWith('xmlns:')) declare(name, value, start);
    else if (!name.includes(':')) return true;
    return false;
  }

  function readAttributeValue(name: string): string {
    const quote = text.charCodeAt(at);
    if (quote !== 0x22 && quote !== 0x27) fail(`the value of the attribute ${name} must be quoted`);
    const start = at + 1;
    let end = start;
    let isPlain = true;
    for (let c = text.charCodeAt(end); c !== quote; c = text.charCodeAt(++end)) {
      if (c === LT) fail('"<" is not allowed in an attribute; write &lt;', end);
      if (c === AMP || c < 0x20) isPlain = false;
      else if (end >= text.length) fail(`the value of the attribute ${name} is not closed`, start);
    }
    const raw = text.slice(start, end);
    at = end + 1;
    // https://www.w3.org/TR/xml/#AVNormalize: a line break written as such is a space, one written as &#10; stays
    return isPlain ? raw : expand(raw.replaceAll(/\r\n|[\t\n\r]/g, ' '), start);
  }

  function declare(name: string, value: string, start: number): void {
    const prefix = name.slice(6);
    if (name.length === 6 || prefix.includes(':')) fail('a declaration of a namespace is broken', start);
    const isReserved = prefix === 'xmlns' || value === XMLNS || (prefix === 'xml') !== (value === XML);
    if (isReserved)
      fail(`${prefix === '' ? 'the default namespace' : `the prefix ${prefix}`} cannot be ${value}`, start);
    if (prefix !== '' && value === '') fail(`the prefix ${prefix} must have a namespace`, start);
    scope = { parent: scope, prefix, namespace: value };
    if (prefix === '') defaultNamespace = value;
  }

  function lookUp(prefix: string): string | undefined {
    for (let one = scope; one !== undefined; one = one.parent) if (one.prefix === prefix) return one.namespace;
    return prefix === 'xml' ? XML : undefined;
  }

  function namespaceOf(name: string, colon: number): string {
    const prefix = name.slice(0, colon);
    const local = name.slice(colon + 1);
    const isName = colon > 0 && local !== '' && !local.includes(':') && !/^[-.0-9\u00b7]/.test(local);
    if (!isName || prefix === 'xmlns') fail(`${name} is no name with a prefix`, scan.start);
    return lookUp(prefix) ?? fail(`the prefix ${prefix} is not declared`, scan.start);
  }

  function nameElement(name: string): void {
    const colon = name.indexOf(':');
    scan.local = colon === -1 ? name : name.slice(colon + 1);
    scan.namespace = colon === -1 ? defaultNamespace : namespaceOf(name, colon);
  }

  /** Takes the declarations out and gives each of the others its namespace. */
  function resolveAttributes(): void {
    let kept = 0;
    for (let i = 0; i < count; i++) {
      const attribute = attributes[i]!;
      const { name } = attribute;
      if (name === 'xmlns' || name.startsWith('xmlns:')) continue;
      const colon = name.indexOf(':');
      if (colon !== -1) {
        attribute.namespace = namespaceOf(name, colon);
        attribute.local = name.slice(colon + 1);
        for (let k = 0; k < kept; k++) {
          const { namespace, local } = attributes[k]!;
          if (local === attribute.local && namespace === attribute.namespace)
            fail(`${name} is given twice`, scan.start);
        }
      }
      attributes[i] = attributes[kept]!;
      attributes[kept++] = attribute;
    }
    count = kept;
  }

  function refuseDuplicates(): void {
    for (let i = 1; i < count; i++) {
      for (let k = 0; k < i; k++) {
        if (attributes[i]!.name === attributes[k]!.name) fail(`${attributes[i]!.name} is given twice`, scan.start);
      }
    }
  }

  function readClose(): Token {
    const name = open.at(-1);
    if (name === undefined) fail('a closing tag without an opening one');
    at += 2;
    const isOurs = text.startsWith(name, at);
    at += name.length;
    if (isOurs && isSpace(text.charCodeAt(at))) skipSpace();
    if (!isOurs || text.charCodeAt(at) !== GT) fail(`</${name}> is expected`, scan.start);
    at++;
    scan.end = at;
    leave();
    return CLOSE;
  }

  function leave(): void {
    open.pop();
    const before = outer.pop();
    if (before === scope) return;
    scope = before;
    defaultNamespace = lookUp('') ?? '';
  }
}

/** https://www.w3.org/TR/xml/#sec-line-ends */
const withLineFeeds = (text: string): string => (text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text);
