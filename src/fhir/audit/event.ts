// A record as the AuditEvent it stands for: https://hl7.org/fhir/R4/auditevent.html, after the patterns of IHE BALP 1.1
// (https://profiles.ihe.net/ITI/BALP/): who (user, client, server), the patient, the data or the query, the request.
import { OWNER_SYSTEM } from '../auth/access/owners.ts';
import type { ActedOn } from '../interactions/call.ts';
import type { Resource } from '../model/resource.ts';
import { type Code, factsOf } from './facts.ts';
import type { Part } from './parts.ts';
import { type AuditRecord, eventId, type NewRecord } from './record.ts';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const APPLICATION = coding(DCM, '110150', 'Application');
const DESTINATION = coding(DCM, '110152', 'Destination Role ID');
const SOURCE = coding(DCM, '110153', 'Source Role ID');
const RECIPIENT = coding('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'IRCP', 'information recipient');
const AUTHOR = coding('http://terminology.hl7.org/CodeSystem/v3-ParticipationType', 'AUT', 'author (originator)');
const BREAK_THE_GLASS = coding('http://terminology.hl7.org/CodeSystem/v3-ActReason', 'BTG', 'break the glass');
const ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
const PERSON = coding(ENTITY_TYPE, '1', 'Person');
const SYSTEM_OBJECT = coding(ENTITY_TYPE, '2', 'System Object');
const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role';
const PATIENT_ROLE = coding(OBJECT_ROLE, '1', 'Patient');
const DOMAIN_RESOURCE = coding(OBJECT_ROLE, '4', 'Domain Resource');
const ROLE_OF: Readonly<Record<ActedOn['kind'], ReturnType<typeof coding>>> = {
  account: coding(OBJECT_ROLE, '11', 'Security User Entity'),
  client: coding(OBJECT_ROLE, '11', 'Security User Entity'),
  invitation: coding(OBJECT_ROLE, '13', 'Security Resource'),
  policy: coding(OBJECT_ROLE, '13', 'Security Resource'),
};
/** of the ids of what is no resource */
export const idSystemOf = (kind: ActedOn['kind']): string => `https://wardgate.dev/fhir/${kind}`;
const QUERY_ROLE = coding(OBJECT_ROLE, '24', 'Query');
const REQUEST_ID = coding('https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType', 'XrequestId', undefined);
const SERVER_TYPE = coding('http://terminology.hl7.org/CodeSystem/security-source-type', '4', 'Application Server');
export const ROLES = 'https://wardgate.dev/fhir/CodeSystem/role';

const IP_ADDRESS = '2';
const SERVER = { display: 'Wardgate' };

function coding(
  system: string,
  code: string,
  display: string | undefined,
): { system: string; code: string; display?: string } {
  return { system, code, ...(display !== undefined && { display }) };
}

const plain = ({ system, code, display }: Code) => ({ system, code, display });

/** `part` of the record, as parts.ts cuts it. */
export function eventOf(chain: string, { part, record }: Part): Resource {
  const { n, at, status, refusal, glass } = record;
  const { action, type, subtypes, outcome } = factsOf(record);
  const time = new Date(at).toISOString();
  const owner = ownerOf(record);
  return {
    resourceType: 'AuditEvent',
    id: eventId(chain, n, part),
    meta: {
      versionId: '1',
      lastUpdated: time,
      ...(owner !== undefined && { security: [{ system: OWNER_SYSTEM, code: owner }] }),
    },
    type: plain(type),
    ...(subtypes.length > 0 && { subtype: subtypes.map(plain) }),
    action,
    recorded: time,
    outcome,
    ...(status >= 400 && { outcomeDesc: refusal === undefined ? String(status) : `${status} ${refusal}` }),
    ...(glass !== undefined && { purposeOfEvent: [{ coding: [BREAK_THE_GLASS], text: glass }] }),
    agent: agentsOf(record),
    source: { observer: SERVER, type: [SERVER_TYPE] },
    ...entitiesOf(record),
  };
}

/** An organisation sees what was done for it (docs/adr/0019); what was done for several at once, nobody who is bound to one. */
export const ownerOf = ({ organizations = [] }: Pick<AuditRecord, 'organizations'>): string | undefined =>
  organizations.length === 1 ? organizations[0] : undefined;

function agentsOf(record: AuditRecord): object[] {
  const { kind, by, isClient, client, user, roles = [], organizations = [], token, address } = record;
  const server = (role: object): object => ({ type: { coding: [role] }, who: SERVER, requestor: false });
  if (kind === 'log') return [server(APPLICATION)];
  const { action } = factsOf(record);
  const [clientRole, serverRole] = action === 'R' ? [DESTINATION, SOURCE] : [SOURCE, DESTINATION];
  const policy = token === undefined ? {} : { policy: [`urn:ietf:params:oauth:jti:${token}`] };
  const person =
    by === undefined || isClient
      ? []
      : [
          {
            type: { coding: [action === 'R' || action === 'E' ? RECIPIENT : AUTHOR] },
            ...(roles.length > 0 && { role: roles.map(heldRole) }),
            ...(user !== undefined && { who: { reference: user } }),
            altId: by,
            requestor: true,
            ...policy,
          },
        ];
  const app = {
    type: { coding: [clientRole] },
    ...(client !== undefined && { who: { identifier: { value: client } } }),
    ...(isClient && by !== undefined && { altId: by, ...policy }),
    requestor: person.length === 0,
    ...(address !== '' && { network: { address, type: IP_ADDRESS } }),
  };
  const houses = organizations.map((id) => ({ who: { reference: `Organization/${id}` }, requestor: false }));
  return [...person, app, server(serverRole), ...houses];
}

function entitiesOf(record: AuditRecord): { entity?: object[] } {
  const { kind, request, entry, patients = [], wrote = [], about = [], url, method, times } = record;
  const named = dataOf(record);
  const entities = [
    ...patients.map((id) => ({ what: { reference: `Patient/${id}` }, type: PERSON, role: PATIENT_ROLE })),
    ...[...(named === undefined ? [] : [named]), ...wrote].map((reference) => ({
      what: { reference },
      type: SYSTEM_OBJECT,
      role: DOMAIN_RESOURCE,
    })),
    ...about.map(({ kind: what, id, detail = {} }) => ({
      what: { identifier: { system: idSystemOf(what), value: id } },
      type: what === 'account' ? PERSON : SYSTEM_OBJECT,
      role: ROLE_OF[what],
      ...(Object.keys(detail).length > 0 && {
        detail: Object.entries(detail).map(([type, valueString]) => ({ type, valueString })),
      }),
    })),
    ...(url === undefined
      ? []
      : [{ type: SYSTEM_OBJECT, role: QUERY_ROLE, query: Buffer.from(`${method ?? ''} ${url}`).toString('base64') }]),
    ...(request === undefined
      ? []
      : [
          {
            what: { identifier: { value: request } },
            type: REQUEST_ID,
            ...(entry !== undefined && { detail: [{ type: 'Bundle.entry', valueString: String(entry) }] }),
          },
        ]),
    ...(times === undefined
      ? []
      : [{ type: SYSTEM_OBJECT, detail: [{ type: 'equal refusals before', valueString: String(times) }] }]),
    ...(kind === 'log' ? headsOf(record) : []),
  ];
  return entities.length === 0 ? {} : { entity: entities };
}

/** `Observation/o1/_history/2`, where one resource is meant. A Patient stands among the patients already, unless it is another version's. */
export function dataOf({ type, id, version, kind }: NewRecord): string | undefined {
  if (type === undefined || id === undefined || kind === 'search-compartment') return undefined;
  return version === undefined ? `${type}/${id}` : `${type}/${id}/_history/${version}`;
}

const headsOf = ({ heads = [] }: AuditRecord): object[] =>
  heads.map(({ chain, n, hash }) => ({
    type: SYSTEM_OBJECT,
    name: `${chain} ${n}`,
    detail: [{ type: 'hash', valueString: hash }],
  }));

/** `doctor@h1`, where it is held at one place only, is found as `doctor`. */
function heldRole(role: string): object {
  const [code] = role.split('@');
  return { coding: [{ system: ROLES, code }], ...(code !== role && { text: role }) };
}
