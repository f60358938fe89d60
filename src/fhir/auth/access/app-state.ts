// What apps keep for themselves, in Basic: http://hl7.org/fhir/smart-app-launch/app-state.html. To an app every Basic is app state; which of
// them are its own is said by their codes (`{app-state}` in policies, oauth/app-states.ts).
import { FhirError } from '../../model/errors.ts';
import { withoutBase } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import type { Write } from '../../storage/store.ts';
import { deepEqual } from '../../validation/deep-equal.ts';
import type { Caller } from '../caller.ts';

const TYPE = 'Basic';
const LARGEST = 256 * 1024;
const SUBJECTS = ['Patient', 'Practitioner', 'PractitionerRole', 'RelatedPerson', 'Person'];

/** An app, for a person: neither one of our own pages nor a program that acts for itself. */
export const isApp = ({ kind, scopes }: Caller): boolean => kind === 'account' && scopes !== undefined;

export const isAppState = (type: string, caller: Caller): boolean => type === TYPE && isApp(caller);

/** Its token could get at some. */
export const mayKeepState = (caller: Caller): boolean =>
  isApp(caller) && caller.scopes!.some((scope) => /^(?:patient|user)\/(?:\*|Basic)\./.test(scope));

export const OUTSIDE =
  'This Basic is no state of this app: its one code is of the system that is the web address of the app, or one that the app was registered for, and its subject the patient or who is signed in';

/** What is gone is a failed precondition, and what is out of reach the same. */
export const stateGone = (id: string): FhirError =>
  new FhirError('precondition', `${TYPE}/${id} does not exist; create app state with POST ${TYPE}`);

/** What can be told from the write alone. */
export function checkState(write: Write): void {
  if (write.kind !== 'create' && write.ifVersion === undefined) {
    const message = `App state is ${write.kind === 'update' ? 'changed' : 'deleted'} under If-Match only, with the ETag that came with it`;
    throw new FhirError('precondition', message);
  }
  if (write.kind === 'delete') return;
  const { code, subject } = write.resource as { code?: { coding?: object[] }; subject?: { reference?: string } };
  if (code?.coding?.length !== 1)
    throw new FhirError('business-rule', 'App state has exactly one coding', { expression: `${TYPE}.code.coding` });
  if (subject !== undefined && !SUBJECTS.some((type) => subject.reference?.includes(`${type}/`)))
    throw new FhirError('business-rule', `App state is of ${SUBJECTS.join(', ')}, or of nobody`, {
      expression: `${TYPE}.subject`,
    });
  if (Buffer.byteLength(JSON.stringify(write.resource)) > LARGEST)
    throw new FhirError('too-large', `App state is of ${LARGEST} bytes at most`, { expression: TYPE });
}

export function checkKept(before: Resource, after: Resource): void {
  for (const name of ['subject', 'code'] as const) {
    if (!deepEqual(before[name], after[name]))
      throw new FhirError('precondition', `The ${name} of app state never changes; create another one`, {
        expression: `${TYPE}.${name}`,
      });
  }
}

/**
 * Apps name the subject by its address. Where the server is told its own (BASE_URL), search knows that; elsewhere such a reference would be one
 * to somewhere else, so it is kept as one to here.
 */
export function withSubjectHere(write: Write, ownBase: string | undefined): Write {
  if (write.kind === 'delete') return write;
  const { subject } = write.resource as { subject?: { reference?: string } };
  if (subject?.reference === undefined) return write;
  const reference = withoutBase(subject.reference, ownBase);
  return { ...write, resource: { ...write.resource, subject: { ...subject, reference } } };
}
