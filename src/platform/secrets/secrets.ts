// Keys that only this installation knows, one for each purpose: made once and kept in the database, or derived from SERVER_SECRET, so
// that neither the database nor its backups open what they seal.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { Binary, Db } from 'mongodb';

export interface Secrets {
  /** 32 bytes, the same in every process and after every start */
  key(purpose: string): Promise<Buffer>;
}

interface KeyDocument {
  _id: string;
  key: Binary;
}

const KEY_BYTES = 32;

export function createSecrets({ db, secret }: { db: Db; secret?: string | undefined }): Secrets {
  const collection = db.collection<KeyDocument>('server_keys', { writeConcern: { w: 'majority' } });
  const known = new Map<string, Promise<Buffer>>();

  async function kept(purpose: string): Promise<Buffer> {
    const made = { $setOnInsert: { key: randomBytes(KEY_BYTES) as unknown as Binary } };
    // Of two processes that start at once the later one finds the key of the earlier: with an _id given, the database tries again.
    const found = await collection.findOneAndUpdate({ _id: purpose }, made, { upsert: true, returnDocument: 'after' });
    return Buffer.from(found!.key.buffer);
  }

  const derived = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret!, 'wardgate', purpose, KEY_BYTES));

  return {
    key(purpose) {
      let key = known.get(purpose);
      if (key === undefined) {
        key = secret === undefined ? kept(purpose) : Promise.resolve(derived(purpose));
        key.catch(() => known.delete(purpose));
        known.set(purpose, key);
      }
      return key;
    },
  };
}

/** Texts that lie about where others may read (a queue in Redis), readable only with the key. AES-256-GCM. */
export interface Seal {
  close(text: string): string;
  /** throws where the text was changed or closed with another key */
  open(sealed: string): string;
}

const IV_BYTES = 12;
const TAG_BYTES = 16;

export function createSeal(key: Buffer): Seal {
  return {
    close(text) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), content]).toString('base64url');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}

/** A short name for a secret or a person's address, of no use to who does not have the key. */
export const keyedHash = (key: Buffer, ...parts: readonly string[]): string =>
  createHmac('sha256', key).update(parts.join('\0')).digest('base64url');
