// Commands and connections that end in the same moment.
import assert from 'node:assert/strict';
import net from 'node:net';
import { type MongoClient, MongoNetworkError } from 'mongodb';
import { sleep } from '../../src/platform/clock/clock.ts';
import { connectMongo, type Mongo } from '../../src/platform/mongo/connect.ts';
import { freshDatabase, mongodbUri } from '../support/engines.ts';

describe('a connection to MongoDB that is lost', () => {
  const sockets: net.Socket[] = [];
  const { createConnection } = net;
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  let mongo: Mongo;

  before(async () => {
    database = await freshDatabase('lost');
    const uri = await mongodbUri();
    net.createConnection = ((...options: Parameters<typeof createConnection>) => {
      const socket = createConnection(...options);
      sockets.push(socket);
      return socket;
    }) as typeof createConnection;
    mongo = await connectMongo({ uri, poolSize: 4 });
  });
  after(async () => {
    net.createConnection = createConnection;
    await mongo?.close();
    await database?.drop();
  });

  const beds = (client: MongoClient) => client.db(database.db.databaseName).collection('beds');
  const inTime = <T>(work: Promise<T>): Promise<T> =>
    Promise.race([
      work,
      sleep(10_000).then(() => {
        throw new Error('it hangs');
      }),
    ]);

  it('lets no command hang that is written before the driver notices', async () => {
    for (let round = 0; round < 5; round++) {
      await beds(mongo.client).findOne();
      for (const socket of sockets.splice(0)) socket.destroy();
      const work = [beds(mongo.client).insertOne({ round }), beds(mongo.client).findOne()];
      for (const result of await inTime(Promise.allSettled(work)))
        assert.ok(result.status === 'fulfilled' || result.reason instanceof MongoNetworkError);
      await inTime(beds(mongo.client).findOne());
    }
  });
});
