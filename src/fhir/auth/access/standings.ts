// Whether who asks is an actor of a consent: surely, perhaps, or not. Where that cannot be told nobody is left out of what is denied, and nobody let
// in. Pure. https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.actor.reference
import type { CareTeam, Group, HealthcareService, PractitionerRole, Reference } from 'fhir/r4.js';
import { localName, type Name, nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import type { CriteriaContext } from './criteria.ts';
import { isNow } from './periods.ts';

/** How sure it is that somebody is meant; the surest of several is the largest. */
export const NO = 0;
export const MAYBE = 1;
export const YES = 2;
export type Standing = typeof NO | typeof MAYBE | typeof YES;

export const surest = (standings: readonly Standing[]): Standing => Math.max(NO, ...standings) as Standing;
export const leastSure = (standings: readonly Standing[]): Standing => Math.min(YES, ...standings) as Standing;

/** Who asks, as far as it may be named. */
export interface Asker {
  /** `Practitioner/1`; a program is nobody */
  user: string | undefined;
  /** the caller's, with all that are part of them and all that they are part of; undefined where it is bound to none */
  organizations: ReadonlySet<string> | undefined;
}

/** What is needed to tell who somebody is, as it is now. */
export interface Parties {
  /** the resources that are meant: one that is named, or all that have the identifier */
  named(reference: Reference | undefined, context: CriteriaContext): readonly Name[];
  /** what consists of others, by its name; undefined where it is not here */
  resource(name: string): Resource | undefined;
  /** the PractitionerRoles for a service, by its name */
  staffOf(service: string): readonly Reference[];
}

/** Who asks, of whom, and when. */
export interface Asked {
  asker: Asker;
  parties: Parties;
  context: CriteriaContext;
}

/** `within`: what this one is a part of; whoever is in a circle is not in it by that */
export function standing(reference: Reference | undefined, asked: Asked, within: readonly string[] = []): Standing {
  const names = asked.parties.named(reference, asked.context);
  if (names.length === 0) return MAYBE;
  const standings = names.map((name) => ofOne(name, asked, within));
  return names.length === 1 ? standings[0]! : notSure(surest(standings));
}

function ofOne(name: Name, asked: Asked, within: readonly string[]): Standing {
  const { type } = name;
  const { asker, parties, context } = asked;
  const text = nameOf(name);
  if (PEOPLE.has(type)) return asker.user === text ? YES : NO;
  if (type === 'Organization')
    return asker.organizations === undefined ? MAYBE : asker.organizations.has(text) ? YES : NO;
  if (type === 'Device') return asker.user === undefined ? MAYBE : NO;
  if (within.includes(text)) return NO;
  const resource = parties.resource(text) as unknown;
  const inner = [...within, text];
  const of = (reference: Reference | undefined): Standing => standing(reference, asked, inner);
  const anyOf = (references: readonly (Reference | undefined)[]): Standing =>
    references.length === 0 ? MAYBE : surest(references.map(of));
  if (resource === undefined) return MAYBE;
  switch (type) {
    case 'PractitionerRole': {
      const role = resource as PractitionerRole;
      const isAt = role.organization === undefined || asker.organizations === undefined ? YES : of(role.organization);
      const both = leastSure([role.practitioner === undefined ? MAYBE : of(role.practitioner), isAt]);
      return role.active !== false && isNow(role.period, context) ? both : notSure(both);
    }
    case 'CareTeam': {
      const team = resource as CareTeam;
      const { participant = [] } = team;
      const now = participant.filter(({ period }) => isNow(period, context)).map(({ member }) => member);
      const isWorking = team.status === 'active' && isNow(team.period, context);
      return isWorking && anyOf(now) === YES ? YES : notSure(anyOf(participant.map(({ member }) => member)));
    }
    case 'Group': {
      const group = resource as Group;
      const { member = [] } = group;
      if (!group.actual) return MAYBE;
      const now = member.filter(({ inactive, period }) => !inactive && isNow(period, context));
      const isIn = group.active !== false && anyOf(now.map(({ entity }) => entity)) === YES;
      return isIn ? YES : notSure(anyOf(member.map(({ entity }) => entity)));
    }
    case 'HealthcareService': {
      const { providedBy, active } = resource as HealthcareService;
      const ofStaff = surest(parties.staffOf(text).map(of));
      const ofProvider = notSure(providedBy === undefined ? MAYBE : of(providedBy));
      return active === false ? notSure(surest([ofStaff, ofProvider])) : surest([ofStaff, ofProvider]);
    }
    default:
      return MAYBE;
  }
}

const PEOPLE: ReadonlySet<string> = new Set(['Practitioner', 'Patient', 'RelatedPerson', 'Person']);

const notSure = (standing: Standing): Standing => leastSure([standing, MAYBE]);

/** A resource of ours, by its address here or below the base, whichever version of it was meant. */
export const nameIn = ({ reference = '' }: Reference = {}, { settings, ownBase }: CriteriaContext): Name | undefined =>
  localName(reference, settings.baseUrl ?? ownBase);
