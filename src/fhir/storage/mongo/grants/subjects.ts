// What is known of a person besides grants: which apps need not ask again, when older sign-ins stopped to count, accounts elsewhere.
import type { Collection, Db } from 'mongodb';
import type { Consents, Cutoff, Cutoffs, Links } from '../../grants.ts';
import { named } from '../failures.ts';

interface ConsentDocument {
  _id: { account: string; client: string };
  scopes: readonly string[];
  at: Date;
}

interface CutoffFields {
  at: Date;
  besides?: string;
}

interface CutoffDocument extends CutoffFields {
  _id: string;
  work?: CutoffFields;
}

interface LinkDocument {
  _id: { issuer: string; subject: string };
  account: string;
  email?: string;
  at: Date;
}

const DAY_S = 24 * 60 * 60;
/** a consent that was not given again for so long is asked for once more */
const REMEMBER_CONSENT_S = 180 * DAY_S;
/** longer than any grant lives */
const REMEMBER_CUTOFF_S = 100 * DAY_S;

const consents = (db: Db): Collection<ConsentDocument> => db.collection<ConsentDocument>('oauth_consents');
const cutoffs = (db: Db): Collection<CutoffDocument> => db.collection<CutoffDocument>('oauth_cutoffs');
const links = (db: Db): Collection<LinkDocument> => db.collection<LinkDocument>('oauth_links');

export async function indexSubjects(db: Db): Promise<void> {
  await consents(db).createIndex({ at: 1 }, { expireAfterSeconds: REMEMBER_CONSENT_S });
  await cutoffs(db).createIndex({ at: 1 }, { expireAfterSeconds: REMEMBER_CUTOFF_S });
}

export async function indexLinks(db: Db): Promise<void> {
  await links(db).createIndex({ account: 1 });
}

export function consentsIn(db: Db): Consents {
  return {
    async find(account, client) {
      return (await named(consents(db).findOne({ _id: { account, client } })))?.scopes ?? [];
    },
    async remember(account, client, scopes) {
      await named(
        consents(db).updateOne(
          { _id: { account, client } },
          { $set: { scopes }, $currentDate: { at: true } },
          { upsert: true },
        ),
      );
    },
    async forget(account, client) {
      await named(consents(db).deleteOne({ _id: { account, client } }));
    },
  };
}

export function cutoffsIn(db: Db): Cutoffs {
  return {
    async find(account) {
      const found = await named(cutoffs(db).findOne({ _id: account }));
      if (found === null) return undefined;
      return { ...cutoffOf(found), ...(found.work !== undefined && { work: cutoffOf(found.work) }) };
    },
    async set(account, { at, besides }, endsWork) {
      const fields: CutoffFields = { at: new Date(at), ...(besides !== undefined && { besides }) };
      await named(
        cutoffs(db).updateOne(
          { _id: account },
          {
            $set: { ...fields, ...(endsWork && { work: fields }) },
            ...(besides === undefined && { $unset: { besides: '' } }),
          },
          { upsert: true },
        ),
      );
    },
  };
}

const cutoffOf = ({ at, besides }: CutoffFields): Cutoff => ({
  at: at.getTime(),
  ...(besides !== undefined && { besides }),
});

export function linksIn(db: Db): Links {
  return {
    async find(issuer, subject) {
      return (await named(links(db).findOne({ _id: { issuer, subject } })))?.account;
    },
    async save({ issuer, subject, email }, account) {
      await named(
        links(db).updateOne(
          { _id: { issuer, subject } },
          { $set: { account, ...(email !== undefined && { email }) }, $currentDate: { at: true } },
          { upsert: true },
        ),
      );
    },
    async ofAccount(account) {
      const found = await named(links(db).find({ account }).sort({ at: 1 }).toArray());
      return found.map(({ _id, email, at }) => ({
        ..._id,
        ...(email !== undefined && { email }),
        since: at.getTime(),
      }));
    },
    async remove({ issuer, subject }, account) {
      const { deletedCount } = await named(links(db).deleteOne({ _id: { issuer, subject }, account }));
      return deletedCount > 0;
    },
  };
}
