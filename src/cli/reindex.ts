// `wardgate reindex`: extracts the search keys of every resource again, or of some types. After a change of TIME_ZONE the server does it by itself.
import type { Config } from '../platform/config/config.ts';
import { StartError } from '../platform/start-error.ts';
import { createProgress, type Progress } from './progress.ts';
import { startPrivately } from './target.ts';

/** Works on the database directly; servers beside it on the same MONGODB_URI may go on. */
export async function runReindex(config: Config, types: readonly string[] = []): Promise<number> {
  const server = await startPrivately(config);
  let shown: { type: string; progress: Progress } | undefined;
  try {
    const unknown = types.find((type) => !server.service.engine.definitions.resourceTypes.includes(type));
    if (unknown !== undefined) throw new StartError(`There is no type '${unknown}'.`);
    const { documents, failed } = await server.service.database.reextract({
      ...(types.length > 0 && { types }),
      all: true,
      progress: ({ type, done, all }) => {
        if (shown?.type !== type) {
          shown?.progress.end();
          shown = { type, progress: createProgress(type, all) };
        }
        shown.progress.update(done, `${done}/${all}`);
      },
    });
    shown?.progress.end();
    console.log(
      `${documents} resources have new keys${failed.length === 0 ? '' : `; these keep their old ones: ${failed.join(', ')}`}.`,
    );
    return failed.length === 0 ? 0 : 1;
  } finally {
    await server.close();
  }
}
