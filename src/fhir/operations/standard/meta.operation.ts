// $meta of a resource, of one version, of a type and of the whole system. https://hl7.org/fhir/R4/resource-operation-meta.html
import type { Meta } from 'fhir/r4.js';
import type { ResourceMetaInput, ResourceMetaOutput } from '../../../generated/operation-io.ts';
import { FhirError, gone } from '../../model/errors.ts';
import type { Predicate } from '../../model/predicate.ts';
import type { Match, Store } from '../../storage/store.ts';
import { defineOperation } from '../operation.ts';
import { addedTo } from './meta.ts';
import { contentOf, need } from './stored.ts';

/** More different labels of one type than this are no summary. */
const MOST = 5000;
const TYPES_AT_ONCE = 8;

export default defineOperation<ResourceMetaInput, ResourceMetaOutput>({
  definition: 'Resource-meta',
  needs: ['*.rs'],
  onVersions: true,
  async run(_, { target, store, engine }) {
    const { type, id, version } = target;
    if (type === undefined) {
      const types = engine.definitions.resourceTypes.filter((name) => name !== 'Parameters');
      let meta: Meta = {};
      for (let at = 0; at < types.length; at += TYPES_AT_ONCE) {
        const some = await Promise.all(types.slice(at, at + TYPES_AT_ONCE).map((name) => metaInUse(store, name)));
        meta = some.reduce(addedTo, meta);
      }
      return { return: meta };
    }
    if (id === undefined) return { return: await metaInUse(store, type) };
    const stored = version === undefined ? await need(store, type, id) : await needVersion(store, type, id, version);
    return { return: (contentOf(stored).meta ?? {}) as Meta };
  },
});

async function needVersion(store: Store, type: string, id: string, text: string): Promise<{ bytes: Buffer }> {
  const stored = /^[1-9]\d{0,14}$/.test(text) ? await store.vread(type, id, Number(text)) : undefined;
  if (stored === undefined) throw new FhirError('not-found', `${type}/${id} has no version ${text}`);
  if (stored.bytes === null) throw gone(type, id, stored.version);
  return { bytes: stored.bytes };
}

async function metaInUse(store: Store, type: string): Promise<Meta> {
  const found = await store.distinct({ type, params: ['_profile', '_tag', '_security'], limit: MOST });
  if (found.length === 0) return {};
  const others = await Promise.all(['_tag', '_security'].map((param) => withOtherSystems(store, type, param, found)));
  return [...found, ...others.flat()].map(labelsOf).reduce(addedTo, {});
}

/** The same code may be in use with several systems, which no key tells apart: each is looked for in what those found so far are not in. */
async function withOtherSystems(store: Store, type: string, param: string, found: readonly Match[]): Promise<Match[]> {
  const isOfParam = (text: string): boolean => text.startsWith(`${param}|`);
  const keys = [...new Set(found.flatMap((match) => match.keys!.filter(isOfParam)))];
  const tokens = new Set(found.flatMap((match) => match.tokens!.filter(isOfParam)));
  const others: Match[] = [];
  while (keys.length > 0) {
    const isNew: Predicate = { op: 'not', of: { op: 'confirms', tokens: [...tokens] } };
    const where: Predicate = { op: 'and', of: [{ op: 'oneOf', keys }, isNew] };
    const page = await store.find({ type, where, sort: [], limit: 1, total: 'none', wantTokens: true });
    const [other] = page.matches;
    if (other === undefined) break;
    others.push(other);
    for (const token of other.tokens!) tokens.add(token);
  }
  return others;
}

function labelsOf(match: Match): Meta {
  const { profile, tag, security } = (contentOf(match).meta ?? {}) as Meta;
  return { ...(profile && { profile }), ...(tag && { tag }), ...(security && { security }) };
}
