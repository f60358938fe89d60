// What an interaction is given and what it answers. The HTTP room makes calls from requests; batch and transaction make them
// from entries; so every way in is the same way in.
import type { Caller } from '../auth/caller.ts';
import type { Canonicals } from '../conformance/canonicals.ts';
import type { Definitions } from '../definitions/definitions.ts';
import type { Issue } from '../model/errors.ts';
import type { Resource } from '../model/resource.ts';
import type { Store } from '../storage/store.ts';
import type { Terminology } from '../terminology/terminology.ts';
import type { ProfileValidator } from '../validation/profiles/validator.ts';

/** https://hl7.org/fhir/R4/http.html — the closed set of what a request can be, as read from method and path by http/grammar.ts */
export type Target =
  | { kind: 'capabilities' }
  | { kind: 'read'; type: string; id: string }
  | { kind: 'vread'; type: string; id: string; version: string }
  | { kind: 'create'; type: string }
  | { kind: 'update'; type: string; id: string }
  | { kind: 'update-conditional'; type: string }
  | { kind: 'patch'; type: string; id: string }
  | { kind: 'patch-conditional'; type: string }
  | { kind: 'delete'; type: string; id: string }
  | { kind: 'delete-conditional'; type: string }
  | { kind: 'search-type'; type: string }
  | { kind: 'search-compartment'; compartment: string; id: string; type: string }
  | { kind: 'search-system' }
  | { kind: 'history-instance'; type: string; id: string }
  | { kind: 'history-type'; type: string }
  | { kind: 'history-system' }
  | { kind: 'bundle' }
  /** `version`: of one version of an instance, which only few operations are for */
  | {
      kind: 'operation';
      level: 'system' | 'type' | 'instance';
      type?: string;
      id?: string;
      version?: string;
      code: string;
    }
  /** the status URL of work that runs on the queue: https://hl7.org/fhir/R4/async.html */
  | { kind: 'async-status'; id: string };

export interface Call {
  target: Target;
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** query parameters (and a _search form's body) in order; never pre-merged */
  query: readonly (readonly [name: string, value: string])[];
  /** lower-case names: if-match, if-none-match, if-none-exist, if-modified-since, prefer, content-type … */
  headers: Readonly<Record<string, string | undefined>>;
  /** parsed JSON where the request had a body; lossless, see model/json.ts. Of a patch: the bytes, of the format content-type says */
  body?: unknown;
  /** of an operation: what its XML holds that is not FHIR and so is not in `body`. JSON keeps such things, to be found later */
  bodyIssues?: readonly Issue[];
  /** the service base without a slash at the end, for example http://127.0.0.1:3000/fhir */
  base: string;
  /** the correlation id of the request */
  id: string;
  /** already narrowed to what the caller may see */
  store: Store;
  /** who asks; absent with AUTH=off */
  caller?: Caller;
  /** absent where nothing is written down (AUTH=off) */
  trail?: Trail;
  /** of an operation: what it acts on that is no resource, for the audit trail */
  about?(acted: ActedOn): void;
}

/** An account, an application, an invitation, the policy of a role. `detail` in words that may be on record: no names, no addresses. */
export interface ActedOn {
  kind: 'account' | 'client' | 'invitation' | 'policy';
  id: string;
  detail?: Readonly<Record<string, string>>;
}

/** Watches what becomes of a call, for the audit trail. */
export interface Trail {
  follow(call: Call, run: Dispatch): Promise<Answer>;
  /** of an entry of a Bundle, which is a call of its own */
  entry(index: number): Trail;
}

export interface Answer {
  status: number;
  /** exact bytes (a stored version) or a value to be written as JSON; absent: no body */
  body?: Buffer | Resource;
  /** version and time of the one resource the answer is about: becomes ETag and Last-Modified */
  version?: number;
  lastUpdated?: number;
  /** `Type/id/_history/n`, made absolute against the base */
  location?: string;
  /** below the base: where the work can be watched that goes on in the background; becomes a Link of relation `status` (RFC 8631) */
  progress?: string;
  headers?: Record<string, string>;
  /** findings that did not stop a write, for `Prefer: return=OperationOutcome` */
  findings?: readonly Issue[];
  /** what a client is told of a write whatever it prefers */
  warnings?: readonly Issue[];
}

/** One kind of request and its story. `dispatch.ts` proves that every kind has one. */
export type Interaction<Kind extends Target['kind'] = Target['kind']> = (
  call: Call,
  target: Extract<Target, { kind: Kind }>,
) => Promise<Answer>;

/** Runs any call: the one way in for HTTP requests and for the entries of a batch. */
export type Dispatch = (call: Call) => Promise<Answer>;

/** What interactions share; built once in main.ts. */
export interface Engine {
  definitions: Definitions;
  canonicals: Canonicals;
  terminology: Terminology;
  validator: ProfileValidator;
  now: () => number;
  settings: EngineSettings;
}

export interface EngineSettings {
  /** BASE_URL as configured: absolute references that begin with it are references to this server's own resources */
  baseUrl: string | undefined;
  /** refuse a write whose literal references point to nothing */
  checkReferences: boolean;
  /** refuse a delete of what others refer to */
  refuseDeleteOfReferenced: boolean;
  /** profiles claimed in meta.profile: https://hl7.org/fhir/R4/resource.html#Meta */
  validationProfiles: 'off' | 'warn' | 'refuse';
  /** resource type and canonical of a profile that every write must meet */
  validationEnforced: readonly (readonly [type: string, canonical: string])[];
  /** refuse what breaks an invariant of the base specification */
  validationInvariants: boolean;
  /** largest body of one resource and of a Bundle, bytes */
  maxResourceBytes: number;
  maxBundleBytes: number;
  defaultPageSize: number;
  maxPageSize: number;
  /** of which texts the words can be searched; absent: of narratives */
  fullText?: 'off' | 'narrative' | 'all';
  /** IANA name; days of slots and dates without a zone follow it */
  timeZone: string;
}
