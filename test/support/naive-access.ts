// What a caller may see, worked out a second time and without any of the server's code for it: from the policies as JSON and from resources as
// they are, one by one, with fhirpath for what search parameters and compartments mean. Slow, and easy to check by reading.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Caller } from '../../src/fhir/auth/caller.ts';
import type { Definitions } from '../../src/fhir/definitions/definitions.ts';
import type { Resource } from '../../src/fhir/model/resource.ts';

const require = createRequire(import.meta.url);
const fhirpath = require('fhirpath') as typeof import('fhirpath');
const r4 = require('fhirpath/fhir-context/r4') as import('fhirpath').Model;

interface Grant {
  types: string[];
  may: string;
  where?: string[];
  whereInCare?: string[];
  hide?: string[];
  show?: string[];
}

interface Policy {
  role: string;
  grants: Grant[];
  operations: string[];
  lists?: Record<string, { search: string; take: string }[]>;
  isPersonal?: boolean;
  ignoresConsents?: boolean;
  clearance?: string;
}

/** with the organisation where alone it holds: `doctor@h1` */
type HeldPolicy = Policy & { place: string | undefined };

interface Types {
  groups: Record<string, string[]>;
  shared: string[];
  open: string[];
}

export interface NaiveAccess {
  may(type: string, letter: string): boolean;
  mayRun(code: string, type?: string): boolean;
  sees(resource: Resource, letter: string): boolean;
  /** whether elements of some resource of the type are hidden */
  hidesPartOf(type: string): boolean;
  /** elements in an answer that should not be there */
  hiddenIn(stored: Resource, answered: Resource): string[];
  /** the resource refers to it by the search parameter, which the caller may use */
  refers(resource: Resource, code: string, target: string): boolean;
  isInCompartment(resource: Resource, patient: string): boolean;
}

const FOLDER = new URL('../../profiles/access-policies/', import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
const types = read('types.json') as Types;
const policies = readdirSync(FOLDER)
  .filter((name) => name !== 'types.json')
  .map((name) => read(name) as Policy);

const OWNER = 'https://wardgate.dev/fhir/CodeSystem/owner';
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const LEVELS = 'ULMNRV';
const LETTERS_V1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };

