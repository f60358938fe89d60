// The database of a command that works beside the server: the one that the settings name, else that of the server that runs on the data
// folder, else one that runs for the command only.
import type { Config } from '../platform/config/config.ts';
import { startEngines } from '../platform/engines/engines.ts';
import { runningMongodUri } from '../platform/engines/running.ts';
import { connectMongo, type Mongo } from '../platform/mongo/connect.ts';

export async function withDatabase<T>(config: Config, work: (db: Mongo['db']) => Promise<T>): Promise<T> {
  const there = config.mongodbUri ?? runningMongodUri(config.dataDir);
  const report = (line: string): void => console.error(line);
  const engines = there === undefined ? await startEngines({ ...config, report }) : undefined;
  try {
    const mongo = await connectMongo({ uri: there ?? engines?.mongodbUri ?? '', poolSize: 4 });
    try {
      return await work(mongo.db);
    } finally {
      await mongo.close();
    }
  } finally {
    await engines?.close();
  }
}
