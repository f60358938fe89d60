// Refresh tokens, found by a hash of them: who reads the database cannot use one. A used one stays, so that its second use is noticed.
import type { Collection, Db } from 'mongodb';
import type { Payload, RefreshTokens } from '../../grants.ts';
import { isDuplicateKey, named } from '../failures.ts';

interface RefreshTokenDocument {
  _id: string;
  grant: string;
  payload: string;
  consumedAt?: Date;
  expiresAt: Date;
}

const collection = (db: Db): Collection<RefreshTokenDocument> =>
  db.collection<RefreshTokenDocument>('oauth_refresh_tokens');

export async function indexRefreshTokens(db: Db): Promise<void> {
  await collection(db).createIndexes([{ key: { grant: 1 } }, { key: { expiresAt: 1 }, expireAfterSeconds: 0 }]);
}

export function refreshTokensIn(db: Db): RefreshTokens {
  const tokens = collection(db);
  return {
    async insert(key, { grant, payload, expiresAt }) {
      try {
        await tokens.insertOne({ _id: key, grant, payload: JSON.stringify(payload), expiresAt: new Date(expiresAt) });
      } catch (error) {
        if (!isDuplicateKey(error)) await named(Promise.reject(error));
      }
    },
    async find(key) {
      const found = await named(tokens.findOne({ _id: key }));
      if (found === null) return undefined;
      return {
        grant: found.grant,
        payload: JSON.parse(found.payload) as Payload,
        expiresAt: found.expiresAt.getTime(),
        ...(found.consumedAt === undefined ? {} : { consumedAt: found.consumedAt.getTime() }),
      };
    },
    async consume(key, at) {
      const before = await named(
        tokens.findOneAndUpdate({ _id: key }, [{ $set: { consumedAt: { $ifNull: ['$consumedAt', new Date(at)] } } }], {
          returnDocument: 'before',
          projection: { consumedAt: 1 },
        }),
      );
      return before === null ? undefined : (before.consumedAt?.getTime() ?? at);
    },
    async remove(key) {
      await named(tokens.deleteOne({ _id: key }));
    },
    async removeAllOf(grants) {
      await named(tokens.deleteMany({ grant: { $in: [...grants] } }));
    },
  };
}
