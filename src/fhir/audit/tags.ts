// The search keys of a record that blocks are found by, without making the AuditEvent: those of who, whose, what and how it ended. A test
// compares them with the keys that the search room makes of the AuditEvent.

import { OWNER_SYSTEM } from '../auth/access/owners.ts';
import { systemTag, tokenPart } from '../search/index.ts';
import { dataOf, ownerOf } from './event.ts';
import { type Code, factsOf } from './facts.ts';
import type { AuditRecord, NewRecord } from './record.ts';

/** Parameters whose keys are all among the tags. Of `agent` and `entity` references only, not what is asked as `:identifier`. */
export const TAGGED: ReadonlySet<string> = new Set([
  '_security',
  'action',
  'agent',
  'altid',
  'entity',
  'outcome',
  'patient',
  'subtype',
  'type',
]);

export function tagsOf(record: NewRecord): string[] {
  const { kind, patients = [], wrote = [] } = record;
  const { action, outcome, type, subtypes } = factsOf(record);
  const tags = [`action|${action}`, `outcome|${outcome}`, `type|${type.code}`];
  for (const { code } of subtypes) tags.push(`subtype|${code}`);
  const owner = ownerOf(record)?.toLowerCase();
  if (owner !== undefined) tags.push(`_security|${owner}`);
  if (kind !== 'log') addAgents(record, tags);
  for (const id of patients) tags.push(`patient|Patient/${id}`, `entity|Patient/${id}`);
  const named = dataOf(record);
  for (const reference of named === undefined ? wrote : [named, ...wrote]) addReference(reference, tags);
  return tags;
}

function addAgents(
  { by, isClient, user, organizations = [] }: Pick<AuditRecord, 'by' | 'isClient' | 'user' | 'organizations'>,
  tags: string[],
): void {
  if (by !== undefined) {
    tags.push(`altid|${tokenPart(by)}`);
    if (user !== undefined && !isClient) {
      tags.push(`agent|${user}`);
      if (user.startsWith('Patient/')) tags.push(`patient|${user}`);
    }
  }
  for (const id of organizations) tags.push(`agent|Organization/${id}`);
}

/**
 * What of a tag a block is found by: versions by their resource, and patients in one way, because each costs an entry of an index.
 * Whatever has the tag has this too.
 */
export function findableBy(tag: string): string {
  const history = tag.indexOf('/_history/');
  const name = history < 0 ? tag : tag.slice(0, history);
  return name.startsWith('entity|Patient/') ? `patient|${name.slice('entity|'.length)}` : name;
}

/** A version is found by its resource as well. */
function addReference(reference: string, tags: string[]): void {
  const history = reference.indexOf('/_history/');
  const resource = history < 0 ? reference : reference.slice(0, history);
  for (const name of resource === reference ? [resource] : [resource, reference]) {
    tags.push(`entity|${name}`);
    if (name.startsWith('Patient/')) tags.push(`patient|${name}`);
  }
}

/** Of the tags, those that say their system as well (SearchKeys.t). */
export function tokensOf(record: AuditRecord): string[] {
  const { type, subtypes } = factsOf(record);
  const token = (param: string, { code, system }: Code): string => `${param}|${code}|${systemTag(system)}`;
  const owner = ownerOf(record)?.toLowerCase();
  const label = owner === undefined ? [] : [`_security|${owner}|${systemTag(OWNER_SYSTEM)}`];
  return [token('type', type), ...subtypes.map((one) => token('subtype', one)), ...label];
}
