// The issuer's signing keys in one document. Who changes it says which version they saw, so of two processes one wins.
import type { Db } from 'mongodb';
import type { SigningKeyStore } from '../../grants.ts';
import { isDuplicateKey, named } from '../failures.ts';

interface KeysDocument {
  _id: 'signing';
  version: number;
  sealed: string;
}

export function signingKeysIn(db: Db): SigningKeyStore {
  const keys = db.collection<KeysDocument>('oauth_keys');
  return {
    async read() {
      const found = await named(keys.findOne({ _id: 'signing' }));
      return found === null ? undefined : { version: found.version, sealed: found.sealed };
    },
    async replace(version, sealed) {
      if (version > 0) {
        const change = { $set: { sealed, version: version + 1 } };
        return (await named(keys.updateOne({ _id: 'signing', version }, change))).matchedCount === 1;
      }
      try {
        await keys.insertOne({ _id: 'signing', version: 1, sealed });
        return true;
      } catch (error) {
        if (isDuplicateKey(error)) return false;
        return await named(Promise.reject(error));
      }
    },
  };
}
