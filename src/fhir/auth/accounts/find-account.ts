// An account by its address, without the rest of the accounts: for the command line, which has a database and no server.
import type { Mongo } from '../../../platform/mongo/connect.ts';
import { modelsOn } from '../../../platform/mongo/models.ts';
import type { AccountDocument } from './documents.ts';
import { createModels } from './models.ts';

export type FindAccount = (email: string) => Promise<AccountDocument | undefined>;

export function createFindAccount(mongo: Pick<Mongo, 'client' | 'db'>): FindAccount {
  const { accounts } = createModels(modelsOn(mongo));
  return async (email) => (await accounts.findOne({ email }).lean()) ?? undefined;
}
