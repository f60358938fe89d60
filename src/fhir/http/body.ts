// Reads a request's body: decompressed, never more than its limit in memory, large ones only when it is their turn.
import type { IncomingMessage } from 'node:http';
import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { Admission } from '../../platform/admission/admission.ts';
import { FhirError } from '../model/errors.ts';

/** Bodies up to this size are read at once; they are too small to need a turn. */
const LARGE = 1024 * 1024;

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

export interface ReadBody {
  bytes: Buffer;
  /** to be called when the work that the body asked for is done */
  release(): void;
}

const nothing = (): void => {};

export async function readBody(req: IncomingMessage, limit: number, admission: Admission): Promise<ReadBody> {
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  const declared = Number(req.headers['content-length'] ?? Number.NaN);
  if (declared > limit) throw tooLarge(limit); // a compressed body that is too large is too large unpacked as well
  const decoder = encoding === 'identity' ? undefined : decoderOf(encoding);
  let release = nothing;
  const admit = async (bytes: number): Promise<void> => {
    release = await admission.enter(bytes, leaving(req));
  };
  try {
    const isAdmitted = decoder === undefined && declared > LARGE;
    if (isAdmitted) await admit(declared);
    const bytes = await collect(req, decoder, limit, isAdmitted ? undefined : () => admit(limit));
    return { bytes, release };
  } catch (error) {
    release();
    throw error;
  }
}

/**
 * All bytes of the body, or of what the decoder makes of it. `admit` is asked once, when an unannounced body turns out large; until
 * then nothing more is read. After a refusal the rest is read and thrown away, so that the client can finish sending, read the
 * answer, and use its connection again.
 */
function collect(
  req: IncomingMessage,
  decoder: Transform | undefined,
  limit: number,
  admit: (() => Promise<void>) | undefined,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const source = decoder ?? req;
    const chunks: Buffer[] = [];
    let length = 0;
    let mayGrow = admit === undefined;

    function fail(error: unknown): void {
      source.off('data', take);
      if (decoder !== undefined) {
        req.unpipe(decoder);
        decoder.destroy();
      }
      req.resume();
      reject(error);
    }
    function take(chunk: Buffer): void {
      length += chunk.length;
      if (length > limit) fail(tooLarge(limit));
      else chunks.push(chunk);
      if (!mayGrow && length > LARGE) {
        mayGrow = true;
        source.pause();
        admit?.().then(() => source.resume(), fail);
      }
    }

    source.on('data', take);
    source.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
    req.once('error', () => fail(clientLeft()));
    if (decoder !== undefined) {
      decoder.once('error', (cause) => fail(new FhirError('invalid', 'The compressed body is broken', { cause })));
      req.pipe(decoder);
    }
  });
}

function decoderOf(encoding: string): Transform {
  const make = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (make !== undefined) return make();
  throw new FhirError('media-type', `Content-Encoding "${encoding}" is unknown here; known are gzip, deflate and br`, {
    headers: { 'Accept-Encoding': 'gzip, deflate, br' },
  });
}

/** Fires when the client goes away before its request is complete. */
function leaving(req: IncomingMessage): AbortSignal {
  const controller = new AbortController();
  req.once('close', () => {
    if (!req.complete) controller.abort(clientLeft());
  });
  return controller.signal;
}

const clientLeft = (): FhirError => new FhirError('transient', 'The client left before its request was complete');

const tooLarge = (limit: number): FhirError =>
  new FhirError('too-large', `The body is larger than ${Math.floor(limit / 1024 / 1024)} MB`);
