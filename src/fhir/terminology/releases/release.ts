// A release format: how it is recognised, and how its concepts are read.
import type { ReadConcept, SystemHead } from '../../storage/concepts.ts';
import type { ReleaseFiles } from './files.ts';

export interface ReleaseWishes {
  /** where the files do not say, or say it wrongly */
  version?: string;
}

export interface Release {
  head: SystemHead;
  /** how many there will be, for a progress bar */
  total: number;
  concepts: Iterable<ReadConcept> | AsyncIterable<ReadConcept>;
}

export interface ReleaseFormat {
  /** what `--system` calls it */
  code: string;
  url: string;
  title: string;
  /** for people: which files it needs */
  needs: string;
  isIt(files: ReleaseFiles): boolean;
  /** `say`: what is read just now */
  read(files: ReleaseFiles, wishes: ReleaseWishes, say: (text: string) => void): Promise<Release>;
}
