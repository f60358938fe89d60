// A mail server of our own on a free port, which keeps what it gets and refuses what a test wants refused.
import { SMTPServer } from 'smtp-server';

export interface ReceivedMail {
  from: string;
  to: string[];
  /** the whole message, as it came over the wire */
  raw: string;
}

export interface MailServer {
  url: string;
  received: ReceivedMail[];
  /** what recipients are answered from now on; undefined: they are taken */
  refuseWith: { code: number; message: string } | undefined;
  close(): Promise<void>;
}

export async function openMailServer(): Promise<MailServer> {
  const mails: MailServer = { url: '', received: [], refuseWith: undefined, close };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo(_address, _session, callback) {
      const refusal = mails.refuseWith;
      if (refusal === undefined) return callback();
      callback(Object.assign(new Error(refusal.message), { responseCode: refusal.code }));
    },
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.received.push({
          from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
          to: envelope.rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString(),
        });
        callback();
      });
    },
  });
  server.on('error', () => undefined);
  async function close(): Promise<void> {
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  mails.url = `smtp://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return mails;
}
