// Who may do what, as the rest of the server uses it: a decision on each request, and a store narrowed to its caller. What is worked out for a
// token is kept while its policies stand; what was looked up for it, for five seconds.
import { randomBytes } from 'node:crypto';
import type { Engine, Target } from '../../interactions/call.ts';
import { planned } from '../../interactions/look-ups.ts';
import type { KeyExtractor } from '../../model/keys.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Place, Store } from '../../storage/store.ts';
import type { Caller } from '../caller.ts';
import type { CriteriaContext } from './criteria.ts';
import { cursorsOf } from './cursors.ts';
import { decide, type NeedsOf } from './decide.ts';
import { type NarrowDeps, narrowedStore } from './narrowed-store.ts';
import type { Policies } from './policies.ts';
import { createRights, type PolicyInForce, type Rights } from './rights.ts';
import { knownVariables, lookUpVariables } from './variables.ts';

export interface Access {
  /** Throws `forbidden` or `login` for what the caller never may */
  decide(caller: Caller, target: Target): void;
  storeFor(caller: Caller): Store;
  /** what the caller may do, for those who tell people about it */
  rightsOf(caller: Caller): Rights;
  readonly policies: Policies;
}

export interface AccessDeps {
  engine: Engine;
  /** obeys the hospital's rules, and knows no callers */
  store: Store;
  extractor: Pick<KeyExtractor, 'extract'>;
  policies: Policies;
  needsOf: NeedsOf;
  doctorsSee: 'organization' | 'care';
}

/** What was looked up is no older than this. */
const LOOKED_UP_MS = 5_000;
const MOST_KEPT = 10_000;
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
  const { engine, store, extractor, policies } = deps;
  const { definitions, settings } = engine;
  const secret = await cursorSecret(store);
  /** by the token; those without one by the caller itself */
  const byToken = new Map<string, Known>();
  const byCaller = new WeakMap<Caller, Known>();

  function policiesOf({ kind, roles }: Caller): PolicyInForce[] {
    const own = kind === 'client' && roles.length === 0 ? [SYSTEM] : roles;
    const names = kind === 'anonymous' ? [EVERYBODY] : [EVERYBODY, SIGNED_IN, ...own];
    return names.flatMap((name) => policies.find(name) ?? []);
  }

  function makeRights(caller: Caller): Kept {
    const now = engine.now();
    const criteria: CriteriaContext = { definitions, settings, now };
    const inForce = policiesOf(caller);
    const written = inForce.map(({ policy }) => policy);
    const known = knownVariables(caller, written);
    const planScope = (plan: (context: CriteriaContext) => Predicate): Promise<Predicate> =>
      planned(engine, { store }, (lookups) => plan({ ...criteria, lookups }));
    const rights = createRights(caller, inForce, {
      ownership: policies.ownership,
      doctorsSee: deps.doctorsSee,
      criteria,
      planScope,
      variables: () => known ?? lookUpVariables(caller, written, { ...criteria, store }),
    });
    return { rights, revision: policies.revision, until: known ? Number.POSITIVE_INFINITY : now + LOOKED_UP_MS };
  }

  const isGood = (kept: Kept | undefined): kept is Kept =>
    kept !== undefined && kept.revision === policies.revision && engine.now() < kept.until;

  function knownOf(caller: Caller): Known {
    const key = keyOf(caller);
    const found = key === undefined ? byCaller.get(caller) : byToken.get(key);
    if (found) return found;
    const known: Known = {};
    if (key === undefined) byCaller.set(caller, known);
    else {
      if (byToken.size >= MOST_KEPT) byToken.delete(byToken.keys().next().value!);
      byToken.set(key, known);
    }
    return known;
  }

  function rightsOf(caller: Caller): Rights {
    const known = knownOf(caller);
    if (!isGood(known.kept)) known.kept = makeRights(caller);
    return known.kept.rights;
  }

  return {
    policies,
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
