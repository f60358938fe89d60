// Mail goes out by the job queue: the caller does not wait for a mail server, and a mail server that is away loses nothing. What lies on
// the queue is sealed, because a mail may hold a code or a link.
import { randomUUID } from 'node:crypto';
import type { Logger } from '../logger/logger.ts';
import type { Queue } from '../queue/queue.ts';
import type { Seal } from '../secrets/secrets.ts';

export interface Mail {
  to: string;
  subject: string;
  text: string;
  html: string;
}

export interface Mailer {
  /** takes the mail over; `until` (ms): no use to anybody after it, as a code that has ended */
  send(mail: Mail, options?: { until?: number }): Promise<void>;
}

/** Hands one mail on; the id stays the same when it is tried again. Throws MailRefused where trying again is of no use. */
export type Deliver = (mail: Mail, id: string) => Promise<void>;

export class MailRefused extends Error {}

export interface MailerDeps {
  queue: Queue;
  seal: Seal;
  /** absent: what is on the queue stays there */
  deliver: Deliver | undefined;
  now: () => number;
  logger: Logger;
}

interface Job {
  sealed: string;
  until?: number;
}

const JOB = 'mail';
/** with pauses that double from a second on: a mail server may be away for an hour */
const ATTEMPTS = 12;
const AT_A_TIME = 4;
const QUEUE_TIMEOUT_MS = 3000;

export function createMailer({ queue, seal, deliver, now, logger }: MailerDeps): Mailer {
  if (deliver !== undefined) {
    queue.process<Job>(JOB, AT_A_TIME, async ({ sealed, until }, { id, attempt }) => {
      if (until !== undefined && now() > until) {
        logger.warn('a mail came too late to be of use and was not sent', { job: id, attempt });
        return;
      }
      try {
        await deliver(JSON.parse(seal.open(sealed)) as Mail, id);
      } catch (error) {
        if (!(error instanceof MailRefused)) throw error;
        logger.warn('a mail was refused by the mail server', { job: id, reason: error.message });
      }
    });
  }

  return {
    async send(mail, { until } = {}) {
      const job: Job = { sealed: seal.close(JSON.stringify(mail)), ...(until === undefined ? {} : { until }) };
      const added = queue.add(JOB, job, { id: randomUUID(), attempts: ATTEMPTS, forget: true });
      await within(QUEUE_TIMEOUT_MS, added);
    },
  };
}

/** bull waits for Redis as long as it takes; a person does not. */
async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the job queue does not answer')), ms);
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
