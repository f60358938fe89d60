// Delivery to a mail server (SMTP, RFC 5321) through nodemailer.
import { createTransport } from 'nodemailer';
import { type Deliver, MailRefused } from './mailer.ts';

export interface Smtp {
  deliver: Deliver;
  close(): void;
}

/** what nodemailer tells of a failure; its message may name the recipient, so it is not passed on */
interface Failure {
  code?: string;
  responseCode?: number;
}

const TIMEOUT_MS = 20_000;

export function createSmtp({ url, from }: { url: string; from: string }): Smtp {
  const domain = /@([^@>\s]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  const transport = createTransport(
    {
      url,
      pool: true,
      maxConnections: 2,
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      // a text may come from somebody's name: it must never make the server read a file or follow a URL
      disableFileAccess: true,
      disableUrlAccess: true,
    },
    { from },
  );
  return {
    async deliver({ to, subject, text, html }, id) {
      try {
        await transport.sendMail({
          // as an object: a text would be read as a list of addresses
          to: { name: '', address: to },
          subject,
          text,
          html,
          messageId: `<${id}@${domain}>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        const { code = 'unknown', responseCode } = error as Failure;
        const isFinal =
          (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500;
        const said = `${code}${responseCode === undefined ? '' : ` ${responseCode}`}`;
        throw isFinal ? new MailRefused(said) : new Error(`the mail server did not take a mail: ${said}`);
      }
    },
    close: () => transport.close(),
  };
}
