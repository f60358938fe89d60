// `wardgate reindex`: extracts the search keys of every resource again, or of some types. After a change of TIME_ZONE the server does it by itself.
import { sleep } from '../platform/clock/clock.ts';
import type { Config } from '../platform/config/config.ts';
import { runningMongodUri } from '../platform/engines/running.ts';
import { StartError } from '../platform/start-error.ts';
import { baseOf } from './base.ts';
import { type Credential, credentialFor } from './credential.ts';
import { createProgress, type Progress } from './progress.ts';
import { startPrivately } from './target.ts';

interface Result {
  documents: number;
  failed: readonly string[];
}

/** With MONGODB_URI on the database directly, beside its servers; a server that runs on the data folder is asked to do it. */
export async function runReindex(config: Config, types: readonly string[] = []): Promise<number> {
  const isRunning = config.mongodbUri === undefined && runningMongodUri(config.dataDir) !== undefined;
  const base = isRunning ? baseOf(config) : undefined;
  const { documents, failed } = await (base === undefined
    ? doIt(config, types)
    : askServer(base, types, credentialFor(config, base)));
  const kept = failed.length === 0 ? '' : `; these keep their old ones: ${failed.join(', ')}`;
  console.log(`${documents} resources have new keys${kept}.`);
  return failed.length === 0 ? 0 : 1;
}

async function doIt(config: Config, types: readonly string[]): Promise<Result> {
  const server = await startPrivately(config);
  const shown = createShown();
  try {
    const unknown = types.find((type) => !server.service.engine.definitions.resourceTypes.includes(type));
    if (unknown !== undefined) throw new StartError(`There is no type '${unknown}'.`);
    return await server.service.database.reextract({
      ...(types.length > 0 && { types: [...new Set(types)] }),
      all: true,
      progress: ({ type, done, all }) => shown.show(type, done, all),
    });
  } finally {
    shown.end();
    await server.close();
  }
}

const POLL_MS = 500;

/** In the background there, watched from here. */
export async function askServer(base: string, types: readonly string[], credential: Credential): Promise<Result> {
  const ask = askerWith(credential);
  const parameter = types.map((type) => ({ name: 'type', valueCode: type }));
  const headers = { 'content-type': 'application/fhir+json', accept: 'application/fhir+json', prefer: 'respond-async' };
  const body = JSON.stringify({ resourceType: 'Parameters', ...(parameter.length > 0 && { parameter }) });
  const started = await ask(`${base}/$reindex`, { method: 'POST', headers, body });
  const watched = started.headers.get('content-location') ?? '';
  const shown = createShown();
  try {
    for (;;) {
      const reply = await ask(watched, { headers });
      if (reply.status === 200) return resultOf(await reply.json());
      const [, type, done, all] = /^(\w+) (\d+)\/(\d+)$/.exec(reply.headers.get('x-progress') ?? '') ?? [];
      if (type !== undefined) shown.show(type, Number(done), Number(all));
      await sleep(POLL_MS);
    }
  } finally {
    shown.end();
  }
}

type Ask = (
  url: string,
  init: { method?: string; headers: Record<string, string>; body?: string },
) => Promise<Response>;

/** Refusals end the command with what the server says. */
const askerWith =
  ({ authorization, refused }: Credential): Ask =>
  async (url, { headers, ...init }) => {
    const shown = await authorization();
    const all = { ...headers, ...(shown !== undefined && { authorization: shown }) };
    const reply = await fetch(url, { ...init, headers: all }).catch(() => undefined);
    if (!reply) throw new StartError(`A server runs on the data folder, but does not answer at ${url}.`);
    if (reply.ok) return reply;
    const outcome = (await reply.json().catch(() => undefined)) as { issue?: { diagnostics?: string }[] } | undefined;
    const said = outcome?.issue?.[0]?.diagnostics ?? `${url} answers ${reply.status}.`;
    throw reply.status === 401 ? refused(said) : new StartError(said);
  };

function resultOf(body: unknown): Result {
  const { parameter = [] } = body as {
    parameter?: { name: string; valueUnsignedInt?: number; valueString?: string }[];
  };
  return {
    documents: parameter.find(({ name }) => name === 'indexed')?.valueUnsignedInt ?? 0,
    failed: parameter.filter(({ name }) => name === 'failed').map(({ valueString = '' }) => valueString),
  };
}

/** One bar after the other, a type each. */
function createShown() {
  let shown: { type: string; progress: Progress } | undefined;
  return {
    show(type: string, done: number, all: number): void {
      if (shown?.type !== type) {
        shown?.progress.end();
        shown = { type, progress: createProgress(type, all) };
      }
      shown.progress.update(done, `${done}/${all}`);
    },
    end: () => shown?.progress.end(),
  };
}
