// What one role may do, as data: profiles/access-policies/<role>.json, or what an administrator put in its place at run time. docs/access.md
// explains it to people. Everything that is wrong with a policy is told at once, and half of one is never in force.
import type { Definitions } from '../../definitions/definitions.ts';
import type { Issue } from '../../model/errors.ts';
import { checkCriteria } from './criteria.ts';
import { CLEARANCES, type Clearance } from './labels.ts';
import { checkCondition } from './write-conditions.ts';

/** SMART v2 letters (create, read, update, delete, search), and history. http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's' | 'h';
export const LETTERS: readonly Letter[] = ['c', 'r', 'u', 'd', 's', 'h'];

/** What must be true of the content of a write. It has at least one of `rule`, `changes` and `keeps`. */
export interface WriteCondition {
  on: readonly ('c' | 'u' | 'd')[];
  /**
   * FHIRPath over `%before` and `%after`, of which one is empty on creation and deletion, and `%own`, the references to those in whose name the
   * caller writes; the context is what is after, else what was before
   */
  rule?: string;
  /** the only elements that an update may change, in JSON's names; labels (`meta`) are one of them */
  changes?: ReadonlySet<string>;
  /** elements that an update does not change */
  keeps?: ReadonlySet<string>;
  /** for the caller who breaks it */
  says: string;
}

export interface Grant {
  /** `*`, names of types, and `#group` of types.json */
  types: readonly string[];
  may: readonly Letter[];
  /** any of these must be met: `Patient/{patients}` (that compartment), `?status=active&…`, or both in one. Absent: all resources */
  where?: readonly string[];
  /** in place of `where` while DOCTORS_SEE=care */
  whereInCare?: readonly string[];
  /** elements that are not shown, and are kept as they are by a write */
  hide?: readonly string[];
  /** the only elements that are shown, beside those that are mandatory or change the meaning of others */
  show?: readonly string[];
  writes?: readonly WriteCondition[];
}

/** References that are looked up for the caller and put in the place of `{name}`; at most five seconds old. */
export interface ListPart {
  /** `Encounter?participant={user}` */
  search: string;
  /** the reference parameter whose values are meant, or `_id` */
  take: string;
  /** `participant`: elements of which one names the caller, or has what does, and is in its `period`, as all of it is */
  during?: string;
}

export interface Policy {
  role: string;
  title: string;
  description: string;
  lists?: Readonly<Record<string, readonly ListPart[]>>;
  grants: readonly Grant[];
  /** `$everything` anywhere, `Patient/$everything` of one type, `*` */
  operations: readonly string[];
  /** a role for oneself, which no organisation of the token narrows */
  isPersonal?: boolean;
  /** sees what patients denied by a consent: the patients themselves, and who must look after the server */
  ignoresConsents?: boolean;
  /** may see how searches were answered (`_explain`) */
  explains?: boolean;
  /** may see what labels and consents hide, by saying why (`X-Break-Glass`) */
  breaksGlass?: boolean;
  /** the highest confidentiality that is seen without it: http://terminology.hl7.org/CodeSystem/v3-Confidentiality; absent: N */
  clearance?: Clearance;
}

/** Names for lists of types that several policies share: profiles/access-policies/types.json. */
export type TypeGroups = Readonly<Record<string, readonly string[]>>;

export interface PolicyContext {
  definitions: Definitions;
  groups: TypeGroups;
  /** codes of operations, and `Type/$code` where there is one; undefined: not checked */
  operations?: ReadonlySet<string>;
}

const MEMBERS: Readonly<Record<string, 'text' | 'texts' | 'objects' | 'object' | 'flag'>> = {
  role: 'text',
  title: 'text',
  description: 'text',
  lists: 'object',
  grants: 'objects',
  operations: 'texts',
  explains: 'flag',
  ignoresConsents: 'flag',
  isPersonal: 'flag',
  breaksGlass: 'flag',
  clearance: 'text',
};
const GRANT_MEMBERS = new Set(['types', 'may', 'where', 'whereInCare', 'hide', 'show', 'writes']);
const ROLE = /^[a-z][a-z-]{1,40}$/;

/** As written in JSON: letters are one text there, and elements a list. */
interface WrittenGrant extends Omit<Grant, 'may' | 'writes'> {
  may?: unknown;
  writes?: readonly WrittenCondition[];
}

type WrittenCondition = Partial<Record<keyof WriteCondition, unknown>>;

