// What patients do not want to be seen: their active privacy consents, read once and followed since, as conditions on the records of these patients.
// The deepest provision that speaks of a caller and of a resource decides. https://hl7.org/fhir/R4/consent.html

import type { Coding, Consent, ConsentProvision, Period } from 'fhir/r4.js';
import { every, type Repeated } from '../../../platform/clock/every.ts';
import { dateInterval } from '../../model/dates.ts';
import { parseJson } from '../../model/json.ts';
import { everything, nothing, type Predicate } from '../../model/predicate.ts';
import { parametersOf, planCriteria } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Store } from '../../storage/store.ts';
import type { CriteriaContext } from './criteria.ts';
import { allOf, anyOf, isEverything, isNothing } from './predicates.ts';

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
    const id = /^Patient\/([^/]+)$/.exec(consent.patient?.reference ?? '')?.[1];
    if (id === undefined) continue;
    const root: ConsentProvision = { ...consent.provision, type: baseOf(consent) };
    const denied = deniedWithin(root, type, asking, context);
    if (isEverything(denied)) whole.push(id);
    else if (!isNothing(denied)) parts.push(allOf([asking.ofPatients(type, [id]), denied]));
  }
  return anyOf([...(whole.length > 0 ? [asking.ofPatients(type, whole)] : []), ...parts]);
}

function deniedWithin(root: ConsentProvision, type: string, asking: Asking, context: CriteriaContext): Predicate {
  if (!concerns(root, asking.names, context.now)) return nothing;
  return allOf([dataOf(root, type, asking.record, context), verdictOf(root, type, asking, context)]);
}

/** Of what a provision speaks of, what it denies: those within it are its exceptions. */
function verdictOf(node: ConsentProvision, type: string, asking: Asking, context: CriteriaContext): Predicate {
  let denied = node.type === 'deny' ? everything : nothing;
  for (const inner of node.provision ?? []) {
    if (!concerns(inner, asking.names, context.now)) continue;
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
  now: number,
): boolean {
  if (actor.length > 0 && !actor.some(({ reference }) => names.has(reference?.reference ?? ''))) return false;
  const actions = action.flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));
  if (actions.length > 0 && !actions.some((code) => SEEING.has(code))) return false;
  if (purpose.length > 0 && !purpose.some(({ code }) => CARE.has(code ?? ''))) return false;
  return period === undefined || isWithin(period, now);
}

/** http://terminology.hl7.org/CodeSystem/consentaction */
const SEEING = new Set(['access', 'use', 'disclose']);
/** http://terminology.hl7.org/CodeSystem/v3-ActReason: what people and programs come for here; research and marketing are no reason of theirs */
const CARE = new Set(['TREAT', 'ETREAT', 'CAREMGT', 'COORDINATION', 'HOPERAT', 'HPAYMT', 'PATRQT']);

function isWithin({ start, end }: Period, now: number): boolean {
  const [from, to] = [start, end].map((text) => (text === undefined ? undefined : dateInterval(text, 'UTC')));
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
    if (!byCode.has('code')) return nothing;
    query.push(['code', codes.join(',')]);
  }
  if (securityLabel.length > 0) query.push(['_security', securityLabel.map(tokenOf).join(',')]);
  if (dataPeriod !== undefined && mainDate !== undefined) {
    if (dataPeriod.start !== undefined) query.push([mainDate, `ge${dataPeriod.start}`]);
    if (dataPeriod.end !== undefined) query.push([mainDate, `le${dataPeriod.end}`]);
  }
  if (data.length > 0) {
    const ids = data.flatMap(
      ({ reference }) => new RegExp(`^${type}/([^/]+)$`).exec(reference.reference ?? '')?.[1] ?? [],
    );
    if (ids.length === 0) return nothing;
    parts.push({ op: 'ids', ids });
  }
  if (query.length > 0) parts.push(planCriteria({ ...context, type, query }).where);
  return allOf(parts);
}

const tokenOf = ({ system, code = '' }: Pick<Coding, 'system' | 'code'>): string => {
  const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&');
  return system === undefined ? escaped(code) : `${escaped(system)}|${escaped(code)}`;
};
