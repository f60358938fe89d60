// `wardgate reindex`: extracts the search keys of every resource again, for example after TIME_ZONE was changed.
import type { Config } from '../platform/config/config.ts';
import { createProgress, type Progress } from './progress.ts';
import { startPrivately } from './target.ts';

/** Works on the database directly; servers beside it on the same MONGODB_URI may go on. */
export async function runReindex(config: Config): Promise<number> {
  const server = await startPrivately(config);
  let shown: { type: string; progress: Progress } | undefined;
  try {
    const { documents, failed } = await server.service.database.reextract({
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
