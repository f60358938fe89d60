// The releases that can be loaded. A new format is one line here.
import { FhirError } from '../../model/errors.ts';
import type { ConceptStore, LoadedSystem } from '../../storage/concepts.ts';
import { openRelease } from './files.ts';
import { icd10Cm } from './icd-10-cm.ts';
import { loinc } from './loinc.ts';
import type { ReleaseFormat, ReleaseWishes } from './release.ts';
import { rxNorm } from './rxnorm.ts';
import { snomedCt } from './snomed-ct.ts';

export const releaseFormats: readonly ReleaseFormat[] = [loinc, snomedCt, rxNorm, icd10Cm];

export interface LoadWishes extends ReleaseWishes {
  /** one of the formats' codes, where several would fit */
  system?: string;
}

/** What is done just now: `what` is read, or `done` of `total` concepts are written. */
export type OnProgress = (step: { what: string; done?: number; total?: number }) => void;

/** A file, a folder or a zip into the database. */
export async function loadRelease(
  path: string,
  store: ConceptStore,
  wishes: LoadWishes,
  onProgress: OnProgress = () => undefined,
): Promise<LoadedSystem> {
  const files = await openRelease(path);
  try {
    const format = formatOf(path, files, wishes.system);
    const { head, total, concepts } = await format.read(files, wishes, (what) => onProgress({ what }));
    return await store.load(head, concepts, (done) => onProgress({ what: 'writing', done, total }));
  } finally {
    files.close();
  }
}

function formatOf(
  path: string,
  files: Parameters<ReleaseFormat['isIt']>[0],
  wanted: string | undefined,
): ReleaseFormat {
  const named = releaseFormats.find(({ code, url }) => wanted === code || wanted === url);
  if (wanted !== undefined && named === undefined) {
    const codes = releaseFormats.map(({ code }) => code).join(', ');
    throw new FhirError('value', `'${wanted}' is none of the systems that can be loaded: ${codes}`);
  }
  const fitting = (named ? [named] : releaseFormats).filter((format) => format.isIt(files));
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length > 1) {
    throw new FhirError(
      'invalid',
      `${path} holds ${fitting.map(({ title }) => title).join(' and ')}: name one with --system`,
    );
  }
  const needed = (named ? [named] : releaseFormats).map(({ title, needs }) => `${title} needs ${needs}`);
  throw new FhirError('invalid', `${path} is no release that is known here. ${needed.join('. ')}.`);
}
