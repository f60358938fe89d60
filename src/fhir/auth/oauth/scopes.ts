// Which of the scopes that a client asks for can be granted at all. What is left out here is not an error: the answer names what was
// granted. http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html
import type { Definitions } from '../../definitions/definitions.ts';
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

const words: ReadonlySet<string> = new Set(wordScopes);

export const scopesIn = (text: unknown): string[] =>
  typeof text === 'string' ? [...new Set(text.split(' '))].filter((scope) => scope !== '') : [];

export interface ScopeRules {
  /** of those asked for by an app that people use */
  forPeople(asked: readonly string[], allowed: string | undefined): string[];
  /** of those asked for by a client that acts for itself: SMART Backend Services knows `system/` scopes only */
  forSystems(asked: readonly string[], allowed: string | undefined): string[];
  read(scope: string): ClinicalScope | undefined;
}

export function createScopeRules(definitions: Definitions): ScopeRules {
  const read = (scope: string): ClinicalScope | undefined => readClinicalScope(scope, definitions);

  /** what a client was registered for: absent, everything */
  function within(allowed: string | undefined): (scope: string) => boolean {
    if (allowed === undefined) return () => true;
    const list = scopesIn(allowed);
    const clinical = list.flatMap((scope) => read(scope) ?? []);
    return (scope) => {
      if (list.includes(scope)) return true;
      const asked = read(scope);
      return asked !== undefined && clinical.some((one) => covers(one, asked));
    };
  }

  return {
    read,
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

/** `patient/*.rs` covers `patient/Observation.r?category=laboratory` */
export function covers(wide: ClinicalScope, narrow: ClinicalScope): boolean {
  return (
    wide.context === narrow.context &&
    (wide.type === '*' || wide.type === narrow.type) &&
    [...narrow.may].every((letter) => wide.may.has(letter)) &&
    (wide.query === undefined || wide.query === narrow.query)
  );
}

/** The same scope without creating, changing and deleting; undefined where it allows nothing else. In the version it is written in. */
export function readingOnly({ context, type, may, query, text }: ClinicalScope): string | undefined {
  const letters = [...'rs'].filter((letter) => may.has(letter as 'r' | 's')).join('');
  if (letters === '') return undefined;
  if (letters.length === may.size) return text;
  const isVersion1 = /\.(?:read|write|\*)$/.test(text);
  return `${context}/${type}.${isVersion1 ? 'read' : letters}${query === undefined ? '' : `?${query}`}`;
}
