// What patients do not want to be seen: their active privacy consents, read once and followed since. What they mean is in provisions.ts, whom
// they name in parties.ts and standings.ts. https://hl7.org/fhir/R4/consent.html
import type { Consent, ConsentProvision, Reference } from 'fhir/r4.js';
import { every, type Repeated } from '../../../platform/clock/every.ts';
import { parseJson } from '../../model/json.ts';
import { planCriteria } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Store } from '../../storage/store.ts';
import type { CriteriaContext } from './criteria.ts';
import { createParties, isFollowed } from './parties.ts';
import { bordersIn, createBorders } from './periods.ts';
import { type Denial, denies, joinAlike, patientsOf, rootOf, speaksOfPrivacy } from './provisions.ts';
import { nameIn, type Parties } from './standings.ts';

export interface Consents {
  /** another one whenever something is denied anew, or not any more; a period that begins or ends counts */
  readonly revision: number;
  readonly parties: Parties;
  /** whether any of them speaks of an organisation, by itself or by what is of one */
  readonly nameOrganizations: boolean;
  /** of all patients */
  denials(): readonly Denial[];
  /** those of one patient */
  of(patient: string): readonly Consent[];
  refresh(): Promise<void>;
  /** looks every two seconds from now on */
  follow(): void;
  stop(): void;
}

export interface ConsentsDeps {
  /** below every restriction */
  store: Pick<Store, 'find' | 'readMany' | 'history'>;
  criteria: () => CriteriaContext;
  now: () => number;
  onError: (error: unknown) => void;
}

const EVERY_MS = 2_000;
const AT_ONCE = 500;
/** A write is visible some time after the moment it names: the longest transaction, and clocks that differ. */
const LATE_MS = 330_000;

export async function createConsents({ store, criteria, now, onError }: ConsentsDeps): Promise<Consents> {
  const denying = new Map<string, { version: number; consent: Consent; borders: readonly number[] }>();
  const parties = createParties({ store, criteria });
  const borders = createBorders(now);
  let revision = 0;
  let lookedAt = now();

  function take({ id, version, bytes }: { id: string; version: number; bytes: Buffer | null }): void {
    if (denying.get(id)?.version === version) return;
    const consent = bytes === null ? undefined : (parseJson(bytes) as unknown as Consent);
    const isDenying = consent !== undefined && speaksOfPrivacy(consent) && denies(rootOf(consent));
    if (isDenying) denying.set(id, { version, consent, borders: bordersIn(consent, criteria().settings) });
    if (isDenying || denying.delete(id)) revision++;
  }

  async function look(): Promise<void> {
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
    await lookAtParties();
  }

  let looking = Promise.resolve();
  /** one after the other: what was found earlier does not stand in place of what was found later */
  function refresh(): Promise<void> {
    const next = looking.then(look);
    looking = next.catch(() => undefined);
    return next;
  }

  let expected = -1;
  async function lookAtParties(): Promise<void> {
    await parties.refresh(namedIn().followed);
    const found = revision + parties.revision;
    if (found === expected) return;
    expected = found;
    const ofParties = bordersIn([...parties.resources()], criteria().settings);
    borders.expect([...[...denying.values()].flatMap((one) => one.borders), ...ofParties]);
  }

  let named = { revision: -1, followed: [] as readonly Reference[], isOrganization: false };
  function namedIn(): typeof named {
    if (named.revision !== revision) {
      const context = criteria();
      const references = [...denying.values()].flatMap(({ consent }) => referencesIn(consent));
      named = {
        revision,
        followed: references.filter((one) => isFollowed(one, context)),
        isOrganization: references.some((one) => nameIn(one, context)?.type === 'Organization'),
      };
    }
    return named;
  }

  let kept = { revision: -1, denials: [] as readonly Denial[], byPatient: new Map<string, readonly Consent[]>() };
  function sorted(): typeof kept {
    const found = revision + parties.revision;
    if (kept.revision === found) return kept;
    const context = criteria();
    const byPatient = new Map<string, Consent[]>();
    const denials = [...denying.values()].map(({ consent }) => {
      const patients = patientsOf(consent, parties, context);
      for (const patient of patients) byPatient.set(patient, [...(byPatient.get(patient) ?? []), consent]);
      return { root: rootOf(consent), patients };
    });
    kept = { revision: found, denials: joinAlike(denials), byPatient };
    return kept;
  }

  const where = planCriteria({ ...criteria(), type: 'Consent', query: [['status', 'active']] }).where;
  for await (const match of everyMatch(store, { type: 'Consent', where, atOnce: AT_ONCE })) take(match);
  await lookAtParties();

  let following: Repeated | undefined;
  return {
    get revision() {
      return revision + parties.revision + borders.revision;
    },
    parties,
    get nameOrganizations() {
      return namedIn().isOrganization || parties.areOrganizations;
    },
    denials: () => sorted().denials,
    of: (patient) => sorted().byPatient.get(patient) ?? [],
    refresh,
    follow() {
      following ??= every(EVERY_MS, refresh, onError);
    },
    stop: () => following?.stop(),
  };
}

/** Whom it speaks of, and whose it is. */
export function referencesIn({ patient, provision }: Consent): Reference[] {
  const within = ({ actor = [], provision: inner = [] }: ConsentProvision): Reference[] => [
    ...actor.map(({ reference }) => reference),
    ...inner.flatMap(within),
  ];
  return [...(patient === undefined ? [] : [patient]), ...(provision === undefined ? [] : within(provision))];
}
