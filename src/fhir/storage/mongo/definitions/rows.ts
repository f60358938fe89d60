// Which resources of a type there are, and some of their search keys: read by projection, so that no resource is parsed.
import type { Db } from 'mongodb';
import type { StoredRow } from '../../definitions.ts';
import type { StoredDocument } from '../document.ts';

interface Row extends Pick<StoredDocument, '_id' | 'v' | 'u' | 'x'> {
  k?: string[];
}

export async function readRows(
  db: Db,
  type: string,
  parameters: readonly string[],
  since?: number,
): Promise<StoredRow[]> {
  const wanted = new RegExp(`^(${parameters.map(escaped).join('|')})\\|`);
  const cursor = db.collection<StoredDocument>(type).aggregate<Row>([
    { $match: since === undefined ? { x: { $exists: false } } : { u: { $gte: since } } },
    {
      $project: {
        v: 1,
        u: 1,
        x: 1,
        k: { $filter: { input: { $ifNull: ['$k', []] }, cond: { $regexMatch: { input: '$$this', regex: wanted } } } },
      },
    },
  ]);
  const rows: StoredRow[] = [];
  for await (const { _id, v, u, x, k = [] } of cursor)
    rows.push({ id: _id, version: v, lastUpdated: u, isDeleted: x === 1, keys: k });
  return rows;
}

const escaped = (text: string): string => text.replace(/[^\w-]/g, '\\$&');
