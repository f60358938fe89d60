// The raw limit: what node:http and the MongoDB driver can do with the same bytes in the same collections and nothing else: no
// parsing, no validation, no search plan. Micro-batched like the server, so that the comparison is with the best and not the naive.
//   MONGODB_URI=… DATABASE=… PORT=… tsx bench/raw-limit.ts
import http from 'node:http';
import { type Document, MongoClient } from 'mongodb';

const client = await new MongoClient(process.env.MONGODB_URI ?? '', { maxPoolSize: 16 }).connect();
const db = client.db(process.env.DATABASE);
const observations = db.collection('Observation');
const created = db.collection('BenchObservation');
const JSON_TYPE = { 'Content-Type': 'application/fhir+json; charset=utf-8' };

/** `{_id, j}` as raw BSON: the bytes of j without decoding the document. */
function sliceOf(raw: Buffer): { id: string; bytes: Buffer } {
  const idLength = raw.readInt32LE(9);
  const at = 13 + idLength;
  const length = raw.readInt32LE(at + 3);
  return { id: raw.toString('utf8', 13, 13 + idLength - 1), bytes: raw.subarray(at + 8, at + 8 + length) };
}

/** While two commands are in flight, requests queue; the next command takes them all. */
function batched<In, Out>(limit: number, run: (items: In[]) => Promise<Out[]>): (item: In) => Promise<Out> {
  let inFlight = 0;
  let queue: { item: In; resolve: (out: Out) => void; reject: (error: unknown) => void }[] = [];
  const flush = (): void => {
    while (inFlight < 2 && queue.length > 0) {
      const batch = queue.slice(0, limit);
      queue = queue.slice(limit);
      inFlight++;
      run(batch.map(({ item }) => item))
        .then(
          (outs) =>
            batch.forEach(({ resolve }, index) => {
              resolve(outs[index] as Out);
            }),
          (error) =>
            batch.forEach(({ reject }) => {
              reject(error);
            }),
        )
        .finally(() => {
          inFlight--;
          flush();
        });
    }
  };
  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      flush();
    });
}

const read = batched<string, Buffer | undefined>(200, async (ids) => {
  const documents = (await observations
    .find({ _id: { $in: ids } } as Document, { projection: { j: 1 }, raw: true })
    .toArray()) as unknown as Buffer[];
  const byId = new Map(documents.map(sliceOf).map(({ id, bytes }) => [id, bytes]));
  return ids.map((id) => byId.get(id));
});

const template = await observations.findOne({ j: { $exists: true } });
let serial = Date.now() * 1000;
const create = batched<Buffer, string>(200, async (bodies) => {
  const documents = bodies.map((body) => {
    const n = serial++;
    return { ...template, _id: n.toString(36), j: body, v: 1, u: Date.now(), n } as unknown as Document;
  });
  await created.insertMany(documents, { ordered: false, writeConcern: { w: 'majority' } });
  return documents.map(({ _id }) => String(_id));
});

/** The same page as the server's search of patient + code by date: the key comes ready-made in the query. */
async function search(key: string): Promise<Buffer> {
  const documents = (await observations
    .find({ k: key }, { projection: { j: 1 }, raw: true, batchSize: 21 })
    .sort({ sd: -1, n: 1 })
    .limit(21)
    .toArray()) as unknown as Buffer[];
  const parts: Buffer[] = [Buffer.from('{"resourceType":"Bundle","type":"searchset","entry":[')];
  documents.slice(0, 20).forEach((raw, index) => {
    const { id, bytes } = sliceOf(raw);
    parts.push(
      Buffer.from(`${index > 0 ? ',' : ''}{"fullUrl":"http://127.0.0.1/fhir/Observation/${id}","resource":`),
      bytes,
      Buffer.from(',"search":{"mode":"match"}}'),
    );
  });
  parts.push(Buffer.from(']}'));
  return Buffer.concat(parts);
}

function answer(res: http.ServerResponse, status: number, body: Buffer): void {
  res.writeHead(status, { ...JSON_TYPE, 'Content-Length': body.length });
  res.end(body);
}

const server = http.createServer((req, res) => {
  const url = req.url ?? '';
  const fail = (error: unknown): void => answer(res, 500, Buffer.from(String(error)));
  if (req.method === 'POST') {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      create(body).then(() => answer(res, 201, body), fail);
    });
  } else if (url.startsWith('/search?key=')) {
    search(decodeURIComponent(url.slice(12))).then((body) => answer(res, 200, body), fail);
  } else {
    read(url.slice(url.lastIndexOf('/') + 1)).then(
      (bytes) => answer(res, bytes ? 200 : 404, bytes ?? Buffer.alloc(0)),
      fail,
    );
  }
});
server.listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
