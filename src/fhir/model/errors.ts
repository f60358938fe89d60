// The one error class and the one table from error kinds to HTTP status and issue type.
// https://hl7.org/fhir/R4/http.html#Status-Codes and https://hl7.org/fhir/R4/valueset-issue-type.html

/** kind → HTTP status and OperationOutcome.issue.code */
export const errorKinds = {
  /** the body or a parameter cannot be understood */
  invalid: { status: 400, issue: 'invalid' },
  /** JSON is broken, an element is unknown, too often or missing where the base definition forbids it */
  structure: { status: 400, issue: 'structure' },
  required: { status: 400, issue: 'required' },
  value: { status: 400, issue: 'value' },
  'code-invalid': { status: 400, issue: 'code-invalid' },
  /** the content breaks an invariant or a profile */
  invariant: { status: 422, issue: 'invariant' },
  /** the content breaks a rule of the hospital or of this server */
  'business-rule': { status: 422, issue: 'business-rule' },
  'not-found': { status: 404, issue: 'not-found' },
  deleted: { status: 410, issue: 'deleted' },
  /** someone else was faster, or the state of things does not allow it */
  conflict: { status: 409, issue: 'conflict' },
  duplicate: { status: 409, issue: 'duplicate' },
  /** If-Match failed */
  precondition: { status: 412, issue: 'conflict' },
  'multiple-matches': { status: 412, issue: 'multiple-matches' },
  login: { status: 401, issue: 'login' },
  forbidden: { status: 403, issue: 'forbidden' },
  'not-supported': { status: 400, issue: 'not-supported' },
  'unknown-endpoint': { status: 404, issue: 'not-supported' },
  'method-not-allowed': { status: 405, issue: 'not-supported' },
  'not-acceptable': { status: 406, issue: 'not-supported' },
  'media-type': { status: 415, issue: 'not-supported' },
  'too-large': { status: 413, issue: 'too-long' },
  'too-costly': { status: 403, issue: 'too-costly' },
  throttled: { status: 429, issue: 'throttled' },
  timeout: { status: 503, issue: 'timeout' },
  transient: { status: 503, issue: 'transient' },
  'not-configured': { status: 503, issue: 'not-supported' },
  exception: { status: 500, issue: 'exception' },
} as const satisfies Record<string, { status: number; issue: string }>;

export type ErrorKind = keyof typeof errorKinds;

/** One finding: what is wrong and where (`expression` is a FHIRPath such as `Patient.name[0].given`). */
export interface Issue {
  severity: 'fatal' | 'error' | 'warning' | 'information';
  code: string;
  diagnostics: string;
  expression?: string;
}

export interface FhirErrorOptions {
  expression?: string;
  /** several findings at once; `message` is then only a summary for the log */
  issues?: readonly Issue[];
  /** extra response headers, for example `Allow` or `Retry-After` */
  headers?: Readonly<Record<string, string>>;
  /** the value that was refused (a Write, say), so that a transaction of many can name the entry it came from */
  about?: object;
  cause?: unknown;
}

/** Every refusal in Wardgate. The HTTP room, batch entries and bulk files turn it into an OperationOutcome. */
export class FhirError extends Error {
  readonly kind: ErrorKind;
  readonly issues: readonly Issue[];
  readonly headers: Readonly<Record<string, string>>;
  readonly about: object | undefined;

  constructor(kind: ErrorKind, message: string, options: FhirErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FhirError';
    this.kind = kind;
    this.headers = options.headers ?? {};
    this.about = options.about;
    this.issues = options.issues ?? [
      {
        severity: 'error',
        code: errorKinds[kind].issue,
        diagnostics: message,
        ...(options.expression === undefined ? {} : { expression: options.expression }),
      },
    ];
  }

  get status(): number {
    return errorKinds[this.kind].status;
  }
}

export const notFound = (type: string, id: string): FhirError =>
  new FhirError('not-found', `${type}/${id} does not exist`);

export const gone = (type: string, id: string, version: number): FhirError =>
  new FhirError('deleted', `${type}/${id} was deleted`, { headers: { ETag: `W/"${version}"` } });
