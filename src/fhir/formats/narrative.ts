// Narrative.div between JSON, where it is a text, and XML, where it is a part of the document. Both ways it stays as it was written
// wherever that is possible. https://hl7.org/fhir/R4/narrative.html#xhtml
import { htmlEntities } from './html-entities.ts';
import { XHTML } from './xml-plan.ts';
import { type OpenTag, type Scan, scanXml } from './xml-scan.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
const UNSPEAKABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** XML 1.0 has no way to say most control characters: https://www.w3.org/TR/xml/#charsets */
const speakable = (text: string): string => text.replaceAll(UNSPEAKABLE, '\ufffd');

/** A text between quotes; line breaks survive only as references. */
export const escapeAttribute = (text: string): string =>
  speakable(text).replaceAll(/[&<"\n\r\t]/g, (char) => MARKUP[char]!);

export const escapeText = (text: string): string => speakable(text).replaceAll(/[&<>\r]/g, (char) => MARKUP[char]!);

/**
 * The element whose opening tag was read last, up to its closing tag, as a div on its own: without prefixes that are declared
 * elsewhere, comments, and CDATA sections.
 */
export function rewriteNarrative(scan: Scan, div: OpenTag): string {
  const names: string[] = [];
  let out = '';
  let pending = '';
  const open = ({ local, attributes }: OpenTag): void => {
    const namespace = names.length === 0 ? ` xmlns="${XHTML}"` : '';
    names.push(local);
    const written = attributes.map((one) => ` ${one.local}="${escapeAttribute(one.value)}"`);
    pending = `<${local}${namespace}${written.join('')}`;
  };
  open(div);
  while (names.length > 0) {
    const token = scan.next();
    if (token.kind === 'close') {
      const name = names.pop();
      out += pending === '' ? `</${name}>` : `${pending}/>`;
      pending = '';
      continue;
    }
    if (pending !== '') out += `${pending}>`;
    pending = '';
    if (token.kind === 'open') open(token);
    else if (token.kind === 'text') out += escapeText(token.value);
  }
  return out;
}

const REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]+|#x[0-9a-fA-F]+);)/;

/**
 * A div as it stands in an XML document: the text itself where it is XML, else made so. JSON may carry what is HTML rather than XHTML
 * (`&nbsp;`, `<td nowrap>`), since only its tags are checked there.
 */
export function narrativeDiv(html: string): string {
  const trimmed = html.trim();
  const named = REFERENCE.test(trimmed) ? withoutNamedEntities(trimmed) : trimmed;
  const div = named.replace(/^<div(?![^>]*?\sxmlns\s*=)/, `<div xmlns="${XHTML}"`);
  if (isWellFormed(div)) return div;
  const mended = mend(div);
  if (isWellFormed(mended)) return mended;
  const text = speakable(div.replaceAll(/<[^>]*>/g, ' ')).replaceAll(/[<>]/g, (char) => MARKUP[char]!);
  return `<div xmlns="${XHTML}">${text.trim()}</div>`;
}

function isWellFormed(div: string): boolean {
  try {
    const scan = scanXml(div);
    const first = scan.next();
    if (first.kind !== 'open' || first.uri !== XHTML) return false;
    while (scan.next().kind !== 'end');
    return true;
  } catch {
    return false;
  }
}

/** What is left of a text's ampersands that XML does not know. */
const withoutNamedEntities = (text: string): string =>
  text.replaceAll(/&([A-Za-z][A-Za-z0-9]*);|&(?!#[0-9]+;|#x[0-9a-fA-F]+;)/g, (all, name: string | undefined) => {
    if (name === undefined) return '&amp;';
    return XML_ENTITIES.has(name) ? all : (htmlEntities.get(name) ?? `&amp;${name};`);
  });

const XML_ENTITIES = new Set(['amp', 'lt', 'gt', 'quot', 'apos']);

/** Attributes that HTML writes without quotes or value, or twice; characters that XML does not have. */
const mend = (div: string): string =>
  speakable(div).replaceAll(
    /<([A-Za-z][A-Za-z0-9]*)((?:[^<>"']|"[^"]*"|'[^']*')*?)(\/?)>/g,
    (_, name: string, attributes: string, slash: string) => {
      const seen = new Map<string, string>();
      for (const [, key = '', double, single, bare] of attributes.matchAll(ATTRIBUTE)) {
        if (!seen.has(key))
          seen.set(key, (double ?? single ?? bare ?? key).replaceAll('<', '&lt;').replaceAll('"', '&quot;'));
      }
      return `<${name}${[...seen].map(([key, value]) => ` ${key}="${value}"`).join('')}${slash}>`;
    },
  );

const ATTRIBUTE = /([A-Za-z_][-A-Za-z0-9_.:]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g;
