// What the provisions of a consent mean: conditions on the records of its patient, for one who asks. The deepest provision that speaks of the
// caller and of the resource decides, and of several as deep the one that denies. What cannot be judged denies, and permits nothing.
// https://hl7.org/fhir/R4/consent.html#6.2.5
import type { Coding, Consent, ConsentProvision, ConsentProvisionData } from 'fhir/r4.js';
import { everything, nothing, type Predicate } from '../../model/predicate.ts';
import { parametersOf, tokenValue } from '../../search/index.ts';
import { type CriteriaContext, planOnce } from './criteria.ts';
import { isNow } from './periods.ts';
import { allOf, anyOf, isNothing, not } from './predicates.ts';
import {
  type Asker,
  leastSure,
  MAYBE,
  NO,
  nameIn,
  type Parties,
  type Standing,
  standing,
  surest,
  YES,
} from './standings.ts';

type Verdict = 'deny' | 'permit';

/** Other scopes are about treatment, research and directives; one without a known scope may be about privacy. */
export const speaksOfPrivacy = ({ status, scope }: Consent): boolean => {
  const codes = (scope?.coding ?? []).flatMap(({ code }) => code ?? []);
  return status === 'active' && (codes.includes('patient-privacy') || !codes.some((code) => OTHER_SCOPES.has(code)));
};
const OTHER_SCOPES = new Set(['adr', 'research', 'treatment']);

/** What is said of the whole, by http://terminology.hl7.org/CodeSystem/v3-ActCode; undefined where that is told in other words. */
export function policyOf({ policyRule }: Consent): Verdict | undefined {
  const codes = (policyRule?.coding ?? []).flatMap(({ code }) => code ?? []);
  if (codes.some((code) => code.startsWith('OPTOUT'))) return 'deny';
  return codes.some((code) => code.startsWith('OPTIN')) ? 'permit' : undefined;
}

/** The specification wants the rule of the whole in `policyRule`; many write it into the provision, or an exception from that rule. */
export function rootOf(consent: Consent): ConsentProvision {
  const { provision = {} } = consent;
  const policy = policyOf(consent);
  if (policy === 'deny' && provision.type === 'permit') return { type: 'deny', provision: [provision] };
  return { ...provision, type: provision.type ?? policy ?? 'permit' };
}

export const denies = ({ type, provision = [] }: ConsentProvision): boolean =>
  type === 'deny' || provision.some(denies);

export interface Asking {
  asker: Asker;
  parties: Parties;
  /** of which types all is meant where a consent says none */
  record: ReadonlySet<string>;
  /** what is in a patient's record, of the type */
  ofPatients: (type: string, ids: readonly string[]) => Predicate;
}

/** What some patients want. */
export interface Denial {
  root: ConsentProvision;
  patients: readonly string[];
}

/** Many patients say the same: it is one denial, of all of them. */
export function joinAlike(denials: readonly Denial[]): Denial[] {
  const alike = new Map<string, { root: ConsentProvision; patients: string[] }>();
  for (const { root, patients } of denials) {
    if (patients.length === 0) continue;
    const key = JSON.stringify(root);
    const known = alike.get(key);
    if (known) known.patients.push(...patients);
    else alike.set(key, { root, patients: [...patients] });
  }
  return [...alike.values()];
}

/** What of the type is denied to who asks; `nothing` where nothing is. */
export function deniedBy(
  denials: readonly Denial[],
  type: string,
  asking: Asking,
  context: CriteriaContext,
): Predicate {
  return anyOf(
    denials.map(({ root, patients }) => {
      const denied = deniedWithin(root, type, asking, context);
      return isNothing(denied) ? nothing : allOf([asking.ofPatients(type, patients), denied]);
    }),
  );
}

/** Whether it speaks of who asks, at whatever time, by more than by everybody: who may be denied something, or is permitted something. */
export function speaksOf(
  { type, actor = [], provision = [] }: ConsentProvision,
  asking: Pick<Asking, 'asker' | 'parties'>,
  context: CriteriaContext,
): boolean {
  const named = surest(actor.map(({ reference }) => standing(reference, { ...asking, context })));
  if (named === YES || (named === MAYBE && type === 'deny')) return true;
  return (actor.length === 0 || named !== NO) && provision.some((inner) => speaksOf(inner, asking, context));
}

export const patientsOf = ({ patient }: Consent, parties: Parties, context: CriteriaContext): string[] =>
  parties.named(patient, context).flatMap(({ type, id }) => (type === 'Patient' ? id : []));

function deniedWithin(root: ConsentProvision, type: string, asking: Asking, context: CriteriaContext): Predicate {
  if (concerns(root, asking, context) === NO) return nothing;
  return allOf([dataOf(root, type, asking.record, context).possible, verdictOf(root, type, asking, context)]);
}

