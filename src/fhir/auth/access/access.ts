// Who may do what, as the rest of the server uses it: a decision on each request, and a store narrowed to its caller. What is worked out for a
// token is kept while its policies stand; what was looked up for it, for five seconds.
import { randomBytes } from 'node:crypto';
import type { Engine, Target } from '../../interactions/call.ts';
import { planned } from '../../interactions/look-ups.ts';
import { FhirError } from '../../model/errors.ts';
import type { KeyExtractor } from '../../model/keys.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Place, Store } from '../../storage/store.ts';
import type { Caller } from '../caller.ts';
import type { Consents } from './consents.ts';
import { type CriteriaContext, variablesIn } from './criteria.ts';
import { cursorsOf } from './cursors.ts';
import { decide, type NeedsOf } from './decide.ts';
import { type NarrowDeps, narrowedStore } from './narrowed-store.ts';
import type { Taken } from './narrowed-writes.ts';
import type { Policies } from './policies.ts';
import { createRights, criteriaInForce, type HeldPolicy, type Rights } from './rights.ts';
import { knownVariables, lookUpVariables, type Needed, organizationsAbove, organizationsBelow } from './variables.ts';

export interface Access {
  /** Throws `forbidden` or `login` for what the caller never may */
  decide(caller: Caller, target: Target): void;
  storeFor(caller: Caller): Store;
  /** the same caller, who says why it must see what labels and consents hide. Throws where its role may not */
  withReason(caller: Caller, reason: string): Caller;
  /** what the caller may do, for those who tell people about it */
  rightsOf(caller: Caller): Rights;
  readonly policies: Policies;
  readonly consents: Consents;
}

export interface AccessDeps {
  engine: Engine;
  /** obeys the hospital's rules, and knows no callers */
  store: Store;
  extractor: Pick<KeyExtractor, 'extract'>;
  policies: Policies;
  consents: Consents;
  needsOf: NeedsOf;
  taken: Taken;
  doctorsSee: 'organization' | 'care';
  /** how others call this server, where it was not told (BASE_URL) */
  ownBase?: string | undefined;
  /** the codes of app state that are a client's (oauth/app-states.ts) */
  statesOf: (client: string) => Promise<readonly string[]>;
}

/** What was looked up is used so long; organisations twice, by rights that were made of them at the end of their time. */
const LOOKED_UP_MS = 2_500;
/** Consents hold for a time. */
const KEPT_MS = 60_000;
const MOST_KEPT = 10_000;
const SHORTEST_REASON = 5;
const LONGEST_REASON = 500;
/** Whom an operation acts as that must act beyond its caller's reach. */
const everything: Caller = {
  kind: 'account',
  id: 'everything',
  roles: ['admin'],
  organizations: [],
  client: '',
  limits: '',
  address: '',
};
const EVERYBODY = 'anonymous';
const SIGNED_IN = 'signed-in';
const SYSTEM = 'system';

interface Kept {
  rights: Rights;
  revision: number;
  until: number;
}

/** What is kept of a token; the store asks for the rights anew whenever it is used. */
interface Known {
  kept?: Kept;
  store?: Store;
}

