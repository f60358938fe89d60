// The one decision: may this caller make this kind of request at all? Which resources it then sees is the narrowed store's to say.
import type { Target } from '../../interactions/call.ts';
import { FhirError } from '../../model/errors.ts';
import type { Letter } from './policy.ts';
import type { Rights } from './rights.ts';

/** SMART letters that an operation needs besides being allowed to its caller: `Slot.r`, `Appointment.cu`, `*.rs` of the type it is called on. */
export interface Needs {
  needs: readonly string[];
  affectsState: boolean;
}

/** undefined: there is no such operation, as the registry will say */
export type NeedsOf = (target: Extract<Target, { kind: 'operation' }>) => Needs | undefined;

type Ask<Kind extends Target['kind']> = (
  rights: Rights,
  target: Extract<Target, { kind: Kind }>,
  needsOf: NeedsOf,
) => boolean;

const onType =
  <
    Kind extends
      | 'read'
      | 'vread'
      | 'create'
      | 'update'
      | 'update-conditional'
      | 'patch'
      | 'patch-conditional'
      | 'delete'
      | 'delete-conditional'
      | 'search-type',
  >(
    letter: Letter,
  ): Ask<Kind> =>
  (rights, target) =>
    rights.may((target as { type: string }).type, letter);

const always = (): boolean => true;

const asks = {
  capabilities: always,
  read: onType('r'),
  vread: onType('r'),
  create: onType('c'),
  update: onType('u'),
  'update-conditional': onType('u'),
  patch: onType('u'),
  'patch-conditional': onType('u'),
  delete: onType('d'),
  'delete-conditional': onType('d'),
  'search-type': onType('s'),
  // what of several types is not the caller's to search is not found
  'search-compartment': (rights, { type }) => (type === '*' ? isSignedIn(rights) : rights.may(type, 's')),
  'search-system': isSignedIn,
  'history-instance': (rights, { type }) => rights.mayHistory('instance', type),
  'history-type': (rights, { type }) => rights.mayHistory('type', type),
  'history-system': (rights) => rights.mayHistory('system'),
  // its entries are decided one by one
  bundle: isSignedIn,
  operation: mayRun,
  // who did not start the work is told that there is none (operations/async.ts)
  'async-status': always,
} satisfies { [Kind in Target['kind']]: Ask<Kind> };

/** Throws where no resource whatever could be meant: `login` where signing in could help, else `forbidden`. */
export function decide(rights: Rights, target: Target, needsOf: NeedsOf): void {
  if ((asks[target.kind] as Ask<Target['kind']>)(rights, target, needsOf)) return;
  const what = nameOf(target);
  if (rights.caller.kind === 'anonymous')
    throw new FhirError('login', `Sign in to use ${what}`, { headers: { 'WWW-Authenticate': 'Bearer realm="fhir"' } });
  const roles = rights.caller.roles.join(', ');
  throw new FhirError(
    'forbidden',
    `${what} is not for ${roles === '' ? 'you' : `the role ${roles}`}${rights.caller.scopes ? ' with this token' : ''}`,
  );
}

function isSignedIn({ caller }: Rights): boolean {
  return caller.kind !== 'anonymous';
}

function mayRun(rights: Rights, target: Extract<Target, { kind: 'operation' }>, needsOf: NeedsOf): boolean {
  const { code, type } = target;
  const operation = needsOf(target);
  if (operation === undefined) return isSignedIn(rights);
  const { needs, affectsState } = operation;
  if (!rights.mayRun(code, type)) return false;
  return needs.every((need) => isMet(rights, need, { type, affectsState }));
}

function isMet(
  rights: Rights,
  need: string,
  { type, affectsState }: { type: string | undefined; affectsState: boolean },
): boolean {
  const dot = need.lastIndexOf('.');
  const named = need.slice(0, dot);
  const letters = [...need.slice(dot + 1)] as Exclude<Letter, 'h'>[];
  const of = named === '*' ? type : named;
  if (of !== undefined) return letters.every((letter) => rights.may(of, letter));
  // on the whole server: to change it one must reach all of it; what is only found is narrowed
  return !affectsState || letters.every((letter) => rights.mayOnAll(letter));
}

function nameOf(target: Target): string {
  if (target.kind === 'operation') return `${target.type === undefined ? '' : `${target.type}/`}$${target.code}`;
  return 'type' in target ? `${target.kind} of ${target.type}` : target.kind;
}
