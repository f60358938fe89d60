// A local server that speaks the Gemini protocol: it keeps what it was asked and answers what the test tells it to, one after another.
// https://ai.google.dev/api/generate-content
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export type GeminiReply =
  | { text: string }
  | { status: number; message?: string }
  /** never answers */
  | 'silence'
  /** refuses for reasons of safety */
  | 'blocked';

export interface GeminiRequest {
  url: string;
  key: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into what was sent
  body: any;
}

export interface GeminiServer {
  baseUrl: string;
  requests: GeminiRequest[];
  /** what the next requests get; the last reply stays */
  replies(...replies: GeminiReply[]): void;
  close(): Promise<void>;
}

export const aGoodAnswer = {
  urgency: 'routine',
  summary: 'A mild itch without other signs.',
  conditions: [{ name: 'Athlete’s foot', likelihood: 'moderate', rationale: 'Itching between the toes' }],
  recommendations: ['Keep the feet dry'],
  questions: ['Is the skin broken?'],
  confidence: 0.8,
};

export async function startGeminiServer(): Promise<GeminiServer> {
  const requests: GeminiRequest[] = [];
  let queue: GeminiReply[] = [{ text: JSON.stringify(aGoodAnswer) }];
  const server = http.createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    requests.push({
      url: req.url ?? '',
      key: req.headers['x-goog-api-key'] as string | undefined,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    });
    const reply = queue.length > 1 ? queue.shift()! : queue[0]!;
    if (reply === 'silence') return;
    const send = (status: number, body: unknown): void => {
      res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (reply === 'blocked') return send(200, { promptFeedback: { blockReason: 'SAFETY' } });
    if ('status' in reply) {
      return send(reply.status, { error: { code: reply.status, message: reply.message ?? 'no', status: 'ERROR' } });
    }
    const content = { role: 'model', parts: [{ text: reply.text }] };
    return send(200, { candidates: [{ content, finishReason: 'STOP', index: 0 }] });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    replies(...replies) {
      queue = replies;
      requests.length = 0;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
