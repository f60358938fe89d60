// What patients do not want to be seen: their active privacy consents, read once and followed since, as conditions on the records of these patients.
// The deepest provision that speaks of a caller and of a resource decides. https://hl7.org/fhir/R4/consent.html

import type { Coding, Consent, ConsentProvision, ConsentProvisionData, Period, Reference } from 'fhir/r4.js';
import { every, type Repeated } from '../../../platform/clock/every.ts';
import { dateInterval } from '../../model/dates.ts';
import { parseJson } from '../../model/json.ts';
import { everything, nothing, type Predicate } from '../../model/predicate.ts';
import { parametersOf, planCriteria } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Store } from '../../storage/store.ts';
import type { CriteriaContext } from './criteria.ts';
import { allOf, anyOf, isEverything, isNothing } from './predicates.ts';
import { type Reference as Named, readLiteral } from './referred.ts';

export interface Consents {
  /** another one whenever something is denied anew, or not any more */
  readonly revision: number;
  all(): Iterable<Consent>;
  refresh(): Promise<void>;
  /** looks every two seconds from now on */
  follow(): void;
  stop(): void;
}

export interface ConsentsDeps {
  /** below every restriction */
  store: Pick<Store, 'find' | 'history'>;
  criteria: () => CriteriaContext;
  now: () => number;
  onError: (error: unknown) => void;
}

const EVERY_MS = 2_000;
const AT_ONCE = 500;
/** A write is visible some time after the moment it names: the longest transaction, and clocks that differ. */
const LATE_MS = 330_000;

export async function createConsents({ store, criteria, now, onError }: ConsentsDeps): Promise<Consents> {
  const denying = new Map<string, { version: number; consent: Consent }>();
  let revision = 0;
  let lookedAt = now();

  function take({ id, version, bytes }: { id: string; version: number; bytes: Buffer | null }): void {
    if (denying.get(id)?.version === version) return;
    const consent = bytes === null ? undefined : (parseJson(bytes) as unknown as Consent);
    const isDenying = consent !== undefined && speaksOfPrivacy(consent) && denies(consent);
    if (isDenying) denying.set(id, { version, consent });
    if (isDenying || denying.delete(id)) revision++;
  }

  async function refresh(): Promise<void> {
    const since = lookedAt - LATE_MS;
    lookedAt = now();
    const newest = new Set<string>();
    let after: string | undefined;
    do {
      const page = await store.history({
        scope: { level: 'type', type: 'Consent' },
        since,
        limit: AT_ONCE,
        ...(after !== undefined && { after }),
      });
      for (const version of page.versions) {
        if (!newest.has(version.id)) take(version);
        newest.add(version.id);
      }
      after = page.next;
    } while (after !== undefined);
  }

  const where = planCriteria({ ...criteria(), type: 'Consent', query: [['status', 'active']] }).where;
  for await (const match of everyMatch(store, { type: 'Consent', where, atOnce: AT_ONCE })) take(match);

  let following: Repeated | undefined;
  return {
    get revision() {
      return revision;
    },
    *all() {
      for (const { consent } of denying.values()) yield consent;
    },
    refresh,
    follow() {
      following ??= every(EVERY_MS, refresh, onError);
    },
    stop: () => following?.stop(),
  };
}

const speaksOfPrivacy = ({ status, scope }: Consent): boolean =>
  status === 'active' && (scope?.coding?.some(({ code }) => code === 'patient-privacy') ?? false);

/** The specification wants the rule of the whole in `policyRule`; many write it into the provision. */
function baseOf({ policyRule, provision }: Consent): 'deny' | 'permit' {
  if (provision?.type !== undefined) return provision.type;
  return policyRule?.coding?.some(({ code }) => code?.startsWith('OPTOUT')) ? 'deny' : 'permit';
}

const denies = (consent: Consent): boolean =>
  baseOf(consent) === 'deny' || (consent.provision?.provision ?? []).some(deniesWithin);

const deniesWithin = ({ type, provision = [] }: ConsentProvision): boolean =>
  type === 'deny' || provision.some(deniesWithin);

export interface Asking {
  /** what the caller is, as it may be named: `Practitioner/1`, `Organization/2` */
  names: ReadonlySet<string>;
  /** of which types all is meant where a consent says none */
  record: ReadonlySet<string>;
  /** what is in a patient's record, of the type */
  ofPatients: (type: string, ids: readonly string[]) => Predicate;
}

/** What of the type is denied to who asks; `nothing` where nothing is. */
export function deniedBy(
  consents: Iterable<Consent>,
  type: string,
  asking: Asking,
  context: CriteriaContext,
): Predicate {
  const whole: string[] = [];
  const parts: Predicate[] = [];
  for (const consent of consents) {
    const patient = namedBy(consent.patient, context);
    if (patient?.type !== 'Patient') continue;
    const { id } = patient;
    const root: ConsentProvision = { ...consent.provision, type: baseOf(consent) };
    const denied = deniedWithin(root, type, asking, context);
    if (isEverything(denied)) whole.push(id);
    else if (!isNothing(denied)) parts.push(allOf([asking.ofPatients(type, [id]), denied]));
  }
  return anyOf([...(whole.length > 0 ? [asking.ofPatients(type, whole)] : []), ...parts]);
}

function deniedWithin(root: ConsentProvision, type: string, asking: Asking, context: CriteriaContext): Predicate {
  if (!concerns(root, asking.names, context)) return nothing;
  return allOf([dataOf(root, type, asking.record, context), verdictOf(root, type, asking, context)]);
}

