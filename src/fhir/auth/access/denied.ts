// What patients deny to one caller by their consents, type by type. What a consent means is in provisions.ts.
import { nothing, type Predicate } from '../../model/predicate.ts';
import { parametersOf } from '../../search/index.ts';
import type { Caller } from '../caller.ts';
import type { Consents } from './consents.ts';
import type { CriteriaContext, Variables } from './criteria.ts';
import { anyOf, linkedTo } from './predicates.ts';
import { deniedBy, rootOf, speaksOf } from './provisions.ts';
import { ABOVE } from './variables.ts';

export interface DeniedDeps {
  consents: Pick<Consents, 'denials' | 'of' | 'parties'>;
  /** types that a consent means which names none */
  record: ReadonlySet<string>;
  /** what is in a patient's record; undefined where the type is in nobody's */
  ofPatient: (type: string, id: string) => Predicate | undefined;
  criteria: CriteriaContext;
}

export interface Denied {
  of(type: string, known: Variables): Predicate;
  /** what is only a part of something that is denied: a scan of its letter, a document of its composition */
  ofWhole(type: string, known: Variables): Predicate;
  /** Of those the caller cares for: it sees what they see, but for what they deny to it by more than by everybody. */
  ofCarer(type: string, known: Variables): Predicate;
  /** consents that are not the caller's to change: they deny it something, or permit it some of what is denied */
  notCarers(known: Variables): Predicate;
}

/** Which parameter says of what a resource is a part, for types that are in no patient's record by themselves. */
const WHOLE: Readonly<Record<string, string>> = { Binary: 'security-context', Bundle: 'composition' };

export function createDenied(caller: Caller, { consents, record, ofPatient, criteria }: DeniedDeps): Denied {
  const { fhirUser, organizations } = caller;
  const { parties } = consents;
  const user = fhirUser && `${fhirUser.type}/${fhirUser.id}`;
  const ofPatients = (type: string, ids: readonly string[]): Predicate =>
    anyOf(ids.map((id) => ofPatient(type, id) ?? nothing));

  const found = new Map<string, Predicate>();
  function of(type: string, known: Variables): Predicate {
    const denied = found.get(type) ?? deniedBy(consents.denials(), type, askingAs(known), criteria);
    found.set(type, denied);
    return denied;
  }

  function askingAs(known: Variables) {
    const places = ['organizations', ABOVE].flatMap((name) => known.get(name) ?? []);
    const bound = organizations.length === 0 ? undefined : new Set(places.map((id) => `Organization/${id}`));
    return { asker: { user, organizations: bound }, parties, record, ofPatients };
  }

  /** Who cares for somebody acts for no organisation, while others who are bound to none may act for any. */
  const caring = { asker: { user, organizations: new Set<string>() }, parties, record, ofPatients };
  const speaking = (known: Variables) =>
    (fhirUser?.type === 'RelatedPerson' ? (known.get('patients') ?? []) : []).flatMap((patient) =>
      consents.of(patient).flatMap((consent) => {
        const root = rootOf(consent);
        return speaksOf(root, caring, criteria) ? [{ id: consent.id!, denial: { root, patients: [patient] } }] : [];
      }),
    );

  function ofWhole(type: string, known: Variables): Predicate {
    const { targets = [], sources = [] } = parametersOf(criteria.definitions, type).byCode.get(WHOLE[type] ?? '') ?? {};
    return linkedTo(
      sources.map(({ code }) => code),
      targets.filter((target) => target !== type).map((target) => [target, of(target, known)]),
    );
  }

  return {
    of,
    ofWhole,
    ofCarer(type, known) {
      const denials = speaking(known).map(({ denial }) => denial);
      return denials.length === 0 ? nothing : deniedBy(denials, type, caring, criteria);
    },
    notCarers(known) {
      const ids = speaking(known).map(({ id }) => id);
      return ids.length === 0 ? nothing : { op: 'ids', ids };
    },
  };
}
