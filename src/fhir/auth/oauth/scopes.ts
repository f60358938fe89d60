// Which of the scopes that a client asks for can be granted at all. What is left out here is not an error: the answer names what was
// granted. http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
import type { Definitions } from '../../definitions/definitions.ts';
import { isWorkingQuery } from '../access/criteria.ts';
import { type ClinicalScope, readClinicalScope } from '../access/scopes.ts';

/** Scopes that are words: OpenID Connect, and SMART's about the launch and about staying signed in. */
export const wordScopes = [
  'openid',
  'fhirUser',
  'profile',
  'email',
  'launch',
  'launch/patient',
  'launch/encounter',
  'offline_access',
  'online_access',
] as const;

const MOST_TRIED = 3;

const words: ReadonlySet<string> = new Set(wordScopes);

export const scopesIn = (text: unknown): string[] =>
  typeof text === 'string' ? [...new Set(text.split(' '))].filter((scope) => scope !== '') : [];

export interface ScopeRules {
  /** of those asked for by an app that people use */
  forPeople(asked: readonly string[], allowed: string | undefined): string[];
  /** of those asked for by a client that acts for itself: SMART Backend Services knows `system/` scopes only */
  forSystems(asked: readonly string[], allowed: string | undefined): string[];
  /** undefined as well where its search could never be met: it would look granted and give nothing */
  read(scope: string): ClinicalScope | undefined;
  /** of those granted, and those that say less than one that was */
  within(granted: readonly string[], asked: Iterable<string>): string[];
}

export function createScopeRules(definitions: Definitions): ScopeRules {
  function read(text: string): ClinicalScope | undefined {
    const scope = readClinicalScope(text, definitions);
    if (scope?.query === undefined) return scope;
    const types = scope.type === '*' ? typesThatKnow(scope.query) : [scope.type];
    return types.some((type) => isWorkingQuery(scope.query!, type, definitions)) ? scope : undefined;
  }

  /** Anybody may send hundreds of them, so not all types are tried. */
  function typesThatKnow(query: string): string[] {
    const names = query.split('&').map((part) => /^[^:.=]*/.exec(part)![0]);
    const knows = (type: string): boolean =>
      names.every((name) => name.startsWith('_') || definitions.searchParameters(type).has(name));
    return definitions.resourceTypes.filter(knows).slice(0, MOST_TRIED);
  }

  /** what a client was registered for: absent, everything */
  function within(allowed: string | undefined): (scope: string) => boolean {
    if (allowed === undefined) return () => true;
    const list = scopesIn(allowed);
    const clinical = list.flatMap((scope) => read(scope) ?? []);
    return (scope) => {
      if (list.includes(scope)) return true;
      const asked = read(scope);
      return asked !== undefined && coveredBy(clinical, asked);
    };
  }

  return {
    read,
    within: (granted, asked) => [...asked].filter(within(granted.join(' '))),
    forPeople(asked, allowed) {
      const isAllowed = within(allowed);
      return asked.filter((scope) => {
        if (!words.has(scope)) {
          const clinical = read(scope);
          if (clinical === undefined || clinical.context === 'system') return false;
        }
        return isAllowed(scope);
      });
    },
    forSystems(asked, allowed = '') {
      const isAllowed = within(allowed);
      return asked.filter((scope) => read(scope)?.context === 'system' && isAllowed(scope));
    },
  };
}

/** `patient/*.rs` covers `patient/Observation.r?category=laboratory`; each letter may be another one's. */
export const coveredBy = (wide: readonly ClinicalScope[], narrow: ClinicalScope): boolean =>
  [...narrow.may].every((letter) =>
    wide.some(
      ({ context, type, may, query }) =>
        context === narrow.context &&
        (type === '*' || type === narrow.type) &&
        may.has(letter) &&
        (query === undefined || isPartOf(query, narrow.query)),
    ),
  );

/** Every further parameter chooses less. */
function isPartOf(query: string, of = ''): boolean {
  const parts = new Set(of.split('&'));
  return query.split('&').every((part) => parts.has(part));
}

/** The same scope without creating, changing and deleting; undefined where it allows nothing else. In the version it is written in. */
export function readingOnly({ context, type, may, query, text }: ClinicalScope): string | undefined {
  const letters = [...'rs'].filter((letter) => may.has(letter as 'r' | 's')).join('');
  if (letters === '') return undefined;
  if (letters.length === may.size) return text;
  const isVersion1 = /\.(?:read|write|\*)$/.test(text);
  return `${context}/${type}.${isVersion1 ? 'read' : letters}${query === undefined ? '' : `?${query}`}`;
}
