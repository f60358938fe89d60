// Mongoose over the server's own client: models of what is not FHIR (accounts, clients) use the same connections, sessions and
// database as the resources.
import type { MongoClient } from 'mongodb';
import mongoose from 'mongoose';
import type { Mongo } from './connect.ts';

const bases = new WeakMap<MongoClient, mongoose.Connection>();

/** Where models of this database are made. Nobody closes it: the client belongs to the server. */
export function modelsOn({ client, db }: Pick<Mongo, 'client' | 'db'>): mongoose.Connection {
  let base = bases.get(client);
  if (base === undefined) {
    base = mongoose.createConnection();
    base.setClient(client);
    bases.set(client, base);
  }
  const connection = base.useDb(db.databaseName);
  // indexes and collections are made by `prepare` of who needs them, once and in order
  connection.set('autoIndex', false);
  connection.set('autoCreate', false);
  // the driver itself waits for a new primary
  connection.set('bufferCommands', false);
  // a mistyped name in a filter must not select everything
  connection.set('strictQuery', 'throw');
  return connection;
}
