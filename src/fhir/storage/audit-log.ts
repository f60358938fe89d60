// The port between the audit trail and the database: blocks of a log, found by what is in them. The audit room alone decides what a tag
// is; storage keeps and compares.

/** Consecutive frames of one chain. */
export interface AuditBlock {
  chain: string;
  /** places of the first and the last record */
  first: number;
  last: number;
  /** when its first and last record were made, ms; others lie between */
  from: number;
  until: number;
  /** what can be asked for: each is said by some record of the block */
  tags: readonly string[];
  frames: Buffer;
  /** of the chain after the block */
  hash: string;
}

export interface AuditHead {
  chain: string;
  /** last record of the last block */
  n: number;
  hash: string;
  /** name of the key it is made with */
  key: string;
  /** another chain has written down this place of it */
  linked: number;
  /** what came before was removed when its time was over; the mark is a keyed hash over it */
  pruned?: { n: number; hash: string; mark: string };
}

export interface BlockQuery {
  /** blocks that reach into this time */
  from?: number;
  until?: number;
  /** for each set: the block has one of its tags */
  tags: readonly (readonly string[])[];
  /** newest first by their end, or oldest first by their beginning */
  newestFirst: boolean;
}

export interface AuditLog {
  prepare(): Promise<void>;
  /** false where a block that begins at this place is there already */
  append(block: AuditBlock, key: string): Promise<boolean>;
  /** without their tags */
  blocks(query: BlockQuery): AsyncIterable<AuditBlock>;
  /** the block that holds the record */
  blockOf(chain: string, n: number): Promise<AuditBlock | undefined>;
  /** blocks of a chain in their order, with their tags */
  chain(chain: string): AsyncIterable<AuditBlock>;
  chains(): Promise<string[]>;
  heads(): Promise<AuditHead[]>;
  head(chain: string): Promise<AuditHead | undefined>;
  /** these places are written down in another chain now */
  markLinked(heads: readonly { chain: string; n: number }[]): Promise<void>;
  /** the last block of each chain that ends before this time, where there is one */
  endedBefore(time: number): Promise<AuditBlock[]>;
  /** removes the chain's blocks up to this place */
  prune(chain: string, mark: NonNullable<AuditHead['pruned']>): Promise<number>;
}