/** The policy, or everything that is wrong with it. */
export function readPolicy(written: unknown, context: PolicyContext): { policy?: Policy; issues: Issue[] } {
  const issues: Issue[] = [];
  const refuse = (expression: string, diagnostics: string): void => {
    issues.push({ severity: 'error', code: 'value', diagnostics, expression });
  };
  if (typeof written !== 'object' || written === null || Array.isArray(written)) {
    refuse('policy', 'A policy is a JSON object');
    return { issues };
  }
  const policy = written as Record<string, unknown>;
  for (const name of Object.keys(policy)) if (!(name in MEMBERS)) refuse(`policy.${name}`, `A policy has no '${name}'`);
  for (const [name, kind] of Object.entries(MEMBERS)) {
    if (policy[name] === undefined) {
      if (['role', 'title', 'description', 'grants', 'operations'].includes(name))
        refuse(`policy.${name}`, 'is missing');
    } else if (!isOfKind(policy[name], kind)) refuse(`policy.${name}`, `must be ${KINDS[kind]}`);
  }
  if (issues.length > 0) return { issues };
  const { role, grants, operations, lists = {}, clearance } = policy as unknown as Policy & { grants: WrittenGrant[] };
  if (!ROLE.test(role)) refuse('policy.role', 'A role is named with small letters and hyphens');
  if (clearance !== undefined && !CLEARANCES.includes(clearance))
    refuse('policy.clearance', `must be one of ${CLEARANCES.join(', ')}`);
  for (const [name, parts] of Object.entries(lists)) {
    for (const problem of checkList(parts, context.definitions)) refuse(`policy.lists.${name}`, problem);
  }
  for (const operation of operations) {
    if (context.operations && operation !== '*' && !context.operations.has(operation))
      refuse('policy.operations', `There is no operation ${operation}`);
  }
  const names = new Set(Object.keys(lists));
  const read = grants.map((grant, index) => readGrant(grant, `policy.grants[${index}]`, { context, names, refuse }));
  return issues.length > 0 ? { issues } : { policy: { ...(policy as unknown as Policy), grants: read }, issues };
}

const KINDS = {
  text: 'a text',
  texts: 'a list of texts',
  objects: 'a list of objects',
  object: 'an object',
  flag: 'true or false',
} as const;

function isOfKind(value: unknown, kind: keyof typeof KINDS): boolean {
  const isObject = (one: unknown): boolean => typeof one === 'object' && one !== null && !Array.isArray(one);
  if (kind === 'text') return typeof value === 'string' && value !== '';
  if (kind === 'flag') return typeof value === 'boolean';
  if (kind === 'object') return isObject(value);
  return Array.isArray(value) && value.every((one) => (kind === 'texts' ? typeof one === 'string' : isObject(one)));
}

interface Checks {
  context: PolicyContext;
  names: ReadonlySet<string>;
  refuse: (expression: string, diagnostics: string) => void;
}

function readGrant(written: WrittenGrant, at: string, { context, names, refuse }: Checks): Grant {
  for (const name of Object.keys(written))
    if (!GRANT_MEMBERS.has(name)) refuse(`${at}.${name}`, `A grant has no '${name}'`);
  for (const name of ['types', 'where', 'whereInCare', 'hide', 'show'] as const) {
    if (
      name === 'types'
        ? !isOfKind(written.types, 'texts')
        : written[name] !== undefined && !isOfKind(written[name], 'texts')
    )
      refuse(`${at}.${name}`, 'must be a list of texts');
  }
  const may = lettersIn(written.may, LETTERS);
  if (!may) refuse(`${at}.may`, `must be letters of ${LETTERS.join('')}, each once`);
  const types = isOfKind(written.types, 'texts') ? typesOf(written.types, context) : [];
  for (const name of written.types ?? []) {
    if (name !== '*' && typesOf([name], context).length === 0)
      refuse(`${at}.types`, `There is no type or group ${name}`);
  }
  for (const member of ['where', 'whereInCare'] as const) {
    for (const text of written[member] ?? []) {
      for (const problem of checkCriteria(text, types, { definitions: context.definitions, names }))
        refuse(`${at}.${member}`, problem);
    }
  }
  if (written.hide && written.show) refuse(`${at}.hide`, 'Either hide or show');
  for (const problem of checkElements(types, written, context.definitions))
    refuse(`${at}.${written.hide ? 'hide' : 'show'}`, problem);
  const writes = (written.writes ?? []).map((condition, index) =>
    readCondition(condition, types, { at: `${at}.writes[${index}]`, context, refuse }),
  );
  return { ...written, may: may ?? [], ...(writes.length > 0 && { writes }) } as Grant;
}

const CONDITION_MEMBERS = new Set(['on', 'rule', 'changes', 'keeps', 'says']);

