// Mail as the settings say: to a mail server, or into the development mailbox.
import type { Db } from 'mongodb';
import type { Logger } from '../logger/logger.ts';
import type { Queue } from '../queue/queue.ts';
import { createSeal, type Secrets } from '../secrets/secrets.ts';
import { createMailbox, type Mailbox } from './mailbox.ts';
import { createMailer, type Mailer } from './mailer.ts';
import { createSmtp } from './smtp.ts';

export interface MailSettings {
  smtpUrl: string | undefined;
  mailFrom: string | undefined;
}

export interface OpenMailDeps {
  settings: MailSettings;
  db: Db;
  queue: Queue;
  secrets: Secrets;
  logger: Logger;
  /** takes mail, and leaves it to be sent by others */
  leaves?: true | undefined;
  now: () => number;
}

export interface OpenMail {
  mailer: Mailer;
  /** absent where there is a mail server */
  mailbox?: Mailbox;
  close(): void;
}

export async function openMail({ settings, db, queue, secrets, logger, leaves, now }: OpenMailDeps): Promise<OpenMail> {
  const { smtpUrl, mailFrom } = settings;
  const smtp = smtpUrl === undefined ? undefined : createSmtp({ url: smtpUrl, from: mailFrom ?? '' });
  const mailbox = smtp === undefined ? createMailbox({ db, now }) : undefined;
  await mailbox?.prepare();
  const mailer = createMailer({
    queue,
    seal: createSeal(await secrets.key('mail')),
    deliver: leaves ? undefined : (smtp ?? mailbox!).deliver,
    now,
    logger,
  });
  return { mailer, ...(mailbox && { mailbox }), close: () => smtp?.close() };
}
