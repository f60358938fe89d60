// Registered applications.
import type { Collection, Db } from 'mongodb';
import type { ClientRecord, Clients, Payload } from '../../grants.ts';
import { named } from '../failures.ts';

interface ClientDocument {
  _id: string;
  metadata: string;
  generation: number;
  createdAt: Date;
  disabled: boolean;
}

const collection = (db: Db): Collection<ClientDocument> => db.collection<ClientDocument>('oauth_clients');

export async function indexClients(db: Db): Promise<void> {
  await collection(db).createIndex({ createdAt: -1 });
}

export function clientsIn(db: Db): Clients {
  const clients = collection(db);
  return {
    async find(id) {
      const found = await named(clients.findOne({ _id: id }));
      return found === null ? undefined : recordOf(found);
    },
    async list() {
      return (await named(clients.find().sort({ createdAt: -1 }).toArray())).map(recordOf);
    },
    async save(id, metadata) {
      await named(
        clients.updateOne(
          { _id: id },
          [
            {
              $set: {
                metadata: { $literal: JSON.stringify(metadata) },
                generation: { $ifNull: ['$generation', 0] },
                createdAt: { $ifNull: ['$createdAt', '$$NOW'] },
                disabled: { $ifNull: ['$disabled', false] },
              },
            },
          ],
          { upsert: true },
        ),
      );
    },
    async setDisabled(id, disabled) {
      return (await named(clients.updateOne({ _id: id }, { $set: { disabled } }))).matchedCount === 1;
    },
    async raiseGeneration(id) {
      await named(clients.updateOne({ _id: id }, { $inc: { generation: 1 } }));
    },
    async remove(id) {
      return (await named(clients.deleteOne({ _id: id }))).deletedCount === 1;
    },
  };
}

const recordOf = ({ _id, metadata, createdAt, ...rest }: ClientDocument): ClientRecord => ({
  id: _id,
  ...rest,
  metadata: JSON.parse(metadata) as Payload,
  createdAt: createdAt.getTime(),
});
