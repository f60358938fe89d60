// What is kept of accounts, in collections of their own beside the resources (docs/adr/0020-accounts.md). No index besides `_id` is
// unique: sharding forbids it. That an address has one account is kept by its claim, whose `_id` is the address.
import { type Connection, Schema } from 'mongoose';
import type {
  AccountDocument,
  ActsFor,
  EmailClaim,
  Failures,
  HeldRole,
  Invitation,
  Registration,
} from './documents.ts';

const text = { type: String, required: true };
const date = { type: Date, required: true };
const options = { versionKey: false, minimize: false } as const;
const part = { _id: false } as const;

const heldRole = new Schema<HeldRole>(
  {
    code: text,
    status: { ...text, enum: ['active', 'pending'] },
    organization: String,
    department: String,
    practitionerRole: String,
    since: date,
    by: String,
  },
  part,
);

const account = new Schema<AccountDocument>(
  {
    _id: text,
    email: text,
    firstName: text,
    lastName: text,
    phone: String,
    status: { ...text, enum: ['active', 'deactivated'] },
    reason: String,
    roles: [heldRole],
    practitioner: String,
    patient: String,
    proxies: [new Schema<ActsFor>({ patient: text, relatedPerson: text, since: date }, part)],
    password: text,
    lastPasswords: [String],
    passwordChangedAt: date,
    limits: String,
    places: [new Schema({ hash: text, at: date }, part)],
    words: [String],
    sortName: text,
    lastSignInAt: Date,
    createdAt: date,
    updatedAt: date,
  },
  options,
);
account.index({ email: 1 });
account.index({ sortName: 1, _id: 1 });
account.index({ words: 1, sortName: 1, _id: 1 });
account.index({ 'roles.code': 1, sortName: 1, _id: 1 });
account.index({ 'proxies.patient': 1 });

const emailClaim = new Schema<EmailClaim>({ _id: text, account: text }, options);

const ends = { expireAfterSeconds: 0 };

const registration = new Schema<Registration>(
  {
    _id: text,
    email: text,
    firstName: text,
    lastName: text,
    phone: String,
    gender: String,
    birthDate: String,
    password: text,
    roles: [heldRole],
    invitation: String,
    endsAt: date,
  },
  options,
);
registration.index({ endsAt: 1 }, ends);

const invitation = new Schema<Invitation>(
  {
    _id: text,
    ref: text,
    email: String,
    firstName: String,
    lastName: String,
    role: String,
    carer: new Schema({ patient: text, relationship: String }, part),
    organization: String,
    department: String,
    by: String,
    createdAt: date,
    endsAt: date,
    usedAt: Date,
  },
  options,
);
invitation.index({ createdAt: -1 });
invitation.index({ ref: 1 });
// whoever asks why a link no longer works is told so for a month
invitation.index({ endsAt: 1 }, { expireAfterSeconds: 30 * 24 * 3600 });

const failures = new Schema<Failures>(
  { _id: text, count: { type: Number, required: true }, until: date, endsAt: date },
  options,
);
failures.index({ endsAt: 1 }, ends);

export type Models = ReturnType<typeof createModels>;

export function createModels(connection: Connection) {
  const accounts = connection.model('Account', account, 'accounts');
  const emails = connection.model('EmailClaim', emailClaim, 'account_emails');
  const registrations = connection.model('Registration', registration, 'account_registrations');
  const invitations = connection.model('Invitation', invitation, 'account_invitations');
  const failed = connection.model('Failures', failures, 'account_failures');
  return {
    accounts,
    emails,
    registrations,
    invitations,
    failures: failed,
    /** collections and indexes; before any transaction, which cannot make them in time */
    async prepare(): Promise<void> {
      for (const model of [accounts, emails, registrations, invitations, failed]) {
        await model.createCollection();
        await model.createIndexes();
      }
    },
  };
}
