// The certificate of the server, from files. What renews it replaces the files; the server takes the new one without a stop.
import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import { createSecureContext, type Server } from 'node:tls';
import { StartError } from '../start-error.ts';

export interface TlsFiles {
  cert: string;
  key: string;
}

export interface Certificate {
  cert: Buffer;
  key: Buffer;
}

/** Older versions of TLS are not spoken: https://www.rfc-editor.org/rfc/rfc9325#section-3.1.1 */
export const LEAST_VERSION = 'TLSv1.2';
const LOOK_EVERY_MS = 30_000;

export function readCertificate({ cert, key }: TlsFiles): Certificate {
  const read = (name: string, path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new StartError(`${name}=${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`, 2);
    }
  };
  const certificate = { cert: read('TLS_CERT', cert), key: read('TLS_KEY', key) };
  try {
    createSecureContext(certificate);
  } catch (error) {
    throw new StartError(`TLS_CERT and TLS_KEY do not go together: ${(error as Error).message}.`, 2, { cause: error });
  }
  return certificate;
}

/** Files that are changed, and right, are taken; connections that are open keep what they have. */
export function followCertificate(
  server: Pick<Server, 'setSecureContext'>,
  files: TlsFiles,
  said: { info(message: string): void; error(message: string): void },
  everyMs = LOOK_EVERY_MS,
): () => void {
  const take = (): void => {
    try {
      server.setSecureContext({ ...readCertificate(files), minVersion: LEAST_VERSION });
      said.info('the certificate was renewed');
    } catch (error) {
      said.error(`the new certificate is not taken: ${(error as Error).message}`);
    }
  };
  const paths = [files.cert, files.key];
  for (const path of paths) watchFile(path, { interval: everyMs, persistent: false }, take);
  return () => {
    for (const path of paths) unwatchFile(path, take);
  };
}
