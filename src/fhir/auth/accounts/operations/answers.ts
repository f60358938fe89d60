// What the operations of accounts share: who they ask, and how an account, a code on its way and tokens are answered.
import type { Reference } from 'fhir/r4.js';
import { FhirError } from '../../../model/errors.ts';
import { answerWith, type OperationAnswer, type OperationContext } from '../../../operations/operation.ts';
import type { Caller } from '../../caller.ts';
import type { TokenSet } from '../../tokens.ts';
import type { Accounts } from '../accounts.ts';
import { type AccountDocument, fhirUserOf } from '../documents.ts';
import type { RoleCode } from '../roles.ts';

export function accountsOf({ parts }: Pick<OperationContext, 'parts'>): Accounts {
  if (parts.accounts === undefined) throw new FhirError('not-configured', 'Nobody signs in here: AUTH is off');
  return parts.accounts as Accounts;
}

/** Secrets are kept by nobody on the way. https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
export const secretly = <Output>(output: Output): OperationAnswer<Output> =>
  answerWith({ status: 200, headers: { 'Cache-Control': 'no-store' }, output });

/** `operation`: for which the code is */
export const codeSent = (accounts: Accounts, { challenge }: { challenge: string }, operation = 'verify-otp') =>
  secretly({ challenge, expiresIn: accounts.codeSeconds, message: accounts.whereCodesAre(operation) });

export const tokensOf = ({ accessToken, refreshToken, expiresIn }: TokenSet) => ({
  accessToken,
  tokenType: 'bearer',
  expiresIn,
  refreshToken,
});

interface ShownReference {
  reference: string;
  display?: string;
}

interface ShownRole {
  code: RoleCode;
  status: string;
  organization?: ShownReference;
  department?: string;
}

export interface ShownAccount {
  id: string;
  email: string;
  firstName: string;
  lastName: string;
  phone?: string;
  status: string;
  role?: ShownRole[];
  fhirUser?: { reference: string };
  actsFor?: ShownReference[];
  createdAt: string;
  lastSignInAt?: string;
  limits?: string;
}

/** `names`: by reference, of what the account speaks of */
export function shown(account: AccountDocument, names: ReadonlyMap<string, string> = new Map()): ShownAccount {
  const { _id: id, email, firstName, lastName, phone, roles, proxies, createdAt, lastSignInAt, limits } = account;
  const who = fhirUserOf(account);
  const named = (reference: string): ShownReference => {
    const display = names.get(reference);
    return { reference, ...(display !== undefined && { display }) };
  };
  return {
    id,
    email,
    firstName,
    lastName,
    ...(phone !== undefined && { phone }),
    status: statusOf(account),
    ...(roles.length > 0 && {
      role: roles.map(({ code, status, organization, department }) => ({
        code,
        status,
        ...(organization !== undefined && { organization: named(`Organization/${organization}`) }),
        ...(department !== undefined && { department }),
      })),
    }),
    ...(who !== undefined && { fhirUser: { reference: `${who.type}/${who.id}` } }),
    ...(proxies.length > 0 && { actsFor: proxies.map(({ patient }) => named(`Patient/${patient}`)) }),
    createdAt: createdAt.toISOString(),
    ...(lastSignInAt !== undefined && { lastSignInAt: lastSignInAt.toISOString() }),
    ...(limits !== undefined && { limits }),
  };
}

/** Somebody of whom no role is approved yet may sign in, and see that. */
function statusOf({ status, roles }: AccountDocument): string {
  if (status === 'deactivated') return status;
  return roles.length === 0 || roles.some((role) => role.status === 'active') ? 'active' : 'pending';
}

/** of a parameter that is a Reference to an Organization */
export const organizationIn = (reference: Reference | undefined): { organization?: string } =>
  reference === undefined ? {} : { organization: idIn(reference, 'Organization', 'organization') };

export function idIn({ reference = '' }: Reference, type: string, expression: string): string {
  const [, named, id] = /^(?:.*\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})$/.exec(reference) ?? [];
  if (named === type && id !== undefined) return id;
  throw new FhirError('value', `${expression} is not of the form ${type}/id`, { expression });
}

export const sessionOf = ({ id, token }: Pick<Caller, 'id'> & { token: { grant: string } }) => ({
  account: id,
  grant: token.grant,
});
