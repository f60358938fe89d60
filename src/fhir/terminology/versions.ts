// Which version of a code system is meant. https://hl7.org/fhir/R4/valueset-operation-expand.html and https://hl7.org/fhir/R4/references.html#canonical
import { FhirError } from '../model/errors.ts';

export interface VersionRules {
  /** `url|version`: where a value set does not say */
  systemVersion?: readonly string[];
  /** `url|version`: where it does not say; saying another one is an error */
  checkSystemVersion?: readonly string[];
  /** `url|version`: whatever it says */
  forceSystemVersion?: readonly string[];
}

/** An expression has bars and hashes of its own, and its version is that of the edition. */
const OF_EXPRESSION = /^http:\/\/snomed\.info\/sct[^?]*\?fhir_vs=ecl\//;

export function readCanonical(canonical: string): { url: string; version?: string } {
  if (OF_EXPRESSION.test(canonical)) return { url: canonical };
  const [withoutFragment = ''] = canonical.split('#');
  const bar = withoutFragment.indexOf('|');
  if (bar === -1) return { url: withoutFragment };
  const version = withoutFragment.slice(bar + 1);
  return { url: withoutFragment.slice(0, bar), ...(version !== '' && { version }) };
}

/** The URL as a uri may be written: without white space. */
export const encodeExpression = (url: string): string =>
  OF_EXPRESSION.test(url) && /\s/.test(url) ? url.replace(/[\s%]/g, encodeURIComponent) : url;

export const canonicalOf = ({ url, version }: { url: string; version?: string }): string =>
  version === undefined ? url : `${url}|${version}`;

export function wantedVersion(system: string, said: string | undefined, rules: VersionRules): string | undefined {
  const of = (canonicals: readonly string[] = []): string | undefined =>
    canonicals.map(readCanonical).find(({ url }) => url === system)?.version;
  const forced = of(rules.forceSystemVersion);
  if (forced !== undefined) return forced;
  const checked = of(rules.checkSystemVersion);
  if (checked !== undefined && said !== undefined && !isVersion(said, checked) && !isVersion(checked, said)) {
    throw new FhirError('business-rule', `The value set takes version ${said} of ${system}, not ${checked}`);
  }
  return said ?? checked ?? of(rules.systemVersion);
}

/** `8` and `8.1` name 8.1.0; SNOMED CT's `[edition]` names every `[edition]/version/[date]`. */
export function isVersion(actual: string | undefined, wanted: string): boolean {
  if (actual === undefined) return false;
  return actual === wanted || actual.startsWith(`${wanted}.`) || actual.startsWith(`${wanted}/`);
}

/** Definitions of a later day say nothing about that one. https://hl7.org/fhir/R4/valueset-operation-expand.html, parameter `date` */
export const wasThere = (date: unknown, day: string | undefined): boolean =>
  day === undefined || typeof date !== 'string' || date.slice(0, day.length) <= day.slice(0, date.length);
