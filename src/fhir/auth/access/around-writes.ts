// What judging several writes must know of other resources, asked once each, and in few commands: who owns what they refer to, and whether the
// patients that they speak of are the caller's to see.
import type { Definitions } from '../../definitions/definitions.ts';
import { parseJson } from '../../model/json.ts';
import { type Name, nameOf } from '../../model/references.ts';
import type { Resource } from '../../model/resource.ts';
import type { Store, Version, Write } from '../../storage/store.ts';
import type { JudgeDeps } from './judge.ts';
import { keysOf } from './judge.ts';
import { type Ownership, ownersByContent, ownersOf } from './owners.ts';
import { referredBy } from './referred.ts';

export interface Around {
  read(reference: Name): Promise<Version | undefined>;
  /** will be there when the writes are made */
  isArriving(reference: Name): boolean;
  ownersOf(reference: Name): Promise<readonly string[]>;
  ownersByContent(resource: Resource): Promise<string[]>;
}

export interface AroundDeps {
  definitions: Definitions;
  ownership: Ownership;
  extractor: JudgeDeps['extractor'];
  below: Pick<Store, 'readMany'>;
  writes: readonly Write[];
}

export function createAround({ definitions, ownership, extractor, below, writes }: AroundDeps): Around {
  const arriving = new Map<string, Resource>();
  for (const write of writes) {
    if (write.kind !== 'delete' && write.id !== undefined) arriving.set(nameOf(write as Name), write.resource);
  }
  const reads = new Map<string, Promise<Version | undefined>>();
  const owners = new Map<string, Promise<readonly string[]>>();
  let waiting: {
    reference: Name;
    resolve: (found: Version | undefined) => void;
    reject: (error: unknown) => void;
  }[] = [];

  /** What all writes ask in one turn goes out together: inside a transaction each question would wait for the one before. */
  function flush(): void {
    const some = waiting;
    waiting = [];
    below.readMany(some.map(({ reference }) => reference)).then(
      (found) => {
        for (const [index, { resolve }] of some.entries()) resolve(found[index]);
      },
      (error: unknown) => {
        for (const { reject } of some) reject(error);
      },
    );
  }

  function read(reference: Name): Promise<Version | undefined> {
    const name = nameOf(reference);
    const known = reads.get(name);
    if (known) return known;
    const found = new Promise<Version | undefined>((resolve, reject) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ reference, resolve, reject });
    });
    reads.set(name, found);
    return found;
  }

  async function ownersOfReference(reference: Name): Promise<readonly string[]> {
    const resource = arriving.get(nameOf(reference));
    if (resource !== undefined) {
      const labelled = ownersOf(resource);
      return labelled.length > 0 ? labelled : byContent(resource);
    }
    const version = await read(reference);
    return version?.bytes ? ownersOf(parseJson(version.bytes) as Resource) : [];
  }

  const around: Around = {
    read,
    isArriving: (reference) => arriving.has(nameOf(reference)),
    ownersOf(reference) {
      const name = nameOf(reference);
      const known = owners.get(name);
      if (known) return known;
      // what refers to each other in a circle waits for nobody
      owners.set(name, NONE);
      const found = ownersOfReference(reference);
      owners.set(name, found);
      return found;
    },
    ownersByContent: byContent,
  };

  function byContent(resource: Resource): Promise<string[]> {
    const { resourceType: type, id = '' } = resource;
    const sources = ownership.sourcesOf(type);
    if (sources.length === 0) return NOBODY;
    const { k } = keysOf({ type, id, lastUpdated: 0, resource }, { extractor });
    return ownersByContent(sources, (source) => referredBy(source, k, { definitions, type }), around.ownersOf);
  }

  return around;
}

const NONE: Promise<readonly string[]> = Promise.resolve([]);
const NOBODY: Promise<string[]> = Promise.resolve([]);