export async function createAccess(deps: AccessDeps): Promise<Access> {
  const { engine, store, extractor, policies, consents } = deps;
  const { definitions, settings } = engine;
  const secret = await cursorSecret(store);
  /** by the caller, and by its token, as each address makes another caller of it */
  const byToken = new Map<string, Known>();
  const byCaller = new WeakMap<Caller, Known>();

  /** both only rise */
  const revision = (): number => policies.revision + consents.revision;

  function policiesOf({ kind, roles }: Caller): HeldPolicy[] {
    const own = kind === 'client' && roles.length === 0 ? [SYSTEM] : roles;
    const names = kind === 'anonymous' ? [EVERYBODY] : [EVERYBODY, SIGNED_IN, ...own];
    return names.flatMap((name) => {
      const [role = '', place] = name.split('@', 2);
      const found = policies.find(role);
      return found ? { ...found, ...(place !== undefined && { place }) } : [];
    });
  }

  /** Many work at the same organisations. */
  function keptByPlace(look: typeof organizationsBelow): (ids: readonly string[]) => Promise<readonly string[]> {
    const places = new Map<string, { ids: Promise<readonly string[]>; until: number }>();
    return (ids) => {
      const key = ids.join();
      const known = places.get(key);
      const now = engine.now();
      if (known && now < known.until) return known.ids;
      if (places.size >= MOST_KEPT) places.clear();
      const found = look(ids, { store, definitions });
      places.set(key, { ids: found, until: now + LOOKED_UP_MS });
      found.catch(() => places.delete(key));
      return found;
    };
  }
  const above = keptByPlace(organizationsAbove);
  const lookUp = {
    store,
    below: keptByPlace(organizationsBelow),
    above: async (ids: readonly string[]) => (consents.nameOrganizations ? above(ids) : []),
    statesOf: deps.statesOf,
  };

  function neededBy(held: readonly HeldPolicy[]): Needed {
    const lists = held.flatMap(({ policy }) => {
      const named = new Set(
        policy.grants.flatMap((grant) => (criteriaInForce(grant, deps.doctorsSee) ?? []).flatMap(variablesIn)),
      );
      return Object.entries(policy.lists ?? {}).filter(([name]) => named.has(name));
    });
    return { lists: Object.fromEntries(lists), places: held.flatMap(({ place }) => place ?? []) };
  }

  let plans = { of: new Map<string, Predicate>(), revision: -1, until: 0 };
  /** What was planned for one caller holds for the others, as long as their rights do. */
  function plansOfAll(): Map<string, Predicate> {
    const now = engine.now();
    if (plans.revision !== revision() || now >= plans.until || plans.of.size >= MOST_KEPT)
      plans = { of: new Map(), revision: revision(), until: now + KEPT_MS };
    return plans.of;
  }

  function makeRights(caller: Caller): Kept {
    const now = engine.now();
    const criteria: CriteriaContext = { definitions, settings, now, ownBase: deps.ownBase, planned: plansOfAll() };
    const inForce = policiesOf(caller);
    const needed = neededBy(inForce);
    const known = knownVariables(caller, needed);
    const planScope = (plan: (context: CriteriaContext) => Predicate): Promise<Predicate> =>
      planned(engine, { store }, (lookups) => plan({ ...criteria, lookups }));
    const rights = createRights(caller, inForce, {
      ownership: policies.ownership,
      doctorsSee: deps.doctorsSee,
      criteria,
      planScope,
      variables: () => known ?? lookUpVariables(caller, needed, { ...criteria, ...lookUp }),
      consents,
      record: new Set(policies.groups.record),
    });
    return { rights, revision: revision(), until: now + (known ? KEPT_MS : LOOKED_UP_MS) };
  }

  const isGood = (kept: Kept | undefined): kept is Kept =>
    kept !== undefined && kept.revision === revision() && engine.now() < kept.until;

  function knownOf(caller: Caller): Known {
    const found = byCaller.get(caller);
    if (found) return found;
    const key = keyOf(caller);
    const known = key === undefined ? {} : knownByToken(key);
    byCaller.set(caller, known);
    return known;
  }

  function knownByToken(key: string): Known {
    const found = byToken.get(key);
    if (found) return found;
    const known: Known = {};
    if (byToken.size >= MOST_KEPT) byToken.delete(byToken.keys().next().value!);
    byToken.set(key, known);
    return known;
  }

  function rightsOf(caller: Caller): Rights {
    const known = knownOf(caller);
    if (!isGood(known.kept)) known.kept = makeRights(caller);
    return known.kept.rights;
  }

  function withReason(caller: Caller, text: string): Caller {
    const reason = text.trim();
    if (caller.kind === 'anonymous') throw new FhirError('login', 'Sign in to break the glass');
    // nobody does it for somebody else, least of all a program
    const mayBreak =
      caller.scopes === undefined && rightsOf(caller).policies.some(({ breaksGlass }) => breaksGlass === true);
    if (!mayBreak) throw new FhirError('forbidden', 'Breaking the glass is not for you');
    if (reason.length < SHORTEST_REASON || reason.length > LONGEST_REASON) {
      throw new FhirError('value', `X-Break-Glass says why, in ${SHORTEST_REASON} to ${LONGEST_REASON} characters`);
    }
    return { ...caller, breakGlass: reason };
  }

  return {
    policies,
    consents,
    withReason,
    decide: (caller, target) => decide(rightsOf(caller), target, deps.needsOf),
    rightsOf,
    storeFor(caller) {
      const known = knownOf(caller);
      known.store ??= narrowedStore(store, narrowTo(caller), narrowTo(everything));
      return known.store;
    },
  };

  function narrowTo(caller: Caller): NarrowDeps {
    return {
      definitions,
      ownership: policies.ownership,
      // asked anew for every question, so that a long piece of work follows what changes meanwhile
      get rights() {
        return rightsOf(caller);
      },
      judge: { extractor, store },
      taken: deps.taken,
      ownBase: deps.ownBase,
      criteria: () => ({ definitions, settings, now: engine.now(), ownBase: deps.ownBase }),
      cursors: cursorsOf(caller, secret),
    };
  }
}

/** A token never says anything else than it did; only breaking the glass is a matter of the request. */
const keyOf = ({ token, breakGlass }: Caller): string | undefined =>
  token === undefined ? undefined : `${breakGlass === undefined ? '' : '!'}${token.id}`;

/** One for all processes, made by the first. */
async function cursorSecret(store: Pick<Store, 'transaction'>): Promise<string> {
  const made = randomBytes(32).toString('base64url');
  const place = await store.transaction((tx) =>
    tx.changePlace('secret', 'page-cursors', {}, { $inc: { starts: 1 } }, { secret: made }),
  );
  return (place as Place & { secret: string }).secret;
}
