// Micro-batching: while the allowed commands are in flight equal requests queue, and the next command takes them all. There is
// no timer: what arrives in one turn of the event loop goes out together, and an idle server answers at once.
// A command costs the driver over 100 µs of CPU, a request inside one 5 to 20.

export interface BatcherOptions<Item, Result> {
  /** answers item by item: a result, or an Error that fails this item alone */
  run(items: Item[]): Promise<readonly (Result | Error)[]>;
  maxInFlight?: number;
  maxItems?: number;
  /** so that a batch stays far from the limit of one message */
  sizeOf?(item: Item): number;
  maxBytes?: number;
  /** items with one name never run at once, and keep their order: writes to one id do not compete inside this process */
  nameOf?(item: Item): string;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export type Batcher<Item, Result> = (item: Item) => Promise<Result>;

export function createBatcher<Item, Result>(options: BatcherOptions<Item, Result>): Batcher<Item, Result> {
  const { run, maxInFlight = 2, maxItems = 200, maxBytes = 8 * 1024 * 1024, sizeOf, nameOf } = options;
  let queue: Waiting<Item, Result>[] = [];
  const busy = new Set<string>();
  let inFlight = 0;
  let scheduled = false;

  function take(): Waiting<Item, Result>[] {
    const taken: Waiting<Item, Result>[] = [];
    const left: Waiting<Item, Result>[] = [];
    const passedOver = new Set<string>();
    let bytes = 0;
    let full = false;
    for (const waiting of queue) {
      const size = sizeOf?.(waiting.item) ?? 0;
      full ||= taken.length === maxItems || (taken.length > 0 && bytes + size > maxBytes);
      const name = nameOf?.(waiting.item);
      if (full || (name !== undefined && (busy.has(name) || passedOver.has(name)))) {
        if (name !== undefined) passedOver.add(name);
        left.push(waiting);
        continue;
      }
      if (name !== undefined) busy.add(name);
      bytes += size;
      taken.push(waiting);
    }
    queue = left;
    return taken;
  }

  function flush(): void {
    scheduled = false;
    while (inFlight < maxInFlight && queue.length > 0) {
      const batch = take();
      if (batch.length === 0) return;
      inFlight++;
      void settle(batch);
    }
  }

  async function settle(batch: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await run(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index] as Result | Error;
        if (result instanceof Error) reject(result);
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      inFlight--;
      if (nameOf) for (const { item } of batch) busy.delete(nameOf(item));
      flush();
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      queue.push({ item, resolve, reject });
      if (scheduled || inFlight >= maxInFlight) return;
      scheduled = true;
      setImmediate(flush);
    });
}

/** One value per key, made on first use: a batcher per resource type. */
export function perKey<Value>(make: (key: string) => Value): (key: string) => Value {
  const values = new Map<string, Value>();
  return (key) => {
    let value = values.get(key);
    if (value === undefined) {
      value = make(key);
      values.set(key, value);
    }
    return value;
  };
}
