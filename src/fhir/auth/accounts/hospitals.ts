// The hospitals of this server, for who gives a role without saying where: an organisation where people work, or to which something belongs
// (docs/adr/0019); as long as there is none of these, every organisation that is no part of another. A role without a place is held everywhere,
// so it is given only where there is no hospital at all.
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import { everything, type Predicate } from '../../model/predicate.ts';
import type { Resource } from '../../model/resource.ts';
import { hasTokenOf } from '../../search/index.ts';
import { everyMatch } from '../../storage/every-match.ts';
import type { Store } from '../../storage/store.ts';
import { OWNER_SYSTEM, ownersOf } from '../access/owners.ts';
import type { Models } from './models.ts';

export interface Hospital {
  id: string;
  name: string;
}

export interface Hospitals {
  /** by name, at most half a minute old */
  list(): Promise<readonly Hospital[]>;
  /** the only one; undefined where there is none. Throws where somebody has to choose */
  theOne(): Promise<string | undefined>;
  /** for a refusal: one of these is to be named */
  choiceOf(ids: readonly string[]): Promise<FhirError>;
}

const KEEP_MS = 30_000;
const AT_ONCE = 200;
/** a register of organisations is no list to choose from, and is not read to its end */
const MOST = 500;
const MOST_NAMED = 10;

export function createHospitals(deps: {
  store: Pick<Store, 'find' | 'read'>;
  models: Pick<Models, 'accounts'>;
  now: () => number;
}): Hospitals {
  const { store, models, now } = deps;
  let known: { at: number; hospitals: Promise<readonly Hospital[]> } | undefined;

  async function find(where: Predicate, isMeant: (resource: Resource) => boolean): Promise<Hospital[]> {
    const found: Hospital[] = [];
    for await (const { bytes } of everyMatch(store, { type: 'Organization', where, atOnce: AT_ONCE })) {
      if (found.length === MOST) break;
      const resource = parseJson(bytes) as Organization;
      if (isWhole(resource) && isMeant(resource)) found.push(named(resource));
    }
    return found;
  }

  async function read(id: string): Promise<Organization | undefined> {
    const version = await store.read('Organization', id);
    return version?.bytes ? (parseJson(version.bytes) as Organization) : undefined;
  }

  async function inUse(): Promise<Hospital[]> {
    // what somebody only asks for is nobody's hospital yet
    const isHeld = { 'roles.status': 'active', 'roles.organization': { $exists: true } };
    const places = await models.accounts
      .aggregate<{ _id: string }>([
        { $match: { status: 'active', ...isHeld } },
        { $unwind: '$roles' },
        { $match: isHeld },
        { $group: { _id: '$roles.organization' } },
      ])
      .exec();
    const held = await Promise.all(places.map(({ _id }) => read(_id)));
    const working = held.filter((one) => one !== undefined).filter(isWhole);
    const owning = await find(hasTokenOf('_security', OWNER_SYSTEM), (one) => ownersOf(one).includes(one.id!));
    return [...new Map([...working.map(named), ...owning].map((one) => [one.id, one])).values()];
  }

  async function all(): Promise<readonly Hospital[]> {
    const used = await inUse();
    const hospitals = used.length > 0 ? used : await find(everything, () => true);
    return hospitals.toSorted((a, b) => a.name.localeCompare(b.name));
  }

  function choice(hospitals: readonly Hospital[]): FhirError {
    const names = hospitals.slice(0, MOST_NAMED).map(({ id, name }) => `Organization/${id} (${name})`);
    const more = hospitals.length > MOST_NAMED ? ` and ${hospitals.length - MOST_NAMED} more` : '';
    return new FhirError('required', `Say at which hospital: organization is one of ${names.join(', ')}${more}`, {
      expression: 'organization',
    });
  }

  return {
    list() {
      // whoever registers asks for it, signed in or not
      if (known === undefined || now() - known.at > KEEP_MS) {
        const asked = { at: now(), hospitals: all() };
        asked.hospitals.catch(() => {
          if (known === asked) known = undefined;
        });
        known = asked;
      }
      return known.hospitals;
    },
    async theOne() {
      const hospitals = await all();
      if (hospitals.length > 1) throw choice(hospitals);
      return hospitals[0]?.id;
    },
    async choiceOf(ids) {
      const found = await Promise.all(ids.map(read));
      return choice(
        found.map((one, index) => (one === undefined ? { id: ids[index]!, name: ids[index]! } : named(one))),
      );
    },
  };
}

type Organization = Resource & { active?: boolean; partOf?: object; name?: string };

/** Departments are part of a hospital. */
const isWhole = ({ active, partOf }: Organization): boolean => active !== false && partOf === undefined;

const named = ({ id = '', name = id }: Organization): Hospital => ({ id, name });
