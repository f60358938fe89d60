import assert from 'node:assert/strict';
import { createSequence } from '../../src/fhir/storage/mongo/sequence.ts';
import { leaseWorkerId } from '../../src/fhir/storage/mongo/worker-lease.ts';
import { type FreshDatabase, freshDatabase } from '../support/engines.ts';

describe('worker ids', () => {
  let fresh: FreshDatabase;
  before(async () => {
    fresh = await freshDatabase('workers');
  });
  after(() => fresh.drop());
  const lease = (now = Date.now, onLost = (_reason: string): void => undefined) =>
    leaseWorkerId({ db: fresh.db, now, onLost });

  it('are different for processes that start together', async () => {
    const leases = await Promise.all(Array.from({ length: 12 }, () => lease()));
    assert.equal(new Set(leases.map(({ workerId }) => workerId)).size, 12);
    await Promise.all(leases.map(({ release }) => release()));
  });

  it('are taken up again only when all others were used', async () => {
    const first = await lease();
    await first.release();
    const second = await lease();
    assert.notEqual(second.workerId, first.workerId);
    await second.release();
  });

  it('come back after their lease and their numbers are over, the longest unused first', async () => {
    const past = new Date(Date.now() - 1000);
    await fresh.db.collection('workers').deleteMany({});
    await fresh.db.collection<{ _id: number }>('workers').insertMany(
      Array.from({ length: 256 }, (_, _id) => ({
        _id,
        owner: 'gone',
        until: new Date(past.getTime() - (_id === 77 ? 5000 : 0)),
        // 78 was held by a process whose clock runs ahead
        used: _id === 78 ? Date.now() + 60_000 : past.getTime(),
      })),
    );
    await fresh.db.collection<{ _id: number }>('workers').updateOne({ _id: 78 }, { $set: { until: new Date(0) } });
    const taken = await lease();
    assert.equal(taken.workerId, 77);
    await taken.release();
  });
});

describe('the sequence', () => {
  it('never repeats, however many numbers a moment takes, nor when the clock steps back', () => {
    let now = Date.UTC(2026, 5, 1);
    const sequences = [createSequence(0, () => now), createSequence(255, () => now)];
    const seen = new Set<number>();
    let last = 0;
    for (let step = 0; step < 30; step++) {
      now += step === 15 ? -5000 : 7;
      for (const sequence of sequences)
        for (let index = 0; index < 1500; index++) {
          const n = sequence.next();
          assert.ok(Number.isSafeInteger(n) && !seen.has(n));
          seen.add(n);
          if (sequence === sequences[0]) {
            assert.ok(n > last);
            last = n;
          }
        }
    }
  });

  it('makes ids that sort by time and lasts until 2059', () => {
    let now = Date.UTC(2026, 5, 1);
    const sequence = createSequence(3, () => now);
    const early = sequence.newId();
    now = Date.UTC(2059, 0, 1);
    assert.ok(sequence.newId() > early);
    assert.ok(Number.isSafeInteger(sequence.next()));
    assert.match(early, /^[a-z0-9]{16}$/);
  });
});
