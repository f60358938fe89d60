// An AuditEvent in words: who did what to whose data, from where, and how it ended. Pure. What its elements mean is told in docs/audit.md.
import type { AuditEvent, AuditEventAgent, AuditEventEntity } from 'fhir/r4.js';

export interface ToldEvent {
  at: string;
  who: string;
  /** account or client, where it has a name besides */
  whoId?: string;
  roles: string[];
  /** app or system that asked */
  client?: string;
  address?: string;
  what: string;
  patients: string[];
  /** resources that were meant or written, with their versions */
  data: string[];
  /** accounts, apps … that were changed, with what is told of it: `role nurse` */
  actedOn: { kind: string; id: string; detail: string[] }[];
  /** method and address below the base */
  request?: string;
  requestId?: string;
  outcome: 'good' | 'warn' | 'bad';
  ended: string;
  reason?: string;
}

const deeds: Readonly<Record<string, string>> = {
  read: 'Read',
  vread: 'Read an earlier version',
  create: 'Created',
  update: 'Changed',
  patch: 'Changed',
  delete: 'Deleted',
  'search-type': 'Searched',
  'search-system': 'Searched',
  'history-instance': 'Read the history',
  'history-type': 'Read the history',
  'history-system': 'Read the history',
  operation: 'Ran an operation',
  batch: 'Sent a batch',
  transaction: 'Sent a transaction',
  capabilities: 'Asked what the server can do',
  '110122': 'Signed in',
  '110123': 'Signed out',
  '110137': 'Changed the account',
  '110136': 'Changed roles',
  '110120': 'A server started',
  '110121': 'A server stopped',
  '110101': 'The audit log was used',
};
const ENDINGS = { '0': ['good', 'done'], '4': ['warn', 'refused or wrong'], '8': ['bad', 'failed'] } as const;

export function tellEvent(event: AuditEvent, nameFor: (reference: string) => string): ToldEvent {
  const { recorded, agent, entity = [], outcome = '0', outcomeDesc, purposeOfEvent = [] } = event;
  const person = agent.find(({ requestor, altId }) => requestor && altId !== undefined);
  const app = agent.find(({ network, who }) => network !== undefined || who?.identifier !== undefined);
  const address = app?.network?.address;
  const client = app?.who?.identifier?.value;
  const request = requestIn(entity);
  const requestId = entity.find(({ type }) => type?.code === 'XrequestId')?.what?.identifier?.value;
  const [kind, ended] = ENDINGS[outcome as keyof typeof ENDINGS] ?? ['bad', outcome];
  const name = person?.who?.reference === undefined ? undefined : nameFor(person.who.reference);
  const reason = purposeOfEvent.find(({ text }) => text !== undefined)?.text;
  return {
    at: recorded,
    who: name ?? person?.altId ?? client ?? (address === undefined ? 'The server' : 'Nobody signed in'),
    ...(name !== undefined && person?.altId !== undefined && { whoId: person.altId }),
    roles: rolesOf(person),
    ...(client !== undefined && { client }),
    ...(address !== undefined && { address }),
    what: [deedOf(event), thingOf(entity, request)].filter(Boolean).join(': '),
    patients: entity.filter(isPatient).map(({ what }) => nameFor(what?.reference ?? '')),
    data: entity.filter((one) => one.role?.code === '4').flatMap(({ what }) => what?.reference ?? []),
    actedOn: entity.flatMap(actedOnIn),
    ...(request !== undefined && { request }),
    ...(requestId !== undefined && { requestId }),
    outcome: kind,
    ended: outcomeDesc === undefined ? ended : `${ended} (${outcomeDesc})`,
    ...(reason !== undefined && { reason }),
  };
}

/** What is most telling: a role that was changed says more than that an operation was run. */
function deedOf({ type, subtype = [] }: AuditEvent): string {
  const codes = subtype.flatMap(({ code }) => code ?? []).filter((code) => code in deeds);
  const telling = codes.find((code) => /^\d+$/.test(code)) ?? codes[0];
  return telling === undefined ? (type.display ?? type.code ?? 'Something else') : deeds[telling]!;
}

/** `Observation`, `$everything` */
function thingOf(entity: readonly AuditEventEntity[], request: string | undefined): string | undefined {
  const data = entity.find((one) => one.role?.code === '4')?.what?.reference;
  const path = request?.split(' ')[1]?.split('?')[0];
  const operation = /\$[a-z-]+$/.exec(path ?? '')?.[0];
  if (operation !== undefined) return operation;
  if (path !== undefined && path !== '') return path.split('/')[0];
  if (data !== undefined) return data.split('/')[0];
  return entity.some(isPatient) ? 'Patient' : undefined;
}

/** docs/audit.md */
function actedOnIn({ what, detail = [] }: AuditEventEntity): ToldEvent['actedOn'] {
  const { system = '', value } = what?.identifier ?? {};
  const kind = kinds[system.slice(system.lastIndexOf('/') + 1)];
  if (kind === undefined || value === undefined) return [];
  return [{ kind, id: value, detail: detail.map(({ type, valueString }) => `${type} ${valueString}`) }];
}

const kinds: Readonly<Record<string, string>> = {
  account: 'Account',
  client: 'App',
  invitation: 'Invitation',
  policy: 'Policy of the role',
};

const isPatient = ({ role }: AuditEventEntity): boolean => role?.code === '1';

const rolesOf = (agent: AuditEventAgent | undefined): string[] =>
  (agent?.role ?? []).flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));

function requestIn(entity: readonly AuditEventEntity[]): string | undefined {
  const query = entity.find((one) => one.query !== undefined)?.query;
  if (query === undefined) return undefined;
  const text = Buffer.from(query, 'base64').toString();
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