export function naiveAccess(
  caller: Caller,
  world: readonly Resource[],
  { definitions, isCare = false }: { definitions: Definitions; isCare?: boolean },
): NaiveAccess {
  const whereOf = ({ where, whereInCare }: Grant): string[] | undefined => (isCare && whereInCare) || where;
  const named = caller.kind === 'client' && caller.roles.length === 0 ? ['system'] : caller.roles;
  const roles = caller.kind === 'anonymous' ? ['anonymous'] : ['anonymous', 'signed-in', ...named];
  const held = roles.flatMap((name): HeldPolicy[] => {
    const [code, place] = name.split('@');
    return policies.filter(({ role }) => role === code).map((policy) => ({ ...policy, place }));
  });
  const scopes = caller.scopes?.flatMap(readScope).filter(({ context }) => context !== 'patient' || patient() !== '');

  function patient(): string {
    return caller.patient ?? (caller.fhirUser?.type === 'Patient' ? caller.fhirUser.id : '');
  }

  function readScope(text: string) {
    const [, context = '', type = '', may = '', query = ''] =
      /^(patient|user|system)\/([A-Za-z]+|\*)\.([a-z*]+)(?:\?(.*))?$/.exec(text) ?? [];
    if (context === '' || (context === 'system' && caller.kind !== 'client')) return [];
    return [{ context, type, letters: LETTERS_V1[may] ?? may, query }];
  }

  const typesOf = (grant: Grant): string[] =>
    grant.types.flatMap((name) =>
      name === '*' ? [...definitions.resourceTypes] : name.startsWith('#') ? types.groups[name.slice(1)]! : [name],
    );
  const grantsFor = (type: string, letter: string) =>
    held.flatMap((policy) =>
      policy.grants
        .filter((grant) => grant.may.includes(letter) && typesOf(grant).includes(type))
        .map((grant) => ({ policy, grant })),
    );
  const scopesFor = (type: string, letter: string) =>
    scopes?.filter(
      (scope) =>
        (scope.type === '*' || scope.type === type) &&
        (letter === 'h' ? /[rs]/.test(scope.letters) : scope.letters.includes(letter)),
    );
  const may = (type: string, letter: string): boolean =>
    grantsFor(type, letter).length > 0 && scopesFor(type, letter)?.length !== 0;

  /** organisations with all their parts */
  function below(ids: readonly string[]): Set<string> {
    const found = new Set(ids);
    for (let before = -1; before < found.size; ) {
      before = found.size;
      for (const one of world) {
        const isPart = [...found].some((id) => refersTo(one, 'partof', `Organization/${id}`));
        if (one.resourceType === 'Organization' && isPart) found.add(one.id!);
      }
    }
    return found;
  }
  const places = below(caller.organizations);
  const placesOf = new Map(
    held.flatMap(({ place }) => (place === undefined ? [] : [[place, below([place])] as const])),
  );

  // ——— what search parameters mean

  function valuesOf(resource: Resource, code: string): unknown[] {
    const known = cache.get(resource) ?? new Map<string, unknown[]>();
    cache.set(resource, known);
    if (!known.has(code)) known.set(code, evaluate(resource, code));
    return known.get(code)!;
  }

  function evaluate(resource: Resource, code: string): unknown[] {
    const type = resource.resourceType;
    const expression = definitions.searchParameters(type).get(code)?.expression ?? '';
    return expression
      .split(/\|(?![^(]*\))/)
      .map((part) => part.trim().replaceAll(/resolve\(\) is ([A-Za-z]+)/g, "reference.startsWith('$1/')"))
      .filter((part) => part.replace('(', '').startsWith(`${type}.`))
      .flatMap((part) => {
        const name = `${type} ${part}`;
        if (!compiled.has(name)) compiled.set(name, fhirpath.compile(part, r4) as Compiled);
        return compiled.get(name)!(resource);
      });
  }

  function referencesOf(resource: Resource, code: string): string[] {
    return valuesOf(resource, code).flatMap((value) => (value as { reference?: string }).reference ?? []);
  }

  function refersTo(resource: Resource, code: string, target: string): boolean {
    return referencesOf(resource, code).includes(target);
  }

  const tokensOf = (value: unknown): { system?: string; code?: string }[] => {
    if (typeof value !== 'object' || value === null) return [{ code: String(value) }];
    const { coding, system, code } = value as { coding?: object[]; system?: string; code?: string };
    return coding ? coding.flatMap(tokensOf) : [{ ...(system && { system }), ...(code && { code }) }];
  };

  /** `status:not=draft`, `category=system|code`, `owner=Practitioner/1`, `_id=1` */
  function meetsTerm(resource: Resource, term: string): boolean {
    const [name = '', value = ''] = term.split(/=(.*)/s);
    const [code = '', modifier] = name.split(':');
    const wanted = value.split(',').flatMap(filled);
    const isAny = wanted.some((one) => {
      if (code === '_id') return resource.id === one;
      if (definitions.searchParameters(resource.resourceType).get(code)?.type === 'reference')
        return refersTo(resource, code, one);
      const [system, wantedCode] = one.includes('|') ? one.split('|') : [undefined, one];
      return valuesOf(resource, code)
        .flatMap(tokensOf)
        .some((token) => token.code === wantedCode && (system === undefined || token.system === system));
    });
    return modifier === 'not' ? !isAny : isAny;
  }

  const meetsQuery = (resource: Resource, query: string): boolean =>
    query.split('&').every((term) => meetsTerm(resource, term));

  // ——— what is known of the caller

  const variables = new Map<string, string[]>();
  function filled(text: string): string[] {
    const [whole, name] = /\{([a-z-]+)\}/.exec(text) ?? [];
    return whole === undefined ? [text] : variable(name!).map((value) => text.replace(whole, value));
  }

  function variable(name: string): string[] {
    const known = variables.get(name);
    if (known) return known;
    const { fhirUser } = caller;
    const found =
      name === 'patients'
        ? fhirUser?.type === 'Patient'
          ? [fhirUser.id]
          : []
        : name === 'practitioner'
          ? fhirUser?.type === 'Practitioner'
            ? [fhirUser.id]
            : []
          : name === 'user'
            ? fhirUser
              ? [`${fhirUser.type}/${fhirUser.id}`]
              : []
            : name === 'organizations'
              ? [...places]
              : held.flatMap(({ lists }) => (lists?.[name] ?? []).flatMap(listed));
    variables.set(name, found);
    return found;
  }

  function listed({ search, take }: { search: string; take: string }): string[] {
    const [type, query = ''] = search.split('?');
    return world
      .filter((one) => one.resourceType === type && meetsQuery(one, query))
      .flatMap((one) => (take === '_id' ? [one.id!] : referencesOf(one, take).map((name) => name.split('/')[1]!)));
  }

  // ——— one resource

  function isInCompartment(resource: Resource, id: string): boolean {
    const codes = definitions.compartments.get('Patient')?.members.get(resource.resourceType) ?? [];
    return codes.some((code) =>
      code === '{def}'
        ? resource.id === id && resource.resourceType === 'Patient'
        : refersTo(resource, code, `Patient/${id}`),
    );
  }

  /** in the record, or speaking of the patient where the type is in nobody's; undefined where it can be neither */
  function isOfPatient(resource: Resource, id: string): boolean | undefined {
    const type = resource.resourceType;
    if (definitions.compartments.get('Patient')?.members.get(type)?.length) return isInCompartment(resource, id);
    return definitions.searchParameters(type).has('patient')
      ? refersTo(resource, 'patient', `Patient/${id}`)
      : undefined;
  }

  const theOne = (name: string): Resource[] => world.filter((one) => `${one.resourceType}/${one.id}` === name);
  const isByReference = (where: string[]): boolean =>
    where.length > 0 && where.every((text) => text.startsWith('visible:'));

  function meetsWhere(resource: Resource, text: string): boolean {
    if (text.startsWith('visible:'))
      return referencesOf(resource, text.slice('visible:'.length))
        .flatMap(theOne)
        .some((target) => target.resourceType !== resource.resourceType && sees(target, 'r'));
    const [compartment = '', query = ''] = text.split('?');
    const isWithin =
      compartment === '' || filled(compartment).some((name) => isInCompartment(resource, name.split('/')[1]!));
    return isWithin && (query === '' || meetsQuery(resource, query));
  }

  function isOwned({ resourceType: type, meta }: Resource, { isPersonal, place }: HeldPolicy): boolean {
    const isBound = place !== undefined || (caller.organizations.length > 0 && !isPersonal);
    if (types.shared.includes(type) || !isBound) return true;
    const owners = (meta?.security ?? []).filter(({ system }) => system === OWNER).map(({ code }) => code!);
    const own = place === undefined ? places : placesOf.get(place)!;
    return owners.length === 0 ? types.open.includes(type) : owners.some((id) => own.has(id));
  }

  const isCleared = ({ meta }: Resource, { clearance = 'N' }: Policy): boolean =>
    (meta?.security ?? []).every(
      ({ system, code = '' }) => system !== CONFIDENTIALITY || LEVELS.indexOf(code) <= LEVELS.indexOf(clearance),
    );

  const denying = world
    .filter((one) => one.resourceType === 'Consent' && JSON.stringify(one.policyRule ?? '').includes('OPTOUT'))
    .map((one) => (one.patient as { reference: string }).reference.split('/')[1]!);
  const isDeniedItself = (resource: Resource): boolean =>
    types.groups.record!.includes(resource.resourceType) && denying.some((id) => isOfPatient(resource, id));
  /** or it is the content of what is denied */
  const isDenied = (resource: Resource, { ignoresConsents }: Policy, { where = [] }: Grant): boolean => {
    if (ignoresConsents === true) return false;
    const isContent = resource.resourceType === 'Binary' && !isByReference(where);
    const wholes = isContent ? referencesOf(resource, 'security-context').flatMap(theOne) : [];
    return [resource, ...wholes].some(isDeniedItself);
  };

  function isInScope(resource: Resource, letter: string, { where = [] }: Grant): boolean {
    const some = scopesFor(resource.resourceType, letter);
    if (some === undefined) return true;
    // app state: these apps have no codes of their own
    if (resource.resourceType === 'Basic' && caller.kind === 'account') return false;
    const isOfLaunch = (): boolean =>
      isOfPatient(resource, patient()) ??
      (types.shared.includes(resource.resourceType) || types.open.includes(resource.resourceType));
    return some.some(
      ({ context, query }) =>
        (context !== 'patient' || isByReference(where) || isOfLaunch()) &&
        (query === '' || meetsQuery(resource, query)),
    );
  }

  const waysTo = (resource: Resource, letter: string): Grant[] =>
    grantsFor(resource.resourceType, letter)
      .filter(
        ({ policy, grant }) =>
          isOwned(resource, policy) &&
          isCleared(resource, policy) &&
          !isDenied(resource, policy, grant) &&
          isInScope(resource, letter, grant) &&
          (whereOf(grant)?.some((text) => meetsWhere(resource, text)) ?? true),
      )
      .map(({ grant }) => grant);

  const seen = new Map<Resource, Map<string, boolean>>();
  function sees(resource: Resource, letter: string): boolean {
    const known = seen.get(resource) ?? new Map<string, boolean>();
    seen.set(resource, known);
    if (!known.has(letter))
      known.set(letter, may(resource.resourceType, letter) && waysTo(resource, letter).length > 0);
    return known.get(letter)!;
  }

  function isShown(type: string, name: string, { hide, show }: Grant): boolean {
    if (['resourceType', 'id', 'meta', 'contained'].includes(name)) return true;
    const element = definitions.type(type)!.elements.get(name);
    const isNamed = (names: string[]): boolean =>
      names.includes(name) || (element?.choice !== undefined && names.includes(element.choice));
    if (hide) return name !== 'text' && !isNamed(hide);
    if (show) return name !== 'text' && (isNamed(show) || (element?.min ?? 0) > 0 || element?.isModifier === true);
    return true;
  }

  return {
    may,
    mayRun: (code, type) =>
      held.some(
        ({ operations }) =>
          operations.includes('*') || operations.includes(`$${code}`) || operations.includes(`${type}/$${code}`),
      ),
    sees,
    hidesPartOf: (type) =>
      held.some(({ grants }) => grants.some((grant) => (grant.hide ?? grant.show) && typesOf(grant).includes(type))),
    hiddenIn(stored, answered) {
      const ways = ['r', 's', 'h'].flatMap((letter) => waysTo(stored, letter));
      return Object.keys(answered).filter(
        (name) => !ways.some((way) => isShown(stored.resourceType, name.replace(/^_/, ''), way)),
      );
    },
    refers: refersTo,
    isInCompartment,
  };
}

type Compiled = (resource: unknown) => unknown[];
const compiled = new Map<string, Compiled>();
const cache = new WeakMap<Resource, Map<string, unknown[]>>();
