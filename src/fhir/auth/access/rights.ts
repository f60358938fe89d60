// What one caller may do, worked out from its roles and the scopes of its token: once for a token, type by type as it is asked.

import { compartmentPredicate } from '../../interactions/search-compartment.ts';
import { everything, nothing, type Predicate } from '../../model/predicate.ts';
import { parametersOf } from '../../search/index.ts';
import type { Caller } from '../caller.ts';
import { isAppState } from './app-state.ts';
import { type CriteriaContext, criteriaPredicate, type Variables, VISIBLE } from './criteria.ts';
import { createDenied, type DeniedDeps } from './denied.ts';
import { type Hidden, hiddenBy } from './hidden.ts';
import { CLEARANCES, type Clearance, CONFIDENTIALITY } from './labels.ts';
import { type Ownership, ownedBy } from './owners.ts';
import { type Grant, type Letter, type Policy, type TypeGroups, typesOf } from './policy.ts';
import { allOf, anyOf, linkedTo, not } from './predicates.ts';
import { NO_REACH, type Reach, reachOf, type Way } from './reach.ts';
import { type ClinicalScope, readClinicalScope } from './scopes.ts';
import { ownReferences, placeVariable } from './variables.ts';

/** A policy as it is used: its grants by type. */
export interface PolicyInForce {
  policy: Policy;
  grantsOf(type: string): readonly Grant[];
}

/** A policy as one caller has it: `doctor@h1` is a doctor there only, whatever other organisations the token names. */
export interface HeldPolicy extends PolicyInForce {
  place?: string;
}

export function putInForce(
  policy: Policy,
  context: { definitions: CriteriaContext['definitions']; groups: TypeGroups },
): PolicyInForce {
  const byType = new Map<string, Grant[]>();
  for (const grant of policy.grants) {
    for (const type of new Set(typesOf(grant.types, context))) byType.set(type, [...(byType.get(type) ?? []), grant]);
  }
  return { policy, grantsOf: (type) => byType.get(type) ?? NO_GRANTS };
}

const NO_GRANTS: readonly Grant[] = [];

export interface RightsDeps {
  ownership: Ownership;
  /** whose patients doctors see: their organisation's, or those in their care */
  doctorsSee: 'organization' | 'care';
  criteria: CriteriaContext;
  /** as `criteria`, for what a scope asks of terminology */
  planScope: (plan: (context: CriteriaContext) => Predicate) => Promise<Predicate>;
  variables: () => Variables | Promise<Variables>;
  consents: DeniedDeps['consents'];
  record: DeniedDeps['record'];
}

export interface Rights {
  readonly caller: Caller;
  readonly policies: readonly Policy[];
  /** the interaction on some resource of the type, at least */
  may(type: string, letter: Letter): boolean;
  /** the interaction on all types: roles and scopes must say `*` */
  mayOnAll(letter: Exclude<Letter, 'h'>): boolean;
  /**
   * History of one resource, or of all of a type, or of anything. The latter would be walked in vain for who sees a part by criteria: it is for
   * those who see everything, or everything of their organisations.
   */
  mayHistory(level: 'instance' | 'type' | 'system', type?: string): boolean;
  /** whether roles list the operation; what it needs besides is asked with `may` */
  mayRun(code: string, type: string | undefined): boolean;
  readonly mayExplain: boolean;
  /** whether elements of anything are hidden; from most callers nothing is */
  readonly hidesAnything: boolean;
  /** which resources of the type */
  reach(type: string, letter: Letter): Reach | Promise<Reach>;
  /** the organisations the caller acts for, with all that are part of them */
  organizations(): Promise<readonly string[]>;
  /** `Patient/1`: those in whose name the caller writes */
  ownReferences(): Promise<readonly string[]>;
  /** the patients that the caller's roles let it see, whatever its scopes: an app may write about one without reading the Patient */
  patientsByRole(): Promise<Reach>;
  /** what of the type belongs where the caller may make this change, whether it is shown to the caller or not */
  usable(type: string, change: { of: string; letter: 'c' | 'u' }): Promise<Reach>;
}

