// A closed-loop HTTP/1.1 client on bare sockets: each connection sends its next request when the answer to the last has arrived, and at a
// given rate not before its time has come.
// It costs a few microseconds a request, so that on a shared machine the server is what is measured.
import net from 'node:net';

export interface LoadOptions {
  port: number;
  connections: number;
  seconds: number;
  warmupSeconds?: number;
  /** of all connections together; absent: as many as are answered */
  perSecond?: number;
  /** the next request, whole */
  request: () => Buffer;
}

export interface LoadResult {
  requests: number;
  perSecond: number;
  p50: number;
  p99: number;
  statuses: Record<string, number>;
}

/** A request as bytes. */
export function httpRequest(
  method: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1'];
  if (bytes) lines.push('Content-Type: application/fhir+json', `Content-Length: ${bytes.length}`);
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
  return bytes ? Buffer.concat([head, bytes]) : head;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** How long the answer at the front of `buffer` is, or 0 while it is incomplete. */
function answerLength(buffer: Buffer): number {
  const end = buffer.indexOf(END_OF_HEAD);
  if (end < 0) return 0;
  const head = buffer.toString('latin1', 0, end).toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(head);
  if (length) {
    const whole = end + 4 + Number(length[1]);
    return buffer.length >= whole ? whole : 0;
  }
  if (head.includes('transfer-encoding: chunked')) {
    const last = buffer.indexOf('\r\n0\r\n\r\n', end);
    return last < 0 ? 0 : last + 7;
  }
  return end + 4;
}

/** Runs the load; counts only what happened after the warm-up. */
export async function closedLoop(options: LoadOptions): Promise<LoadResult> {
  const statuses: Record<string, number> = {};
  const times: number[] = [];
  const start = performance.now() + (options.warmupSeconds ?? 1) * 1000;
  const end = start + options.seconds * 1000;
  const apart = options.perSecond === undefined ? 0 : (options.connections * 1000) / options.perSecond;
  await Promise.all(
    Array.from(
      { length: options.connections },
      () =>
        new Promise<void>((resolve, reject) => {
          const socket = net.connect(options.port, '127.0.0.1');
          socket.setNoDelay(true);
          let parts: Buffer[] = [];
          let sent = 0;
          const write = (): void => {
            sent = performance.now();
            socket.write(options.request());
          };
          // connections take turns, so that what the server does for several at once does not depend on how fast it is
          let due = performance.now() + Math.random() * apart;
          const send = (): void => {
            const wait = due - performance.now();
            due += apart;
            if (wait < 1) write();
            else setTimeout(write, wait);
          };
          socket.on('connect', send);
          socket.on('error', reject);
          socket.on('close', () => resolve());
          socket.on('data', (chunk) => {
            parts.push(chunk);
            const buffer = parts.length === 1 ? chunk : Buffer.concat(parts);
            parts = [buffer];
            const length = answerLength(buffer);
            if (length === 0) return;
            parts = buffer.length > length ? [buffer.subarray(length)] : [];
            const now = performance.now();
            if (now >= start && now <= end) {
              times.push(now - sent);
              const status = buffer.toString('latin1', 9, 12);
              statuses[status] = (statuses[status] ?? 0) + 1;
            }
            if (now > end) socket.destroy();
            else send();
          });
        }),
    ),
  );
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requests: times.length, perSecond: times.length / options.seconds, p50: at(0.5), p99: at(0.99), statuses };
}
