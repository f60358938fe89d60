// Loads files into a FHIR server, a few at a time, and says what became of each.
import { StartError } from '../../platform/start-error.ts';
import { loadsOf, type Piece, transactionOf } from './bundles.ts';
import type { Client } from './client.ts';
import type { SourceFile } from './files.ts';
import { addCounts, type Counts, noCounts, reasonIn, verdictOf } from './outcome.ts';

export interface FileResult {
  path: string;
  counts: Counts;
  /** what failed, one line each; the first ones */
  errors: string[];
}

export interface ImportOptions {
  files: readonly SourceFile[];
  client: Client;
  concurrency: number;
  /** after every request */
  onProgress: (progress: { resources: number; filesDone: number; bytesDone: number }) => void;
}

export interface ImportResult {
  files: FileResult[];
  totals: Counts;
}

const ERRORS_KEPT = 20;

export async function importFiles({ files, client, concurrency, onProgress }: ImportOptions): Promise<ImportResult> {
  const results: FileResult[] = [];
  const totals = noCounts();
  const progress = { resources: 0, filesDone: 0, bytesDone: 0 };

  const load = async (file: SourceFile): Promise<void> => {
    const result: FileResult = { path: file.path, counts: noCounts(), errors: [] };
    const count = (counts: Counts): void => {
      addCounts(result.counts, counts);
      progress.resources += counts.created + counts.updated + counts.matched;
      onProgress(progress);
    };
    const fail = (reason: string): void => {
      if (result.errors.length < ERRORS_KEPT) result.errors.push(reason);
    };
    try {
      for await (const part of loadsOf(file)) {
        if ('whole' in part) await postWhole(client, part.whole, count, fail);
        else await postPieces(client, part.pieces, count, fail);
      }
    } catch (error) {
      // nothing that another file could do better
      if (error instanceof StartError) throw error;
      addCounts(result.counts, { ...noCounts(), failed: 1 });
      fail((error as Error).message);
    }
    addCounts(totals, result.counts);
    progress.filesDone += 1;
    progress.bytesDone += file.bytes;
    onProgress(progress);
    results.push(result);
  };

  for (const rank of new Set(files.map((file) => file.rank))) {
    const queue = files.filter((file) => file.rank === rank);
    const worker = async (): Promise<void> => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) await load(file);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  }
  return { files: results, totals };
}

type Count = (counts: Counts) => void;
type Fail = (reason: string) => void;

async function postWhole(client: Client, bundle: Buffer, count: Count, fail: Fail): Promise<void> {
  const reply = await client.post(bundle);
  if (reply.status !== 200) {
    count({ ...noCounts(), failed: 1 });
    fail(`${reply.status} ${reasonIn(reply.body)}`);
    return;
  }
  const methods = methodsIn(bundle);
  const { counts, reasons } = verdictOf(reply, (index) => methods[index]);
  for (const { index, reason } of reasons) fail(`entry[${index}]: ${reason}`);
  count(counts);
}

/** The request methods of a Bundle in order, without parsing it: `"method"` is an element of Bundle.entry.request only. */
function methodsIn(bundle: Buffer): string[] {
  const methods: string[] = [];
  for (let at = bundle.indexOf('"method"'); at !== -1; at = bundle.indexOf('"method"', at + 8)) {
    const [, method] = /^"method"\s*:\s*"([A-Z]+)"/.exec(bundle.toString('latin1', at, at + 40)) ?? [];
    if (method !== undefined) methods.push(method);
  }
  return methods;
}

/** One transaction for all of them; where that is refused, halves, until the guilty resource stands alone. */
async function postPieces(client: Client, pieces: readonly Piece[], count: Count, fail: Fail): Promise<void> {
  const reply = await client.post(transactionOf(pieces));
  if (reply.status === 200) {
    count(verdictOf(reply, (index) => /"method":"([A-Z]+)"/.exec(pieces[index]?.entry.slice(-200) ?? '')?.[1]).counts);
    return;
  }
  if (pieces.length === 1 || reply.status >= 500) {
    count({ ...noCounts(), failed: pieces.length });
    fail(`${pieces[0]?.place}: ${reply.status} ${reasonIn(reply.body)}`);
    return;
  }
  const middle = Math.ceil(pieces.length / 2);
  await postPieces(client, pieces.slice(0, middle), count, fail);
  await postPieces(client, pieces.slice(middle), count, fail);
}