export function createRights(caller: Caller, inForce: readonly HeldPolicy[], deps: RightsDeps): Rights {
  const { criteria, ownership } = deps;
  const { definitions } = criteria;
  const policies = inForce.map(({ policy }) => policy);
  const scopes = caller.scopes?.flatMap((text) => {
    const scope = readClinicalScope(text, definitions);
    return scope && (scope.context !== 'system' || caller.kind === 'client') ? [scope] : [];
  });
  const patient = caller.patient ?? (caller.fhirUser?.type === 'Patient' ? caller.fhirUser.id : undefined);
  const operations = new Set(policies.flatMap((policy) => policy.operations));
  const allowed = new Map<string, boolean>();
  const reaches = new Map<string, Reach | Promise<Reach>>();
  let variables: Variables | Promise<Variables> | undefined;

  function variablesOnce(): Variables | Promise<Variables> {
    variables ??= deps.variables();
    return variables;
  }

  const scopesFor = (type: string, letters: readonly Letter[]): readonly ClinicalScope[] | undefined =>
    scopes?.filter(
      (scope) =>
        (scope.type === '*' || scope.type === type) &&
        letters.some((letter) => scope.may.has(letter as Exclude<Letter, 'h'>)) &&
        (scope.context !== 'patient' || patient !== undefined),
    );

  const seesAllHistory = (grant: Grant): boolean =>
    grant.may.includes('h') && criteriaInForce(grant, deps.doctorsSee) === undefined;
  /** In an emergency nobody has taken the patient into care yet. */
  const criteriaOf = (grant: Grant, policy: Policy): readonly string[] | undefined =>
    criteriaInForce(grant, breaksGlass(policy) ? 'organization' : deps.doctorsSee);

  const isGranted = (type: string, letter: Letter): boolean =>
    inForce.some(({ grantsOf }) => grantsOf(type).some(({ may }) => may.includes(letter)));

  /** History of one resource is reading, of many searching: SMART has no letter of its own for it. */
  const scopeLetters = (letter: Letter): readonly Letter[] => (letter === 'h' ? ['r', 's'] : [letter]);

  function may(type: string, letter: Letter): boolean {
    const key = `${type} ${letter}`;
    let is = allowed.get(key);
    if (is === undefined) {
      is = isGranted(type, letter) && (scopesFor(type, scopeLetters(letter))?.length ?? 1) > 0;
      allowed.set(key, is);
    }
    return is;
  }

  const hides = new WeakMap<Grant, Map<string, Hidden | undefined>>();
  function hiddenOf(grant: Grant, type: string): Hidden | undefined {
    const known = hides.get(grant) ?? new Map<string, Hidden | undefined>();
    hides.set(grant, known);
    if (!known.has(type)) known.set(type, hiddenBy(grant, type, definitions));
    return known.get(type);
  }

  async function reachFor(type: string, letter: Letter): Promise<Reach> {
    return may(type, letter) ? reachBy(type, letter, await scopePredicate(type, letter)) : NO_REACH;
  }

  async function reachBy(type: string, letter: Letter, scope: (grant: Grant) => Predicate): Promise<Reach> {
    const known = await variablesOnce();
    // whoever uses the app: an administrator's one does not see what others keep
    const ofApp = isAppState(type, caller) ? criteriaPredicate('?code={app-state}', type, known, criteria) : everything;
    const ways: Way[] = [];
    for (const { policy, grantsOf, place } of inForce) {
      const owner = ownerPredicate(type, known, { policy, place, letter });
      const label = labelPredicate(type, policy);
      for (const grant of grantsOf(type)) {
        if (!grant.may.includes(letter)) continue;
        const where = allOf([
          owner,
          await grantPredicate(grant, { type, policy }, known),
          scope(grant),
          ofApp,
          label,
          consentPredicate(type, known, { policy, grant, letter }),
        ]);
        const hidden = hiddenOf(grant, type);
        ways.push({ where, ...(hidden && { hidden }), ...(grant.writes && { writes: grant.writes }) });
      }
    }
    return reachOf(ways);
  }

  async function grantPredicate(
    grant: Grant,
    { type, policy }: { type: string; policy: Policy },
    known: Variables,
  ): Promise<Predicate> {
    const alternatives = criteriaOf(grant, policy);
    if (!alternatives) return everything;
    const parts = alternatives.map((text) =>
      text.startsWith(VISIBLE)
        ? whatRefersToVisible(type, text.slice(VISIBLE.length))
        : criteriaPredicate(text, type, known, criteria),
    );
    return anyOf(await Promise.all(parts));
  }

  /** What refers by this parameter to something that can be read. */
  async function whatRefersToVisible(type: string, code: string): Promise<Predicate> {
    const { targets = [], sources = [] } = parametersOf(definitions, type).byCode.get(code) ?? {};
    const readable = targets.filter((target) => target !== type && may(target, 'r'));
    const reached = await Promise.all(
      readable.map(async (target) => [target, (await reach(target, 'r')).where] as const),
    );
    return linkedTo(
      sources.map((source) => source.code),
      reached,
    );
  }

  async function scopePredicate(type: string, letter: Letter): Promise<(grant: Grant) => Predicate> {
    const some = scopesFor(type, scopeLetters(letter));
    if (some === undefined) return () => everything;
    const parts = await Promise.all(
      some.map(async ({ context, query }) => {
        const searched =
          query === undefined
            ? everything
            : await deps
                .planScope((given) => criteriaPredicate(`?${query}`, type, NO_VARIABLES, given))
                .catch(() => nothing);
        return { searched, isOfPatient: context === 'patient' };
      }),
    );
    return (grant) => {
      const ofPatient = isByReference(grant) ? everything : patientPredicate(type);
      return anyOf(parts.map(({ searched, isOfPatient }) => (isOfPatient ? allOf([ofPatient, searched]) : searched)));
    };
  }

  /** What a `patient/` scope means: the compartment, and of what is in none, what speaks of the patient or of nobody. */
  function patientPredicate(type: string): Predicate {
    // such a scope counts only where there is a patient
    return ofPatient(type, patient!) ?? (ownership.sharingOf(type) === 'owned' ? nothing : everything);
  }

  /** What is in a patient's record; undefined where the type is in nobody's. */
  function ofPatient(type: string, id: string): Predicate | undefined {
    if (definitions.compartments.get('Patient')?.members.get(type)?.length)
      return compartmentPredicate(definitions, 'Patient', id, type);
    if (!parametersOf(definitions, type).byCode.has('patient')) return undefined;
    return criteriaPredicate(`?patient=Patient/${id}`, type, NO_VARIABLES, criteria);
  }

  function ownerPredicate(
    type: string,
    known: Variables,
    { policy, place, letter }: { policy: Policy; place: string | undefined; letter: Letter },
  ): Predicate {
    const sharing = ownership.sharingOf(type);
    const isBound = place !== undefined || (caller.organizations.length > 0 && !policy.isPersonal);
    if (!isBound || sharing === 'shared') return everything;
    const organizations = known.get(place === undefined ? 'organizations' : placeVariable(place)) ?? [];
    if (!CHANGING.has(letter)) return ownedBy(sharing, organizations, type, criteria);
    // what is nobody's is seen by all hospitals, and so changed by none; an organisation is its own, whoever wrote it down
    const owned = ownedBy('owned', organizations, type, criteria);
    return type === 'Organization' ? anyOf([owned, { op: 'ids', ids: [...organizations] }]) : owned;
  }

  async function usable(type: string, { of, letter }: { of: string; letter: 'c' | 'u' }): Promise<Reach> {
    const known = await variablesOnce();
    const allowing = inForce.filter(({ grantsOf }) => grantsOf(of).some(({ may }) => may.includes(letter)));
    return reachOf(
      allowing.map(({ policy, place }) => ({
        // every hospital may use what is nobody's, but be part of no other one
        where: ownerPredicate(type, known, { policy, place, letter: type === 'Organization' ? 'u' : 'r' }),
      })),
    );
  }

  let patientsOfRole: Promise<Reach> | undefined;
  async function patientsByRole(): Promise<Reach> {
    if (scopes === undefined) return reach('Patient', 'r');
    patientsOfRole ??= reachBy('Patient', 'r', () => everything);
    return patientsOfRole.catch((error: unknown) => {
      patientsOfRole = undefined;
      throw error;
    });
  }

  const breaksGlass = ({ breaksGlass: may }: Policy): boolean => caller.breakGlass !== undefined && may === true;

  const denied = createDenied(caller, { consents: deps.consents, record: deps.record, ofPatient, criteria });
  /** What patients want of who may see it by this policy. */
  function consentPredicate(
    type: string,
    known: Variables,
    { policy, grant, letter }: { policy: Policy; grant: Grant; letter: Letter },
  ): Predicate {
    if (letter === 'c' || breaksGlass(policy)) return everything;
    if (!policy.ignoresConsents) {
      const ofWhole = isByReference(grant) ? nothing : denied.ofWhole(type, known);
      return allOf([not(denied.of(type, known)), not(ofWhole)]);
    }
    const isChange = type === 'Consent' && CHANGING.has(letter);
    return not(anyOf([denied.ofCarer(type, known), isChange ? denied.notCarers(known) : nothing]));
  }

  function labelPredicate(type: string, policy: Policy): Predicate {
    const cleared: Clearance = breaksGlass(policy) ? 'V' : (policy.clearance ?? 'N');
    const beyond = CLEARANCES.slice(CLEARANCES.indexOf(cleared) + 1);
    if (beyond.length === 0) return everything;
    const labels = beyond.map((code) => `${CONFIDENTIALITY}|${code}`).join(',');
    return criteriaPredicate(`?_security:not=${labels}`, type, NO_VARIABLES, criteria);
  }

  function reach(type: string, letter: Letter): Reach | Promise<Reach> {
    const key = `${type} ${letter}`;
    const known = reaches.get(key);
    if (known) return known;
    const made = reachFor(type, letter).then(
      (found) => {
        reaches.set(key, found);
        return found;
      },
      (error: unknown) => {
        reaches.delete(key);
        throw error;
      },
    );
    reaches.set(key, made);
    return made;
  }

  return {
    caller,
    policies,
    may,
    mayOnAll: (letter) =>
      policies.some(({ grants }) =>
        grants.some(({ types, may: letters }) => types.includes('*') && letters.includes(letter)),
      ) &&
      (scopes?.some((scope) => scope.type === '*' && scope.may.has(letter)) ?? true),
    mayHistory(level, type) {
      if (type === undefined) return policies.some(({ grants }) => grants.some(seesAllHistory));
      if (!may(type, 'h')) return false;
      if ((scopesFor(type, [level === 'instance' ? 'r' : 's'])?.length ?? 1) === 0) return false;
      return level === 'instance' || inForce.some(({ grantsOf }) => grantsOf(type).some(seesAllHistory));
    },
    mayRun: (code, type) =>
      operations.has('*') || operations.has(`$${code}`) || (type !== undefined && operations.has(`${type}/$${code}`)),
    mayExplain: policies.some(({ explains }) => explains === true),
    hidesAnything: policies.some(({ grants }) =>
      grants.some(({ hide, show }) => hide !== undefined || show !== undefined),
    ),
    reach,
    usable,
    patientsByRole,
    async ownReferences() {
      return ownReferences(await variablesOnce());
    },
    async organizations() {
      return (await variablesOnce()).get('organizations') ?? [];
    },
  };
}

/** undefined: all of them */
export const criteriaInForce = (
  { where, whereInCare }: Grant,
  doctorsSee: RightsDeps['doctorsSee'],
): readonly string[] | undefined => (doctorsSee === 'care' && whereInCare ? whereInCare : where);

/** It gives what belongs to something that is seen. */
const isByReference = ({ where = [] }: Grant): boolean =>
  where.length > 0 && where.every((text) => text.startsWith(VISIBLE));

const NO_VARIABLES: Variables = new Map();
const CHANGING: ReadonlySet<Letter> = new Set(['u', 'd']);
