// Grants. One that ends stays for a while with the time of its end, so that every process hears of it (`endedSince`): one write both ends
// the grant and tells of it.
import type { Collection, Db, Document, Filter } from 'mongodb';
import { type Grant, type Grants, type LaunchContext, REMEMBER_END_MS } from '../../grants.ts';
import { isDuplicateKey, named } from '../failures.ts';

interface GrantDocument {
  _id: string;
  account?: string;
  client?: string;
  payload?: string;
  scopes?: readonly string[];
  context?: string;
  session?: string;
  address?: string;
  userAgent?: string;
  acting?: string;
  idleSeconds?: number;
  authenticatedAt?: Date;
  startedAt?: Date;
  lastUsedAt?: Date;
  /** by the database's clock */
  endedAt?: Date;
  expiresAt: Date;
}

const collection = (db: Db): Collection<GrantDocument> => db.collection<GrantDocument>('oauth_grants');

export async function indexGrants(db: Db): Promise<void> {
  await collection(db).createIndexes([
    { key: { account: 1 }, sparse: true },
    { key: { client: 1 }, sparse: true },
    { key: { session: 1 }, sparse: true },
    { key: { endedAt: 1 }, sparse: true },
    { key: { expiresAt: 1 }, expireAfterSeconds: 0 },
  ]);
}

export function grantsIn(db: Db): Grants {
  const grants = collection(db);
  const live = (filter: Filter<GrantDocument>): Filter<GrantDocument> => ({
    ...filter,
    payload: { $exists: true },
    endedAt: { $exists: false },
  });
  const ended: Document[] = [
    {
      $set: {
        endedAt: '$$NOW',
        expiresAt: { $add: ['$$NOW', REMEMBER_END_MS] },
        payload: '$$REMOVE',
        context: '$$REMOVE',
      },
    },
  ];

  return {
    async insert(grant) {
      await named(grants.insertOne(documentOf(grant)));
    },
    async find(id) {
      const found = await named(grants.findOne(live({ _id: id })));
      return found === null ? undefined : grantOf(found);
    },
    async ofAccount(account) {
      const found = await named(grants.find(live({ account })).sort({ startedAt: -1 }).toArray());
      return found.map(grantOf);
    },
    async replacePayload(id, payload) {
      const { matchedCount } = await named(
        grants.updateOne(live({ _id: id }), { $set: { payload: JSON.stringify(payload) } }),
      );
      return matchedCount === 1;
    },
    async used(id, { lastUsedAt, expiresAt }) {
      await named(
        grants.updateOne(live({ _id: id }), {
          $max: { lastUsedAt: new Date(lastUsedAt), expiresAt: new Date(expiresAt) },
        }),
      );
    },
    async actAs(id, acting) {
      const change = acting === undefined ? { $unset: { acting: '' as const } } : { $set: { acting } };
      const { matchedCount } = await named(grants.updateOne(live({ _id: id }), change));
      return matchedCount === 1;
    },
    async end(id) {
      await named(grants.updateOne(live({ _id: id }), ended));
    },
    async endAllOf(account, besides) {
      await named(
        grants.updateMany(live({ account, ...(besides === undefined ? {} : { _id: { $ne: besides } }) }), ended),
      );
    },
    async endAllOfClient(client) {
      await named(grants.updateMany(live({ client }), ended));
    },
    async endAllOfSession(session, besides) {
      await named(grants.updateMany(live({ session, scopes: { $ne: besides } }), ended));
    },
    async markEnded(id, expiresAt) {
      try {
        await grants.updateOne(
          { _id: id, endedAt: { $exists: false } },
          [{ $set: { endedAt: '$$NOW', expiresAt: new Date(expiresAt) } }],
          { upsert: true },
        );
      } catch (error) {
        // it has ended already
        if (!isDuplicateKey(error)) await named(Promise.reject(error));
      }
    },
    async endedSince(since) {
      const found = await named(
        grants
          .find(since === undefined ? { endedAt: { $exists: true } } : { endedAt: { $gte: since } })
          .project<{ _id: string; endedAt: Date; expiresAt: Date }>({ endedAt: 1, expiresAt: 1 })
          .toArray(),
      );
      return found.map(({ _id, endedAt, expiresAt }) => ({ id: _id, endedAt, expiresAt }));
    },
  };
}

function documentOf({ id, payload, context, ...facts }: Grant): GrantDocument {
  const { authenticatedAt, startedAt, lastUsedAt, expiresAt, ...texts } = facts;
  return {
    _id: id,
    ...texts,
    payload: JSON.stringify(payload),
    context: JSON.stringify(context),
    authenticatedAt: new Date(authenticatedAt),
    startedAt: new Date(startedAt),
    lastUsedAt: new Date(lastUsedAt),
    expiresAt: new Date(expiresAt),
  };
}

/** Of a document that has a payload: it then has all the rest. */
function grantOf(document: GrantDocument): Grant {
  const { _id, account, client, scopes, address, session, userAgent, acting, idleSeconds } = document;
  return {
    id: _id,
    account: account!,
    client: client!,
    scopes: scopes!,
    address: address!,
    payload: JSON.parse(document.payload!) as Grant['payload'],
    context: JSON.parse(document.context!) as LaunchContext,
    ...(session === undefined ? {} : { session }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(acting === undefined ? {} : { acting }),
    ...(idleSeconds === undefined ? {} : { idleSeconds }),
    authenticatedAt: document.authenticatedAt!.getTime(),
    startedAt: document.startedAt!.getTime(),
    lastUsedAt: document.lastUsedAt!.getTime(),
    expiresAt: document.expiresAt.getTime(),
  };
}
