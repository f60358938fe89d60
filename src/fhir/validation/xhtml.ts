// A light check of Narrative.div: one balanced <div> of XHTML without anything that acts.
// https://hl7.org/fhir/R4/narrative.html#xhtml

const FORBIDDEN_TAGS = new Set(
  'script style link base meta head body html iframe frame frameset object embed applet form input button select textarea svg math'.split(
    ' ',
  ),
);
const TAG = /^\/?([A-Za-z][A-Za-z0-9]*)(?=[\s/]|$)/;
const ACTS = /\son[a-z]+\s*=|=\s*["']?\s*(?:javascript|vbscript)\s*:/i;

/** What is wrong with a div, or undefined. */
export function xhtmlProblem(text: string): string | undefined {
  if (!/^\s*<div[\s/>]/.test(text)) return 'must begin with <div';
  const open: string[] = [];
  let at = 0;
  for (;;) {
    const start = text.indexOf('<', at);
    if (open.length === 0 && at > 0) {
      if (start !== -1 || /\S/.test(text.slice(at))) return 'must hold nothing behind </div>';
      return undefined;
    }
    if (start === -1) return `has <${open.at(-1)}> that is not closed`;
    if (text.startsWith('<!--', start)) {
      const end = text.indexOf('-->', start + 4);
      if (end === -1) return 'has a comment that is not closed';
      at = end + 3;
      continue;
    }
    const end = tagEnd(text, start);
    if (end === -1) return 'has a tag that is not closed';
    const tag = text.slice(start + 1, end);
    const name = TAG.exec(tag)?.[1];
    if (name === undefined) return 'must not hold declarations, entities, sections or processing instructions';
    if (FORBIDDEN_TAGS.has(name.toLowerCase())) return `must not hold <${name}>`;
    if (ACTS.test(tag)) return `must not hold scripts, as <${name}> does`;
    if (tag[0] === '/') {
      if (open.pop() !== name) return `has </${name}> where another tag is open`;
    } else if (!tag.endsWith('/')) open.push(name);
    at = end + 1;
  }
}

/** The `>` that closes a tag; those in quoted attributes do not. */
function tagEnd(text: string, start: number): number {
  let quote = '';
  for (let i = start + 1; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '>') return i;
  }
  return -1;
}