/**
 * Of what a provision speaks of, what it denies. Those within it are its exceptions: where it is sure that one is meant it stands in place of the
 * provision, else beside it.
 */
function verdictOf(node: ConsentProvision, type: string, asking: Asking, context: CriteriaContext): Predicate {
  const replaced: Predicate[] = [];
  const denied: Predicate[] = [];
  for (const inner of node.provision ?? []) {
    const concerned = concerns(inner, asking, context);
    if (concerned === NO) continue;
    const { sure, possible } = dataOf(inner, type, asking.record, context);
    if (concerned === YES) replaced.push(sure);
    denied.push(allOf([possible, verdictOf(inner, type, asking, context)]));
  }
  const left = node.type === 'deny' ? allOf([not(anyOf(replaced))]) : nothing;
  return anyOf([left, ...denied]);
}

/** Whether it speaks of the caller, of seeing things, for what people come here, and of now. */
function concerns(
  { actor = [], action = [], purpose = [], period }: ConsentProvision,
  { asker, parties }: Asking,
  context: CriteriaContext,
): Standing {
  if (!isNow(period, context)) return NO;
  const actors = actor.map(({ reference }) => standing(reference, { asker, parties, context }));
  const actions = action.map(({ coding = [] }) => codedAs(coding, ACTIONS));
  const purposes = purpose.map((coding) => codedAs([coding], PURPOSES));
  return leastSure([actors, actions, purposes].map((some) => (some.length === 0 ? YES : surest(some))));
}

interface Codes {
  system: string;
  standings: ReadonlyMap<string, Standing>;
}

/** Of a text without a code, and of codes of others, nobody can tell. */
export function codedAs(codings: readonly Coding[], { system, standings }: Codes): Standing {
  const known = codings.flatMap(({ system: of = system, code = '' }) =>
    of === system ? (standings.get(code) ?? []) : [],
  );
  return known.length === 0 ? MAYBE : surest(known);
}

const standings = (yes: string, no: string): ReadonlyMap<string, Standing> =>
  new Map([...yes.split(' ').map((code) => [code, YES] as const), ...no.split(' ').map((code) => [code, NO] as const)]);

export const ACTIONS: Codes = {
  system: 'http://terminology.hl7.org/CodeSystem/consentaction',
  standings: standings('access use disclose', 'collect correct'),
};

/** What people and programs come for here. Research, marketing and public health are no reason of theirs; of payment and the like it depends. */
export const PURPOSES: Codes = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  standings: standings(
    'TREAT CAREMGT COC COORDINATION TREATDS HOPERAT PATADMIN',
    'HMARKT HRESCH BIORCH CLINTRCH CLINTRCHNPC CLINTRCHPC PRECLINTRCH DSRCH POARCH TRANSRCH PUBHLTH DISASTER THREAT',
  ),
};

/** Which resources of the type a provision speaks of; what is possible counts where it denies, what is sure where it permits. */
interface Meant {
  sure: Predicate;
  possible: Predicate;
}

const exactly = (meant: Predicate): Meant => ({ sure: meant, possible: meant });
const NONE = exactly(nothing);

function dataOf(node: ConsentProvision, type: string, record: ReadonlySet<string>, context: CriteriaContext): Meant {
  const parts = [classesIn(node, type, record, context), codesIn(node, type, context), labelsIn(node, type, context)];
  parts.push(timesIn(node, type, context), instancesIn(node, type, context));
  return { sure: allOf(parts.map(({ sure }) => sure)), possible: allOf(parts.map(({ possible }) => possible)) };
}

/**
 * One that denies and names no types means those of `record`, as does one that names what is no type; but a label or a resource that is named is
 * meant wherever it is.
 */
function classesIn(
  { type: verdict, class: classes = [], securityLabel = [], data = [] }: ConsentProvision,
  type: string,
  record: ReadonlySet<string>,
  { definitions }: CriteriaContext,
): Meant {
  if (classes.length === 0) {
    const isOfRecord = verdict === 'deny' && data.length === 0 && tokensOf(securityLabel) === '';
    return isOfRecord && !record.has(type) ? NONE : exactly(everything);
  }
  if (classes.some(({ code }) => code === type)) return exactly(everything);
  const isOther = classes.every(({ code = '' }) => definitions.resourceTypes.includes(code));
  return { sure: nothing, possible: !isOther && record.has(type) ? everything : nothing };
}

/** Where a type says what its resources are about; the first that it has. */
const CODES = ['code', 'vaccine-code', 'type'];
/** Tokens that say something else of a resource than what it is about. */
const OTHER_TOKENS = new Set(['identifier', 'status', 'intent', 'language', 'active', 'gender', 'deceased']);

