// One's own account, with the resource that is this person.
import type { Address } from 'fhir/r4.js';
import { FhirError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store, Transaction } from '../../storage/store.ts';
import type { Book } from './book.ts';
import { type AccountDocument, fhirUserOf } from './documents.ts';
import { nameIn } from './person.ts';
import { readPhone } from './personal.ts';
import { wrongParticulars } from './registrations.ts';
import { refuse } from './visitor.ts';

export interface ProfileChange {
  firstName?: string;
  lastName?: string;
  phone?: string;
  gender?: string;
  birthDate?: string;
  address?: Address;
}

export interface Profile {
  account: AccountDocument;
  resource?: Resource;
}

export interface Profiles {
  read(account: string): Promise<Profile>;
  /** by reference: of the places where somebody works and of whom somebody cares for, whatever they may see besides */
  namesIn(account: AccountDocument): Promise<ReadonlyMap<string, string>>;
  change(account: string, change: ProfileChange): Promise<Profile>;
}

export function createProfiles({ store, book }: { store: Pick<Store, 'read' | 'readMany'>; book: Book }): Profiles {
  async function withResource(account: AccountDocument): Promise<Profile> {
    const who = fhirUserOf(account);
    const version = who === undefined ? undefined : await store.read(who.type, who.id);
    return { account, ...(version?.bytes && { resource: parseJson(version.bytes) as Resource }) };
  }

  /** A date that the hospital has seen on a document is the hospital's to change. */
  async function refuseNewBirthDate({ patient }: AccountDocument, birthDate: string, tx: Transaction): Promise<void> {
    const version = patient === undefined ? undefined : await tx.read('Patient', patient);
    const known = version?.bytes ? (parseJson(version.bytes) as { birthDate?: string }).birthDate : undefined;
    if (known === undefined || known === birthDate) return;
    throw new FhirError('business-rule', 'The hospital keeps the date of birth; ask there to have it changed', {
      expression: 'birthDate',
    });
  }

  return {
    async read(id) {
      const account = await book.find(id);
      if (account === undefined) throw new FhirError('login', 'This account does not exist any more');
      return withResource(account);
    },
    async namesIn({ roles, proxies }) {
      const wanted = new Map<string, { type: string; id: string }>();
      for (const { organization: at } of roles)
        if (at !== undefined) wanted.set(`Organization/${at}`, { type: 'Organization', id: at });
      for (const { patient } of proxies) wanted.set(`Patient/${patient}`, { type: 'Patient', id: patient });
      if (wanted.size === 0) return new Map();
      const versions = await store.readMany([...wanted.values()]);
      return new Map(
        versions.flatMap((version) => {
          const name = version?.bytes ? nameIn(parseJson(version.bytes) as Resource) : '';
          return name === '' ? [] : [[`${version!.type}/${version!.id}`, name]];
        }),
      );
    },
    async change(id, change) {
      refuse(wrongParticulars(change));
      const { firstName, lastName, phone, gender, birthDate, address } = change;
      const said = {
        ...(firstName !== undefined && { firstName: firstName.trim() }),
        ...(lastName !== undefined && { lastName: lastName.trim() }),
        ...(phone !== undefined && { phone: readPhone(phone)! }),
      };
      const particulars = {
        ...said,
        ...(gender !== undefined && { gender }),
        ...(birthDate !== undefined && { birthDate }),
        ...(address !== undefined && { address }),
      };
      const changed = await book.change(
        id,
        async ({ account, tx }) => {
          if (birthDate !== undefined) await refuseNewBirthDate(account, birthDate, tx);
          Object.assign(account, said);
        },
        particulars,
      );
      return withResource(changed);
    },
  };
}