/** Of what a provision speaks of, what it denies: those within it are its exceptions. */
function verdictOf(node: ConsentProvision, type: string, asking: Asking, context: CriteriaContext): Predicate {
  let denied = node.type === 'deny' ? everything : nothing;
  for (const inner of node.provision ?? []) {
    if (!concerns(inner, asking.names, context)) continue;
    const meant = dataOf(inner, type, asking.record, context);
    const verdict = verdictOf(inner, type, asking, context);
    if (isEverything(meant)) denied = verdict;
    else if (!isNothing(meant)) denied = anyOf([allOf([meant, verdict]), allOf([{ op: 'not', of: meant }, denied])]);
  }
  return denied;
}

/** Whether it speaks of the caller, of seeing things, and of now. */
function concerns(
  { actor = [], action = [], purpose = [], period }: ConsentProvision,
  names: ReadonlySet<string>,
  context: CriteriaContext,
): boolean {
  const isNamed = (reference: Reference | undefined): boolean => {
    const named = namedBy(reference, context);
    return named !== undefined && names.has(`${named.type}/${named.id}`);
  };
  if (actor.length > 0 && !actor.some(({ reference }) => isNamed(reference))) return false;
  const actions = action.flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));
  if (actions.length > 0 && !actions.some((code) => SEEING.has(code))) return false;
  if (purpose.length > 0 && !purpose.some(({ code }) => CARE.has(code ?? ''))) return false;
  return period === undefined || isWithin(period, context);
}

/** http://terminology.hl7.org/CodeSystem/consentaction */
const SEEING = new Set(['access', 'use', 'disclose']);
/** http://terminology.hl7.org/CodeSystem/v3-ActReason: what people and programs come for here; research and marketing are no reason of theirs */
const CARE = new Set(['TREAT', 'ETREAT', 'CAREMGT', 'COORDINATION', 'HOPERAT', 'HPAYMT', 'PATRQT']);

/** A resource of ours, by its address here or below the base, whichever version of it was meant. */
function namedBy({ reference = '' }: Reference = {}, { settings }: CriteriaContext): Named | undefined {
  const own = settings.baseUrl === undefined ? undefined : `${settings.baseUrl}/`;
  return readLiteral(own !== undefined && reference.startsWith(own) ? reference.slice(own.length) : reference);
}

function isWithin({ start, end }: Period, { now, settings }: CriteriaContext): boolean {
  const [from, to] = [start, end].map((text) =>
    text === undefined ? undefined : dateInterval(text, settings.timeZone),
  );
  return (from === undefined || from.lo <= now) && (to === undefined || now <= to.hi);
}

/** Which resources of the type a provision speaks of; one that denies and names no types means those of `record`. */
function dataOf(
  { type: kind, class: classes = [], code = [], data = [], securityLabel = [], dataPeriod }: ConsentProvision,
  type: string,
  record: ReadonlySet<string>,
  context: CriteriaContext,
): Predicate {
  const isMeant = classes.length > 0 ? classes.some((one) => one.code === type) : kind !== 'deny' || record.has(type);
  if (!isMeant) return nothing;
  const { byCode, mainDate } = parametersOf(context.definitions, type);
  const query: [string, string][] = [];
  const parts: Predicate[] = [];
  const codes = code.flatMap(({ coding = [] }) => coding.map(tokenOf));
  if (codes.length > 0) {
    const parameter = CODES.find((one) => byCode.has(one));
    if (parameter === undefined) return nothing;
    query.push([parameter, codes.join(',')]);
  }
  if (securityLabel.length > 0) query.push(['_security', securityLabel.map(tokenOf).join(',')]);
  // what has no date cannot be shown to be of the time that is permitted
  if (dataPeriod !== undefined && mainDate === undefined && kind !== 'deny') return nothing;
  if (dataPeriod !== undefined && mainDate !== undefined) {
    if (dataPeriod.start !== undefined) query.push([mainDate, `ge${dataPeriod.start}`]);
    if (dataPeriod.end !== undefined) query.push([mainDate, `le${dataPeriod.end}`]);
  }
  if (data.length > 0) {
    const meant = anyOf(data.map((one) => instancesOf(one, type, context)));
    if (isNothing(meant)) return nothing;
    parts.push(meant);
  }
  if (query.length > 0) parts.push(planCriteria({ ...context, type, query }).where);
  return allOf(parts);
}

/** Where a type says what its resources are about; the first that it has. */
const CODES = ['code', 'vaccine-code', 'type'];

/** https://hl7.org/fhir/R4/valueset-consent-data-meaning.html: itself, or itself and what refers to it; of who wrote it as well */
function instancesOf({ meaning, reference }: ConsentProvisionData, type: string, context: CriteriaContext): Predicate {
  const named = namedBy(reference, context);
  if (named === undefined) return nothing;
  const itself: Predicate = named.type === type && meaning !== 'authoredby' ? { op: 'ids', ids: [named.id] } : nothing;
  if (meaning === 'instance') return itself;
  const target = `${named.type}/${named.id}`;
  const referring = [...parametersOf(context.definitions, type).byCode.values()].filter(
    (one) =>
      one.type.type === 'reference' &&
      one.targets.includes(named.type) &&
      (meaning !== 'authoredby' || AUTHORS.has(one.code)),
  );
  return anyOf([
    itself,
    ...referring.map(({ code }) => planCriteria({ ...context, type, query: [[code, target]] }).where),
  ]);
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

const tokenOf = ({ system, code = '' }: Pick<Coding, 'system' | 'code'>): string => {
  const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&');
  return system === undefined ? escaped(code) : `${escaped(system)}|${escaped(code)}`;
};
