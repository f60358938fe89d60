// A one-time link for an administrator without the rest of the accounts: for the command line, which has a database and no server.
import type { Mongo } from '../../../platform/mongo/connect.ts';
import { modelsOn } from '../../../platform/mongo/models.ts';
import type { Secrets } from '../../../platform/secrets/secrets.ts';
import { invitationAddress } from './invitation-address.ts';
import { createLinks } from './invitations.ts';
import { createModels } from './models.ts';

export interface AdministratorLinkDeps {
  mongo: Pick<Mongo, 'client' | 'db'>;
  secrets: Secrets;
  /** https://hospital.example */
  origin: string;
  email: string;
  now: () => number;
}

export async function administratorLink({
  mongo,
  secrets,
  origin,
  email,
  now,
}: AdministratorLinkDeps): Promise<string> {
  const models = createModels(modelsOn(mongo));
  await models.prepare();
  const key = await secrets.key('accounts');
  const linkOf = (token: string): string => invitationAddress(origin, token);
  return createLinks({ models, key, linkOf, now }).linkForAdministrator(email);
}
