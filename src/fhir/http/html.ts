// An answer as a page, for people who follow a link with a browser: indented JSON whose references can be followed. Everything in it comes
// from the data, so everything is escaped and nothing can run.

export const HTML_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'same-origin',
};

const STYLE =
  'body{font:14px/1.5 system-ui,sans-serif;margin:1.5rem;color:#1d2733;background:#fff}pre{font:13px/1.5 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}a{color:#0b5cad}nav a{margin-right:1rem}b{font-weight:600;color:#41505f}';

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;' };

/** between tags, where quotes may stay */
const escapeText = (text: string): string => text.replaceAll(/[&<>']/g, (char) => ESCAPES[char]!);
const attribute = (text: string): string => escapeText(text).replaceAll('"', '&quot;');

const URL_VALUE = /"(https?:\/\/[^"\\\s]+)"/g;
const REFERENCE =
  /"(reference|valueReference|url|fullUrl)": "([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?)"/g;
const KEY = /^( *)"([^"\\]+)":/gm;

/** Long pages would keep a browser busy with links nobody follows. */
const LINKED_UP_TO = 2_000_000;

export interface PageFacts {
  base: string;
  status: number;
  /** the query of the request, as it was sent */
  search: string;
}

export function writePage(json: string, { base, status, search }: PageFacts): string {
  const plain = escapeText(json);
  const content = plain.length > LINKED_UP_TO ? plain : withLinks(plain, base);
  const same = search.split('&').filter((part) => part !== '' && !part.startsWith('_format='));
  const as = (format: string): string => attribute(`?${[...same, `_format=${format}`].join('&')}`);
  return `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>FHIR ${status}</title><style>${STYLE}</style></head>
<body><nav>HTTP ${status} <a href="${as('json')}">JSON</a><a href="${as('xml')}">XML</a><a href="${attribute(base)}/metadata">CapabilityStatement</a></nav>
<pre>${content}</pre></body></html>
`;
}

function withLinks(text: string, base: string): string {
  return text
    .replaceAll(URL_VALUE, '"<a href="$1">$1</a>"')
    .replaceAll(
      REFERENCE,
      (_, key, reference) => `"${key}": "<a href="${attribute(base)}/${reference}">${reference}</a>"`,
    )
    .replaceAll(KEY, '$1"<b>$2</b>":');
}