/** "If this code is found in an instance": it denies what has it anywhere, and permits what is about it. */
function codesIn({ code = [] }: ConsentProvision, type: string, context: CriteriaContext): Meant {
  if (code.length === 0) return exactly(everything);
  const value = tokensOf(code.flatMap(({ coding = [] }) => coding));
  // words are no code: nobody can tell what they are found in
  if (value === '') return { sure: nothing, possible: everything };
  const { byCode } = parametersOf(context.definitions, type);
  const planned = (name: string): Predicate => planOnce(type, [[name, value]], context);
  const main = CODES.find((one) => byCode.has(one));
  const all = [...byCode.values()].filter(
    (one) => one.type.type === 'token' && !one.code.startsWith('_') && !OTHER_TOKENS.has(one.code),
  );
  return { sure: main === undefined ? nothing : planned(main), possible: anyOf(all.map((one) => planned(one.code))) };
}

function labelsIn({ securityLabel = [] }: ConsentProvision, type: string, context: CriteriaContext): Meant {
  if (securityLabel.length === 0) return exactly(everything);
  const value = tokensOf(securityLabel);
  if (value === '') return { sure: nothing, possible: everything };
  return exactly(planOnce(type, [['_security', value]], context));
}

const tokensOf = (codings: readonly Coding[]): string =>
  codings.flatMap(({ system, code }) => (code === undefined ? [] : tokenValue(system, code))).join(',');

/** What has no date cannot be shown to be of the time that is permitted, nor what lies half in it; both may be of the time that is denied. */
function timesIn({ dataPeriod }: ConsentProvision, type: string, context: CriteriaContext): Meant {
  const { start, end } = dataPeriod ?? {};
  if (start === undefined && end === undefined) return exactly(everything);
  const { mainDate: date } = parametersOf(context.definitions, type);
  if (date === undefined) return { sure: nothing, possible: everything };
  const planned = (name: string, value: string): Predicate => planOnce(type, [[name, value]], context);
  const ends = [...(start === undefined ? [] : [`ge${start}`]), ...(end === undefined ? [] : [`le${end}`])];
  const beyond = [...(start === undefined ? [] : [`lt${start}`]), ...(end === undefined ? [] : [`gt${end}`])];
  const within = allOf(ends.map((value) => planned(date, value)));
  return {
    sure: allOf([within, ...beyond.map((value) => not(planned(date, value)))]),
    possible: anyOf([within, planned(`${date}:missing`, 'true')]),
  };
}

function instancesIn({ data = [] }: ConsentProvision, type: string, context: CriteriaContext): Meant {
  return exactly(data.length === 0 ? everything : anyOf(data.map((one) => instancesOf(one, type, context))));
}

/** https://hl7.org/fhir/R4/valueset-consent-data-meaning.html: itself, or itself and what refers to it; of who wrote it as well */
function instancesOf({ meaning, reference }: ConsentProvisionData, type: string, context: CriteriaContext): Predicate {
  const { definitions } = context;
  const meant = resourceMeant({ reference }, context);
  if (meant === undefined) return nothing;
  const isIt = meant.type === type && meaning !== 'authoredby';
  const itself: Predicate = !isIt
    ? nothing
    : 'id' in meant
      ? { op: 'ids', ids: [meant.id] }
      : planOnce(type, [['identifier', meant.token]], context);
  if (meaning === 'instance') return itself;
  const referring = [...parametersOf(definitions, type).byCode.values()].filter(
    (one) =>
      one.type.type === 'reference' &&
      one.targets.includes(meant.type) &&
      (meaning !== 'authoredby' || AUTHORS.has(one.code)),
  );
  const query = ({ code }: { code: string }): [string, string] =>
    'id' in meant ? [code, `${meant.type}/${meant.id}`] : [`${code}:${meant.type}.identifier`, meant.token];
  return anyOf([itself, ...referring.map((one) => planOnce(type, [query(one)], context))]);
}

type Resourced = { type: string } & ({ id: string } | { token: string });

/** A resource that is here, or will be: by its address, or by its type and identifier. */
export function resourceMeant(
  { reference }: Pick<ConsentProvisionData, 'reference'>,
  context: CriteriaContext,
): Resourced | undefined {
  const name = nameIn(reference, context);
  if (name !== undefined) return name;
  const { type, identifier } = reference;
  if (type === undefined || identifier?.value === undefined) return undefined;
  if (!context.definitions.searchParameters(type).has('identifier')) return undefined;
  return { type, token: tokenValue(identifier.system, identifier.value) };
}

/** Parameters that say who made a resource, in the types of a patient's record. */
const AUTHORS: ReadonlySet<string> = new Set([
  'author',
  'performer',
  'requester',
  'recorder',
  'asserter',
  'source',
  'authored-by',
  'informant',
  'prescriber',
]);
