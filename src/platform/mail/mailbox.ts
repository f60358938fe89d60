// The development mailbox: where mail goes while no mail server is set, so that a newcomer can sign in at once. Never in production.
import type { Db } from 'mongodb';
import type { Deliver, Mail } from './mailer.ts';

export interface KeptMail extends Mail {
  id: string;
  at: Date;
}

export interface Mailbox {
  prepare(): Promise<void>;
  deliver: Deliver;
  /** the newest first */
  list(): Promise<KeptMail[]>;
}

type MailDocument = Omit<KeptMail, 'id'> & { _id: string };

const KEEP_SECONDS = 24 * 3600;
const SHOWN = 100;

export function createMailbox({ db, now }: { db: Db; now: () => number }): Mailbox {
  const collection = db.collection<MailDocument>('dev_mailbox');
  return {
    async prepare() {
      await collection.createIndex({ at: 1 }, { expireAfterSeconds: KEEP_SECONDS });
    },
    async deliver(mail, id) {
      await collection.updateOne({ _id: id }, { $set: { ...mail, at: new Date(now()) } }, { upsert: true });
    },
    async list() {
      const found = await collection.find().sort({ at: -1 }).limit(SHOWN).toArray();
      return found.map(({ _id, ...mail }) => ({ id: _id, ...mail }));
    },
  };
}
