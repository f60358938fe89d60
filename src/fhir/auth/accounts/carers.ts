// Carers: people who act for a patient, each as a RelatedPerson of that patient. The patient asks them by a link, or the front desk does.
import type { RelatedPerson } from 'fhir/r4.js';
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store } from '../../storage/store.ts';
import type { Tokens } from '../tokens.ts';
import type { Book } from './book.ts';
import type { AccountDocument, ActsFor } from './documents.ts';
import { needEmail } from './email-address.ts';
import type { Invitations } from './invitations.ts';
import type { Mails } from './mails.ts';
import type { Models } from './models.ts';
import { nameIn } from './person.ts';

export interface CarerRequest {
  patient: string;
  email: string;
  /** in words: mother, guardian */
  relationship?: string;
  /** account of who asks */
  by: string;
}

export interface Carer {
  account: AccountDocument;
  proxy: ActsFor;
}

export interface Carers {
  ask(request: CarerRequest): Promise<void>;
  of(patient: string): Promise<Carer[]>;
  /** ends what the carer holds at once */
  remove(patient: string, relatedPerson: string): Promise<void>;
}

export interface CarersDeps {
  store: Pick<Store, 'read'>;
  book: Book;
  models: Pick<Models, 'accounts'>;
  invitations: Pick<Invitations, 'save'>;
  mails: Mails;
  tokens: Pick<Tokens, 'endAllOf'>;
}

const LINK_MS = 7 * 24 * 3600 * 1000;

export function createCarers({ store, book, models, invitations, mails, tokens }: CarersDeps): Carers {
  return {
    async ask({ patient, email, relationship, by }) {
      const to = needEmail(email);
      const name = await nameOf(store, patient);
      if (name === undefined) throw new FhirError('not-found', 'There is no such patient', { expression: 'patient' });
      const carer = { patient, ...(relationship !== undefined && { relationship }) };
      const { saved, link } = await invitations.save({ email: to, carer, by }, LINK_MS);
      await mails.send('carer', to, { name, url: link }, saved.endsAt.getTime());
    },
    async of(patient) {
      const accounts = await models.accounts.find({ 'proxies.patient': patient }).sort({ sortName: 1 }).lean().exec();
      return accounts.flatMap((account) =>
        account.proxies.filter((proxy) => proxy.patient === patient).map((proxy) => ({ account, proxy })),
      );
    },
    async remove(patient, relatedPerson) {
      const isMeant = (proxy: ActsFor): boolean => proxy.patient === patient && proxy.relatedPerson === relatedPerson;
      const holder = await models.accounts
        .findOne({ 'proxies.relatedPerson': relatedPerson, 'proxies.patient': patient })
        .lean();
      if (holder === null || !holder.proxies.some(isMeant)) {
        throw new FhirError('not-found', 'There is no such carer of this patient', { expression: 'id' });
      }
      await book.change(holder._id, async ({ account, tx }) => {
        account.proxies = account.proxies.filter((proxy) => !isMeant(proxy));
        const version = await tx.read('RelatedPerson', relatedPerson);
        if (!version?.bytes) return;
        const resource = { ...(parseJson(version.bytes) as Resource), active: false };
        await tx.write([{ kind: 'update', type: 'RelatedPerson', id: relatedPerson, resource }]);
      });
      await tokens.endAllOf(holder._id, { keepsWork: true });
    },
  };
}

/** as it is said to who is asked to care; undefined where there is no such patient */
export async function nameOf(store: Pick<Store, 'read'>, patient: string): Promise<string | undefined> {
  const version = await store.read('Patient', patient);
  return version?.bytes ? nameIn(parseJson(version.bytes) as Resource) || 'a patient without a name' : undefined;
}

export interface Relation {
  id: string;
  patient: string;
  relationship?: string | undefined;
  who: { firstName: string; lastName: string; email: string };
}

export const relatedPersonOf = ({ id, patient, relationship, who }: Relation): RelatedPerson => ({
  resourceType: 'RelatedPerson',
  id,
  active: true,
  patient: { reference: `Patient/${patient}` },
  ...(relationship !== undefined && { relationship: [{ text: relationship }] }),
  name: [{ family: who.lastName, given: who.firstName.split(/\s+/) }],
  telecom: [{ system: 'email', value: who.email }],
});
