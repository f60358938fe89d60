// A store that is narrowed to one caller: nobody above it has to check access, so nobody can forget to. It wraps the store that obeys the
// hospital's rules, so that rules see everything and callers do not.
import { FhirError, type Issue } from '../../model/errors.ts';
import { withBeyond } from '../../storage/beyond.ts';
import type { Store, Transaction, TransactionOptions, Write, Written } from '../../storage/store.ts';
import { narrowedFinder, narrowedReader, narrowedStoreReads, type ReadDeps } from './narrowed-reads.ts';
import { type Judged, judgedWrites, type WriteDeps } from './narrowed-writes.ts';
import { shownVersion } from './shown.ts';
import { mayBeUnkept, refuseForceless, unkeptIn } from './unkept.ts';

export type NarrowDeps = ReadDeps & WriteDeps;

/** In a crowd on one resource one gets through each time. */
const TURNS = 20;

/** `everything`: the same of who reaches everything, for operations that act beyond their caller's reach (storage/beyond.ts). */
export const narrowedStore = (base: Store, deps: NarrowDeps, everything: NarrowDeps): Store =>
  withBeyond(narrowed(base, deps, everything), () => narrowed(base, everything, everything));

function narrowed(base: Store, deps: NarrowDeps, everything: NarrowDeps): Store {
  const reads = narrowedStoreReads(base, deps);

  async function write(change: Write): Promise<Written> {
    const [findings] = await findingsOn([change], reads, deps);
    for (let turn = 1; ; turn++) {
      const [judged] = await judgedWrites([change], base, deps);
      if ('written' in judged!) return judged.written;
      try {
        return withFindings(await shownWritten(await base.write(guarded(judged!)), deps), findings);
      } catch (error) {
        // it was judged as it was: what somebody else made of it meanwhile is judged again
        const isOutrun = error instanceof FhirError && error.kind === 'precondition' && !isConditional(change);
        if (!isOutrun || turn === TURNS) throw error;
      }
    }
  }

  function transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { expected = [] } = options;
    return base.transaction((tx) => {
      const within = (of: NarrowDeps): Transaction => narrowedTransaction(tx, base, of, expected);
      return work(withBeyond(within(deps), () => within(everything)));
    }, options);
  }

  const foretell = (change: Write): Promise<Issue[]> =>
    unkeptIn(change, { reads, criteria: deps.criteria(), arriving: NONE });

  return { ...base, ...reads, write, transaction, foretell };
}

/** Inside a transaction everybody sees one snapshot, and who meets another one starts again: nothing has to be guarded. */
function narrowedTransaction(tx: Transaction, base: Store, deps: NarrowDeps, expected: readonly Write[]): Transaction {
  const inside: NarrowDeps = { ...deps, judge: { ...deps.judge, store: tx } };

  const reads = { ...narrowedReader(tx, base, inside), ...narrowedFinder(tx, inside) };

  async function write(writes: readonly Write[]): Promise<Written[]> {
    const findings = await findingsOn(writes, reads, inside, expected);
    const judged = await judgedWrites(writes, tx, inside, expected);
    const wanted = judged.flatMap((one) => ('write' in one ? [one.write] : []));
    const written =
      wanted.length === 0
        ? []
        : await tx.write(wanted).catch((error: unknown) => {
            throw aboutOriginal(error, judged, writes);
          });
    let next = 0;
    const shown = judged.map((one) => ('write' in one ? shownWritten(written[next++]!, inside) : one.written));
    return (await Promise.all(shown)).map((one, index) => withFindings(one, findings[index]));
  }

  return { ...tx, ...reads, write };
}

/** What the caller should know of each write; most are of types of which there is nothing to know. */
async function findingsOn(
  writes: readonly Write[],
  reads: Pick<Store, 'find' | 'readMany'>,
  { criteria }: NarrowDeps,
  expected: readonly Write[] = [],
): Promise<(readonly Issue[])[]> {
  if (!writes.some(mayBeUnkept)) return [];
  const arriving = new Set(
    [...expected, ...writes].flatMap((one) => (one.kind === 'delete' ? [] : `${one.type}/${one.id}`)),
  );
  return Promise.all(
    writes.map(async (one) => refuseForceless(await unkeptIn(one, { reads, criteria: criteria(), arriving }), one)),
  );
}

const NONE: ReadonlySet<string> = new Set();

const withFindings = (written: Written, findings: readonly Issue[] = []): Written =>
  findings.length === 0 || !written.changed ? written : { ...written, findings };

async function shownWritten(written: Written, deps: NarrowDeps): Promise<Written> {
  const { type, bytes, created } = written;
  if (bytes === null) return written;
  const letter = deps.rights.may(type, 'r') ? 'r' : created ? 'c' : 'u';
  return shownVersion(written, await deps.rights.reach(type, letter), deps);
}

const isConditional = (change: Write): boolean => change.kind !== 'create' && change.ifVersion !== undefined;

/** Written only where it still is what was judged. */
function guarded({ write, version }: Extract<Judged, { write: Write }>): Write {
  if (write.kind === 'create' || write.ifVersion !== undefined || version === undefined) return write;
  return { ...write, ifVersion: version.version };
}

/** The refusal of one of many speaks of the write that the caller knows. */
function aboutOriginal(error: unknown, judged: readonly Judged[], writes: readonly Write[]): unknown {
  if (!(error instanceof FhirError)) return error;
  const at = judged.findIndex((one) => 'write' in one && one.write === error.about);
  if (at < 0) return error;
  const { kind, message, issues, headers } = error;
  return new FhirError(kind, message, { issues, headers, about: writes[at]!, cause: error });
}
