// Checks the whole log: every hash, every place, what blocks are found by, and that no chain ends before where it is known to have been.
import type { AuditBlock, AuditHead, AuditLog } from '../storage/audit-log.ts';
import { blockOf } from './block.ts';
import { type Frame, firstHash, hashOf, keyName, readFrames, recordsIn } from './chain.ts';
import type { Head } from './record.ts';
import { markOf } from './retention.ts';

/** Something is not as it was written. */
export interface Defect {
  chain: string;
  /** records from here */
  from: number;
  /** to here; the end of the chain where absent */
  to?: number;
  what: string;
}

export interface CheckedChain {
  chain: string;
  /** first and last record that are there; 0 where none is */
  first: number;
  last: number;
  /** when they were made, ms */
  since?: number;
  until?: number;
}

export interface Checked {
  chains: CheckedChain[];
  defects: Defect[];
}

/** A head, and who remembers it. */
export interface Claim extends Head {
  by: string;
}

/** `claims`: heads that were kept outside the database. `onChain` hears how many chains of how many are checked. */
export async function verify(
  log: AuditLog,
  key: Buffer,
  claims: readonly Claim[] = [],
  onChain: (checked: number, all: number) => Promise<void> | void = () => undefined,
): Promise<Checked> {
  const heads = new Map((await log.heads()).map((head) => [head.chain, head]));
  const names = new Set([...(await log.chains()), ...heads.keys()]);
  const checked: Checked = { chains: [], defects: [] };
  const all: Claim[] = [...claims];
  for (const chain of [...names].sort()) {
    const one = createChainCheck(chain, key, heads.get(chain));
    for await (const block of log.chain(chain)) one.block(block);
    const { claims: said, defects, ...facts } = one.end();
    checked.chains.push(facts);
    checked.defects.push(...defects);
    all.push(...said);
    await onChain(checked.chains.length, names.size);
  }
  for (const claim of all) {
    const defect = await missing(claim, log, heads.get(claim.chain), key);
    if (defect !== undefined && !checked.defects.some((known) => isTold(known, defect))) checked.defects.push(defect);
  }
  return checked;
}

const isTold = (known: Defect, defect: Defect): boolean =>
  known.chain === defect.chain &&
  known.from <= defect.from &&
  (known.to ?? Number.POSITIVE_INFINITY) >= (defect.to ?? known.from);

function createChainCheck(chain: string, key: Buffer, head: AuditHead | undefined) {
  const defects: Defect[] = [];
  const claims: Claim[] = [];
  const facts: CheckedChain = { chain, first: 0, last: 0 };
  let { n, hash } = beginning();

  function beginning(): { n: number; hash: string } {
    const { pruned } = head ?? {};
    if (pruned === undefined) return { n: 0, hash: firstHash(key, chain) };
    if (pruned.mark !== markOf(key, { chain, ...pruned })) {
      defects.push({ chain, from: 1, to: pruned.n, what: 'the mark that explains why they are gone is not genuine' });
    }
    return pruned;
  }

  function checkFrame(frame: Frame, block: AuditBlock): void {
    const { first, last, lines } = frame;
    if (first > n + 1) defects.push({ chain, from: n + 1, to: first - 1, what: 'records are missing' });
    else if (first <= n)
      defects.push({ chain, from: first, to: last, what: 'records are there twice or in another order' });
    else if (hashOf(key, hash, lines) !== frame.hash) {
      const isStranger = head !== undefined && head.key !== keyName(key);
      const what = isStranger
        ? 'cannot be checked: made with another key (SERVER_SECRET)'
        : 'records were changed, or those before them';
      if (!isStranger || defects.length === 0)
        defects.push({ chain, from: first, to: isStranger ? block.last : last, what });
    }
    n = Math.max(n, last);
    hash = frame.hash;
  }

  return {
    block(block: AuditBlock): void {
      const { frames, bytes } = readFrames(block.frames);
      const isWhole = bytes === block.frames.length && frames.length > 0;
      try {
        for (const frame of frames) {
          checkFrame(frame, block);
          for (const { n: place, kind, heads = [], at } of recordsIn(frame)) {
            if (place < frame.first || place > frame.last) throw new Error('place');
            if (facts.first === 0) Object.assign(facts, { first: place, since: at });
            Object.assign(facts, { last: Math.max(facts.last, place), until: at });
            if (kind === 'log') claims.push(...heads.map((one) => ({ ...one, by: `chain ${chain}, record ${place}` })));
          }
        }
        if (!isWhole || !isSame(block, blockOf(block.chain, frames))) throw new Error('block');
      } catch {
        defects.push({
          chain,
          from: block.first,
          to: block.last,
          what: 'the block is damaged, or what it is found by was changed',
        });
      }
    },
    end(): CheckedChain & { claims: Claim[]; defects: Defect[] } {
      if (head !== undefined && head.n > n)
        defects.push({ chain, from: n + 1, to: head.n, what: 'records are missing at the end' });
      return { ...facts, claims, defects };
    },
  };
}

const isSame = (stored: AuditBlock, made: AuditBlock): boolean =>
  stored.first === made.first &&
  stored.last === made.last &&
  stored.from === made.from &&
  stored.until === made.until &&
  stored.hash === made.hash &&
  stored.tags.length === made.tags.length &&
  made.tags.every((tag) => stored.tags.includes(tag));

/** Whether the chain still has this hash at this place. */
async function missing(
  claim: Claim,
  log: AuditLog,
  head: AuditHead | undefined,
  key: Buffer,
): Promise<Defect | undefined> {
  const { chain, n, hash, by } = claim;
  const pruned = head?.pruned;
  if (pruned !== undefined && n <= pruned.n && pruned.mark === markOf(key, { chain, ...pruned })) return undefined;
  const block = await log.blockOf(chain, n);
  const frame = block && readFrames(block.frames).frames.find(({ last }) => last === n);
  if (frame?.hash === hash) return undefined;
  if (frame !== undefined) return { chain, from: 1, to: n, what: `another history is known at record ${n}, by ${by}` };
  const last = await lastPlace(log, chain);
  return { chain, from: Math.min(last + 1, n), to: n, what: `records are missing: record ${n} is known by ${by}` };
}

async function lastPlace(log: AuditLog, chain: string): Promise<number> {
  let last = 0;
  for await (const block of log.chain(chain)) last = block.last;
  return last;
}
