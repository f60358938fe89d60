// Background jobs: bull behind four words. A job may run twice (a crash in the middle), so every job must be idempotent.
import Bull from 'bull';
import { Redis } from 'ioredis';

export interface JobRun {
  id: string;
  /** 1 on the first try */
  attempt: number;
  /** 0 to 100, kept with the job */
  progress(percent: number): Promise<void>;
}

export interface AddOptions {
  /** adding a job under an id that is known changes nothing: the way to add at most once */
  id?: string;
  attempts?: number;
  delayMs?: number;
  /** nothing is kept of it once it is done */
  forget?: true;
}

export interface JobState {
  /** active also between two tries */
  state: 'waiting' | 'active' | 'completed' | 'failed';
  progress: number;
  result?: unknown;
  /** message of the last failure */
  failure?: string;
}

export interface Queue {
  add(job: string, payload: unknown, options?: AddOptions): Promise<string>;
  /** what runs jobs of this name in this process */
  process<Payload>(job: string, concurrency: number, run: (payload: Payload, run: JobRun) => Promise<unknown>): void;
  /** cron expression in a time zone; scheduling again under the same name replaces nothing that is equal */
  schedule(job: string, payload: unknown, when: { cron: string; timeZone: string }): Promise<void>;
  find(job: string, id: string): Promise<JobState | undefined>;
  /** waits for running jobs */
  close(): Promise<void>;
}

export interface QueueOptions {
  redisUrl: string;
  /** keeps tenants and tests apart */
  prefix: string;
  onError: (error: Error, job?: string) => void;
}

const KEEP_SECONDS = 7 * 24 * 3600;

export function createQueue({ redisUrl, prefix, onError }: QueueOptions): Queue {
  // bull wants a client of its own for what blocks (`bclient`), and may share the others between all queues.
  const connections: Redis[] = [];
  const open = (): Redis => {
    // bull's commands must wait out a reconnect instead of failing, and bull asks for readiness itself.

    const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, enableReadyCheck: false });
    redis.on('error', (error) => onError(error));
    connections.push(redis);
    return redis;
  };
  /** At the end bull says QUIT, which waits behind the command that blocks until bull gives up, half a second later. */
  const openBlocking = (): Redis => {
    const redis = open();
    redis.quit = async () => {
      redis.disconnect();
      return 'OK';
    };
    return redis;
  };
  const shared = { client: open(), subscriber: open() };
  const queues = new Map<string, Bull.Queue>();

  const queueOf = (job: string): Bull.Queue => {
    const known = queues.get(job);
    if (known !== undefined) return known;
    const queue = new Bull(job, {
      prefix: `{${prefix}}`,
      // bull's types speak of the ioredis it bundles; the commands it uses are the same.
      createClient: (type) => (type === 'bclient' ? openBlocking() : shared[type]) as never,
      defaultJobOptions: {
        removeOnComplete: { age: KEEP_SECONDS },
        removeOnFail: { age: KEEP_SECONDS },
        backoff: { type: 'exponential', delay: 1000 },
      },
    });
    queue.on('error', (error) => onError(error, job));
    queue.on('failed', (_, error) => onError(error, job));
    queues.set(job, queue);
    return queue;
  };

  return {
    async add(job, payload, { id, attempts = 3, delayMs = 0, forget } = {}) {
      const options = {
        attempts,
        delay: delayMs,
        ...(id !== undefined && { jobId: id }),
        ...(forget && { removeOnComplete: true }),
      };
      return String((await queueOf(job).add(payload, options)).id);
    },
    process(job, concurrency, run) {
      void queueOf(job).process(concurrency, (running) =>
        run(running.data, {
          id: String(running.id),
          attempt: running.attemptsMade + 1,
          progress: (percent) => running.progress(percent),
        }),
      );
    },
    async schedule(job, payload, { cron, timeZone }) {
      await queueOf(job).add(payload, { repeat: { cron, tz: timeZone } });
    },
    async find(job, id) {
      const found = await queueOf(job).getJob(id);
      if (found === null) return undefined;
      return {
        state: await stateOf(found),
        progress: Number(found.progress() ?? 0),
        ...(found.returnvalue === null ? {} : { result: found.returnvalue }),
        ...(found.failedReason === undefined ? {} : { failure: found.failedReason }),
      };
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      for (const connection of connections) connection.disconnect();
    },
  };
}

/** Of what was read in one command: bull's own `getState` asks one list after the other while the job moves between them. */
async function stateOf(job: Bull.Job): Promise<JobState['state']> {
  if (job.finishedOn !== undefined) return (await job.isFailed()) ? 'failed' : 'completed';
  return job.processedOn === undefined ? 'waiting' : 'active';
}
