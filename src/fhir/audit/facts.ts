// What kind of event a record is, in the codes of AuditEvent. https://hl7.org/fhir/R4/auditevent.html, and the patterns of IHE BALP
// (https://profiles.ihe.net/ITI/BALP/) where they say more.
import type { AuditRecord, RecordKind } from './record.ts';

export interface Code {
  system: string;
  code: string;
  display: string;
}

export interface Facts {
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  type: Code;
  subtypes: readonly Code[];
  outcome: '0' | '4' | '8';
}

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const dcm = (code: string, display: string): Code => ({ system: DCM, code, display });
export const REST: Code = {
  system: 'http://terminology.hl7.org/CodeSystem/audit-event-type',
  code: 'rest',
  display: 'RESTful Operation',
};
const interaction = (code: string): Code => ({
  system: 'http://hl7.org/fhir/restful-interaction',
  code,
  display: code,
});

const AUTHENTICATION = dcm('110114', 'User Authentication');
const ACTIVITY = dcm('110100', 'Application Activity');
const ALERT = dcm('110113', 'Security Alert');
const OVERRIDE = dcm('110127', 'Emergency Override Started');

type Row = readonly [action: Facts['action'], subtype: string];

const interactions: Readonly<Record<Exclude<RecordKind, 'unknown' | 'sign-in' | 'log' | 'bundle'>, Row>> = {
  read: ['R', 'read'],
  vread: ['R', 'vread'],
  create: ['C', 'create'],
  update: ['U', 'update'],
  'update-conditional': ['U', 'update'],
  patch: ['U', 'patch'],
  'patch-conditional': ['U', 'patch'],
  delete: ['D', 'delete'],
  'delete-conditional': ['D', 'delete'],
  'search-type': ['E', 'search-type'],
  'search-compartment': ['E', 'search-type'],
  'search-system': ['E', 'search-system'],
  'history-instance': ['R', 'history-instance'],
  'history-type': ['R', 'history-type'],
  'history-system': ['R', 'history-system'],
  capabilities: ['R', 'capabilities'],
  operation: ['E', 'operation'],
  'async-status': ['R', 'operation'],
};

/** What happens to an account or a session. */
export const signIns = {
  login: dcm('110122', 'Login'),
  logout: dcm('110123', 'Logout'),
  /** password, code, e-mail address, lockout, deactivation */
  account: dcm('110137', 'User Security Attributes Changed'),
  /** what an app may do for someone */
  consent: dcm('110137', 'User Security Attributes Changed'),
  roles: dcm('110136', 'Security Roles Changed'),
  /** somebody asked what a token stands for */
  introspection: {
    system: 'https://wardgate.dev/fhir/CodeSystem/audit-event',
    code: 'introspection',
    display: 'Token Introspection',
  },
} as const satisfies Record<string, Code>;

/** Operations that change an account or a session. */
const accountActs: Readonly<Record<string, Code>> = {
  logout: signIns.logout,
  'end-session': signIns.logout,
  'change-password': signIns.account,
  'reset-password': signIns.account,
  'change-email': signIns.account,
  'confirm-email': signIns.account,
  'recover-account': signIns.account,
  'remove-identity-link': signIns.account,
  deactivate: signIns.account,
  reactivate: signIns.account,
  'set-limits': signIns.account,
  'register-client': signIns.account,
  'change-client': signIns.account,
  'disable-client': signIns.account,
  'enable-client': signIns.account,
  'remove-client': signIns.account,
  register: signIns.account,
  approve: signIns.roles,
  'withdraw-role': signIns.roles,
  'change-access-policy': signIns.roles,
  invite: signIns.roles,
  'revoke-invitation': signIns.roles,
  'accept-invitation': signIns.roles,
};

const logActs: Readonly<Record<string, Code>> = {
  start: dcm('110120', 'Application Start'),
  end: dcm('110121', 'Application Stop'),
};
const LOG_USED = dcm('110101', 'Audit Log Used');

export function factsOf(record: Pick<AuditRecord, 'kind' | 'code' | 'status' | 'glass'>): Facts {
  const { kind, code = '', status, glass } = record;
  const outcome = status < 400 ? '0' : status < 500 ? '4' : '8';
  const extra = [...(status === 401 || status === 403 ? [ALERT] : []), ...(glass === undefined ? [] : [OVERRIDE])];
  const facts = (action: Facts['action'], type: Code, ...subtypes: Code[]): Facts => ({
    action,
    type,
    subtypes: [...subtypes, ...extra],
    outcome,
  });
  switch (kind) {
    case 'sign-in':
      return facts(
        'E',
        AUTHENTICATION,
        Object.hasOwn(signIns, code) ? signIns[code as keyof typeof signIns] : signIns.account,
      );
    case 'log':
      return facts('E', ACTIVITY, logActs[code] ?? LOG_USED);
    case 'unknown':
      return facts('E', REST);
    case 'bundle':
      return facts('E', REST, interaction(code === 'transaction' ? 'transaction' : 'batch'));
    default: {
      const [action, subtype] = interactions[kind];
      const act = kind === 'operation' && Object.hasOwn(accountActs, code) ? [accountActs[code]!] : [];
      return facts(action, REST, interaction(subtype), ...act);
    }
  }
}
