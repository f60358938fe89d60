// Packages: `packages` has one document for each, with the index of what is in it; `package_resources` has the bytes as they came. The document
// of the package is inserted last and deleted first, so that a package is there whole or not at all.
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import { type Binary, type Db, MongoServerError } from 'mongodb';
import { FhirError } from '../../../model/errors.ts';
import type { PackageRecord, PackageStore } from '../../definitions.ts';
import { isDuplicateKey } from '../failures.ts';

interface PackageDocument extends Omit<PackageRecord, 'loadedAt'> {
  /** `name#version` */
  _id: string;
  loadedAt: Date;
}

interface ResourceDocument {
  /** `load/000012`: one range on `_id` is a package */
  _id: string;
  j: Buffer | Binary;
  /** `j` is compressed, because MongoDB's documents end at 16 MiB */
  z?: true;
}

/** A load or a removal under way; one that is old was cut off, and what it left is deleted. */
interface LoadDocument {
  _id: string;
  begun: Date;
}

export interface PackageStoreDeps {
  db: Db;
  now: () => number;
  /** after a package came or went */
  changed: () => Promise<void>;
}

const CUT_OFF_MS = 3_600_000;
const MAX_PLAIN_BYTES = 15 * 1024 * 1024;
const MAJORITY = { writeConcern: { w: 'majority' } } as const;
const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);

export const packageId = (name: string, version: string): string => `${name}#${version}`;
const resourceId = (load: string, place: number): string => `${load}/${String(place).padStart(6, '0')}`;

export function createPackageStore({ db, now, changed }: PackageStoreDeps): PackageStore {
  const packages = db.collection<PackageDocument>('packages', MAJORITY);
  const resources = db.collection<ResourceDocument>('package_resources', MAJORITY);
  const loads = db.collection<LoadDocument>('package_loads', MAJORITY);
  let prepared: Promise<void> | undefined;

  // '0' is the character after '/'
  const forget = (load: string): Promise<unknown> =>
    resources.deleteMany({ _id: { $gte: `${load}/`, $lt: `${load}0` } });

  /** zstd: resources of a package repeat each other */
  async function prepare(): Promise<void> {
    try {
      await db.createCollection('package_resources', {
        storageEngine: { wiredTiger: { configString: 'block_compressor=zstd' } },
      });
    } catch (error) {
      if (!(error instanceof MongoServerError && error.codeName === 'NamespaceExists')) throw error;
    }
  }

  async function sweep(): Promise<void> {
    const old = await loads.find({ begun: { $lt: new Date(now() - CUT_OFF_MS) } }).toArray();
    for (const { _id } of old) {
      if ((await packages.countDocuments({ load: _id }, { limit: 1 })) === 0) await forget(_id);
      await loads.deleteOne({ _id });
    }
  }

  return {
    async list() {
      const documents = await packages.find().sort({ _id: 1 }).toArray();
      return documents.map(({ _id, loadedAt, ...record }) => ({ ...record, loadedAt: loadedAt.getTime() }));
    },

    async beginLoad() {
      prepared ??= prepare();
      await prepared;
      await sweep();
      const load = randomBytes(9).toString('hex');
      await loads.insertOne({ _id: load, begun: new Date(now()) });
      let count = 0;
      const abort = async (): Promise<void> => {
        await forget(load);
        await loads.deleteOne({ _id: load });
      };
      return {
        async add(batch) {
          const documents = await Promise.all(batch.map((bytes, at) => resourceDocument(load, count + at, bytes)));
          count += batch.length;
          if (documents.length > 0) await resources.insertMany(documents);
        },
        async commit(record) {
          const alive = await loads.findOneAndUpdate({ _id: load }, { $set: { begun: new Date(now()) } });
          if (alive === null) throw new FhirError('timeout', 'Loading the package took longer than an hour');
          const { name, version } = record;
          const _id = packageId(name, version);
          try {
            await packages.insertOne({ _id, ...record, load, loadedAt: new Date(now()) });
          } catch (error) {
            await abort();
            if (isDuplicateKey(error)) return false;
            throw error;
          }
          await loads.deleteOne({ _id: load });
          await changed();
          return true;
        },
        abort,
      };
    },

    async remove(name, version) {
      const found = await packages.findOne({ _id: packageId(name, version) });
      if (found === null) return false;
      const { load, _id } = found;
      // so that what a crash leaves behind is swept
      await loads.updateOne({ _id: load }, { $set: { begun: new Date(0) } }, { upsert: true });
      const { deletedCount } = await packages.deleteOne({ _id, load });
      await changed();
      await forget(load);
      await loads.deleteOne({ _id: load });
      return deletedCount === 1;
    },

    async read(load, place) {
      const document = await resources.findOne({ _id: resourceId(load, place) });
      if (document === null) return undefined;
      const bytes = Buffer.isBuffer(document.j) ? document.j : Buffer.from(document.j.buffer);
      return document.z ? decompress(bytes) : bytes;
    },
  };
}

async function resourceDocument(load: string, place: number, bytes: Buffer): Promise<ResourceDocument> {
  const _id = resourceId(load, place);
  if (bytes.length <= MAX_PLAIN_BYTES) return { _id, j: bytes };
  const j = await compress(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
  if (j.length > MAX_PLAIN_BYTES)
    throw new FhirError('too-large', `A resource of ${bytes.length} bytes is too large for the database`);
  return { _id, j, z: true };
}
