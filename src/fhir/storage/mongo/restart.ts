// Thrown inside a transaction that cannot go on in this snapshot; transaction.ts aborts it and starts again.

export class RestartTransaction extends Error {
  /** done outside any transaction before the next start, in place of a pause */
  readonly first: (() => Promise<unknown>) | undefined;

  constructor(reason: string, first?: () => Promise<unknown>) {
    super(reason);
    this.name = 'RestartTransaction';
    this.first = first;
  }
}
