// References between the entries of a transaction, found once and rewritten in place as often as the transaction is tried.
// https://hl7.org/fhir/R4/http.html#trules: "references … elements of type uri, url, oid, uuid, and <a href> & <img src> in the narrative"
import type { Definitions } from '../definitions/definitions.ts';
import type { Resource } from '../model/resource.ts';

/** One text that refers to something by an address which may change. */
interface Site {
  parent: Record<string, unknown>;
  key: string;
  /** as the client wrote it; the tree holds the resolved text after the first try */
  written: string;
  isNarrative: boolean;
}

export interface ConditionalReference {
  /** `Practitioner?identifier=…` */
  text: string;
  parent: Record<string, unknown>;
  entry: number;
  expression: string;
}

export interface Links {
  conditional: readonly ConditionalReference[];
  /** writes the present address of every entry; `addressOf` gives `Patient/123` for a fullUrl */
  rewrite(addressOf: ReadonlyMap<string, string>): void;
}

/** An http address in these is an identity of its own (StructureDefinition.url, Extension.url), so only a urn: is a link. */
const IDENTIFYING = new Set(['uri', 'oid', 'uuid', 'canonical']);
const CONDITIONAL = /^[A-Z][A-Za-z]+\?/;
const IN_NARRATIVE = /(\s(?:href|src)\s*=\s*)("[^"]*"|'[^']*')/g;

export interface LinkedEntry {
  index: number;
  resource: Resource;
  fullUrl?: string;
}

/** `known`: the fullUrls of the Bundle. Everything else that looks like an address is left as it is. */
export function findLinks(
  entries: readonly LinkedEntry[],
  known: ReadonlySet<string>,
  definitions: Definitions,
): Links {
  const sites: Site[] = [];
  const conditional: ConditionalReference[] = [];
  for (const entry of entries) walk(entry, known, definitions, { sites, conditional });
  return {
    conditional,
    rewrite(addressOf) {
      for (const { parent, key, written, isNarrative } of sites) {
        parent[key] = isNarrative ? inNarrative(written, addressOf) : resolved(written, addressOf);
      }
    },
  };
}

function walk(
  { index, resource, fullUrl }: LinkedEntry,
  known: ReadonlySet<string>,
  definitions: Definitions,
  found: { sites: Site[]; conditional: ConditionalReference[] },
): void {
  const root = rootOf(fullUrl);
  // the way from the resource to the text in hand: names and array positions
  const path: (string | number)[] = [];

  const visitText = (text: string, key: string, parent: Record<string, unknown>): void => {
    if (key === 'reference') {
      const [address] = text.split('#', 1) as [string];
      if (known.has(address)) found.sites.push({ parent, key, written: text, isNarrative: false });
      else if (root !== undefined && known.has(root + address)) {
        found.sites.push({ parent, key, written: root + text, isNarrative: false });
      } else if (CONDITIONAL.test(text)) {
        found.conditional.push({ text, parent, entry: index, expression: expressionOf(index, path) });
      }
    } else if (key === 'div') {
      if (mentionsOne(text, known)) found.sites.push({ parent, key, written: text, isNarrative: true });
    } else if (known.has(text) && isLink(text, typeAt(resource, path, definitions))) {
      found.sites.push({ parent, key, written: text, isNarrative: false });
    }
  };

  const visit = (node: Record<string, unknown>): void => {
    for (const key in node) {
      const value = node[key];
      if (typeof value === 'string') {
        // a colon for urn: and http:, a slash or a question mark in a relative reference
        if (value.length < 5 || (key !== 'reference' && key !== 'div' && !value.includes(':'))) continue;
        path.push(key);
        visitText(value, key, node);
        path.pop();
      } else if (typeof value === 'object' && value !== null) {
        path.push(key);
        visit(value as Record<string, unknown>);
        path.pop();
      }
    }
  };
  visit(resource);
}

const isLink = (text: string, type: string | undefined): boolean =>
  type === 'url' || (type !== undefined && IDENTIFYING.has(type) && text.startsWith('urn:'));

/** `http://example.org/fhir/` of `http://example.org/fhir/Patient/1`: what relative references of that entry are relative to. */
const rootOf = (fullUrl: string | undefined): string | undefined =>
  fullUrl === undefined ? undefined : /^(https?:\/\/.+\/)[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.exec(fullUrl)?.[1];

/** A fragment after `#` stays. */
function resolved(written: string, addressOf: ReadonlyMap<string, string>): string {
  const whole = addressOf.get(written);
  if (whole !== undefined) return whole;
  const hash = written.indexOf('#');
  const address = hash === -1 ? undefined : addressOf.get(written.slice(0, hash));
  return address === undefined ? written : address + written.slice(hash);
}

const inNarrative = (div: string, addressOf: ReadonlyMap<string, string>): string =>
  div.replace(IN_NARRATIVE, (_, before: string, quoted: string) => {
    const quote = quoted[0]!;
    return `${before}${quote}${resolved(quoted.slice(1, -1), addressOf)}${quote}`;
  });

function mentionsOne(div: string, known: ReadonlySet<string>): boolean {
  if (!div.includes('href') && !div.includes('src')) return false;
  for (const [, , quoted] of div.matchAll(IN_NARRATIVE)) {
    const [address] = quoted!.slice(1, -1).split('#', 1) as [string];
    if (known.has(address)) return true;
  }
  return false;
}

const expressionOf = (index: number, path: readonly (string | number)[]): string => {
  const steps = path.map((step) => (/^\d+$/.test(String(step)) ? `[${step}]` : `.${step}`));
  return `Bundle.entry[${index}].resource${steps.join('')}`;
};

/** The FHIR type of the element at `path`; contained resources begin anew. Only asked where a text equals an address of the Bundle. */
function typeAt(resource: Resource, path: readonly (string | number)[], definitions: Definitions): string | undefined {
  let node: unknown = resource;
  let type: string | undefined = resource.resourceType;
  for (const step of path) {
    const isIndex = Array.isArray(node);
    node = (node as Record<string | number, unknown>)[step];
    if (!isIndex) type = definitions.type(type ?? '')?.elements.get(String(step))?.type;
    const named = (node as Partial<Resource> | undefined)?.resourceType;
    if (typeof named === 'string') type = named;
  }
  return type;
}
