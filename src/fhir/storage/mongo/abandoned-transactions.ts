// A process that is killed leaves its transactions open. MongoDB does not end them when the connection is lost: it keeps them, and
// what they have locked (a slot, a bed), until their time is over, minutes later. So every server looks for such transactions
// and ends them. https://www.mongodb.com/docs/manual/reference/operator/aggregation/currentOp/#active-sessions
import type { MongoClient } from 'mongodb';

export interface AbandonedTransactionsDeps {
  client: MongoClient;
  logger: { warn(message: string, details?: Record<string, unknown>): void };
  everyMs?: number;
}

export interface AbandonedTransactions {
  stop(): Promise<void>;
}

interface OpenTransaction {
  lsid: { id: unknown };
  connectionId?: number;
  transaction: { timeInactiveMicros: number };
}

const EVERY_MS = 2_000;
/** the next command of a live transaction comes sooner, nearly always */
const QUIET_MICROS = 1_000_000;
/** for a sharded cluster, where the connection seen is that of its router: nobody alive is silent for so long */
const DEAD_MICROS = 60_000_000;

/** Ends what is abandoned now, then again and again. One that was alive after all is run again by its owner: nothing is lost. */
export async function endAbandonedTransactions(deps: AbandonedTransactionsDeps): Promise<AbandonedTransactions> {
  const { client, logger, everyMs = EVERY_MS } = deps;
  const admin = client.db('admin');
  // Only processes like this one: others who share the database may treat their transactions as they like.
  const { appName = { $exists: false } } = client.options;
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  let failures = 0;

  const currentOperations = <T extends object>(options: object, stages: object[]): Promise<T[]> =>
    admin.aggregate<T>([{ $currentOp: { ...options } }, { $match: { appName } }, ...stages]).toArray();

  async function findAbandoned(): Promise<OpenTransaction[]> {
    const quiet = await currentOperations<OpenTransaction>({ idleSessions: true }, [
      { $match: { type: 'idleSession', 'transaction.timeInactiveMicros': { $gt: QUIET_MICROS } } },
      { $project: { lsid: 1, connectionId: 1, 'transaction.timeInactiveMicros': 1 } },
    ]);
    if (quiet.length === 0) return [];
    const open = await currentOperations<{ connectionId?: number }>({ idleConnections: true, idleSessions: false }, [
      { $project: { connectionId: 1 } },
    ]);
    const connections = new Set(open.map(({ connectionId }) => connectionId));
    return quiet.filter(
      ({ connectionId, transaction }) =>
        (connectionId !== undefined && !connections.has(connectionId)) || transaction.timeInactiveMicros > DEAD_MICROS,
    );
  }

  async function sweep(): Promise<void> {
    try {
      const abandoned = await findAbandoned();
      if (abandoned.length > 0) {
        await admin.command({ killSessions: abandoned.map(({ lsid: { id } }) => ({ id })) });
        logger.warn('ended transactions that a killed server had left open', { count: abandoned.length });
      }
      failures = 0;
    } catch (error) {
      // A database that is away has no open transactions; one that does not let us look says so once.
      failures += 1;
      if (failures === 5) logger.warn('cannot look for abandoned transactions', { error: String(error) });
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = sweep().then(() => {
        if (timer !== undefined) schedule();
      });
    }, everyMs);
    timer.unref();
  }

  await sweep();
  schedule();
  return {
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}