function readCondition(
  written: WrittenCondition,
  types: readonly string[],
  { at, context: { definitions }, refuse }: Omit<Checks, 'names'> & { at: string },
): WriteCondition {
  for (const name of Object.keys(written))
    if (!CONDITION_MEMBERS.has(name)) refuse(`${at}.${name}`, `A condition has no '${name}'`);
  const { rule, changes, keeps, says } = written;
  const isOfElements = changes !== undefined || keeps !== undefined;
  const on = lettersIn(written.on ?? (isOfElements ? 'u' : 'cud'), ['c', 'u', 'd']);
  if (!on) refuse(`${at}.on`, 'must be letters of cud, each once');
  else if (isOfElements && String(on) !== 'u') refuse(`${at}.on`, 'must be u: changes and keeps speak of updates');
  if (typeof says !== 'string') refuse(`${at}.says`, 'is missing: the caller is told it');
  if (rule !== undefined || !isOfElements) {
    const problem = checkCondition(rule);
    if (problem !== undefined) refuse(`${at}.rule`, problem);
  }
  const named = (member: 'changes' | 'keeps'): ReadonlySet<string> | undefined => {
    const names = written[member];
    if (names === undefined) return undefined;
    if (!isOfKind(names, 'texts')) {
      refuse(`${at}.${member}`, 'must be a list of texts');
      return undefined;
    }
    const known = (names as string[]).map((name) => types.flatMap((type) => elementsNamed(name, type, definitions)));
    for (const [index, found] of known.entries())
      if (types.length > 0 && found.length === 0)
        refuse(`${at}.${member}`, `${types.join(', ')} has no element ${(names as string[])[index]}`);
    return new Set(known.flat().map(({ name }) => name));
  };
  const [changing, keeping] = [named('changes'), named('keeps')];
  return {
    on: (on ?? []) as WriteCondition['on'],
    says: String(says),
    ...(typeof rule === 'string' && { rule }),
    ...(changing && { changes: changing }),
    ...(keeping && { keeps: keeping }),
  };
}

/** Of `deceased` all its forms, of `deceasedBoolean` one. */
const elementsNamed = (name: string, type: string, definitions: Definitions) =>
  [...(definitions.type(type)?.elements.values() ?? [])].filter(
    (element) => element.name === name || element.choice === name,
  );

function lettersIn(text: unknown, known: readonly Letter[]): Letter[] | undefined {
  if (typeof text !== 'string' || text === '') return undefined;
  const letters = [...text] as Letter[];
  const isRight = letters.every((letter) => known.includes(letter)) && new Set(letters).size === letters.length;
  return isRight ? letters : undefined;
}

/** The types that names, groups and `*` mean; unknown ones are left out. */
export function typesOf(
  names: readonly string[],
  { definitions, groups }: Pick<PolicyContext, 'definitions' | 'groups'>,
): string[] {
  const { resourceTypes } = definitions;
  return names.flatMap((name) => {
    if (name === '*') return [...resourceTypes];
    if (name.startsWith('#')) return groups[name.slice(1)] ?? [];
    return resourceTypes.includes(name) ? [name] : [];
  });
}

function checkList(parts: unknown, definitions: Definitions): string[] {
  if (!isOfKind(parts, 'objects')) return ['must be a list of { search, take, during? }'];
  return (parts as ListPart[]).flatMap(({ search, take, during }) => {
    const [, type = '', query = ''] = /^([A-Z][A-Za-z]+)\?(.+)$/.exec(search ?? '') ?? [];
    if (!definitions.resourceTypes.includes(type)) return [`${search} is not of the form Type?parameter=value`];
    const taken = definitions.searchParameters(type).get(take);
    const isElement = during === undefined || elementsNamed(during, type, definitions).length > 0;
    const problems = [
      ...checkCriteria(`?${query}`, [type], { definitions, names: new Set() }),
      ...(isElement ? [] : [`${type} has no element ${during}`]),
    ];
    return take === '_id' || taken?.type === 'reference'
      ? problems
      : [...problems, `${take} of ${type} is not a reference`];
  });
}

/** What must not be missing is never hidden: without it the rest would be read wrongly. */
function checkElements(types: readonly string[], { hide, show }: WrittenGrant, definitions: Definitions): string[] {
  return types.flatMap((type) =>
    (hide ?? show ?? []).flatMap((name) => {
      const elements = elementsNamed(name, type, definitions);
      if (elements.length === 0) return [`${type} has no element ${name}`];
      const isNeeded = elements.some(({ min, isModifier }) => min > 0 || isModifier);
      return hide && isNeeded
        ? [`${type}.${name} is mandatory, or changes the meaning of others: it cannot be hidden`]
        : [];
    }),
  );
}
