import assert from 'node:assert/strict';
import { createCrowd } from '../../../../src/domain/shared/crowd.ts';

/** Something of which there are a few, taken by a slow attempt. */
function aStock(left: number) {
  let attempts = 0;
  let atOnce = 0;
  let most = 0;
  return {
    look: async (): Promise<void> => {
      if (left === 0) throw new Error('nothing left');
    },
    attempt: async (): Promise<string> => {
      attempts++;
      most = Math.max(most, ++atOnce);
      await new Promise((resolve) => setTimeout(resolve, 1));
      atOnce--;
      if (left === 0) throw new Error('nothing left');
      left--;
      return 'won';
    },
    seen: () => ({ attempts, most }),
  };
}

describe('a crowd', () => {
  it('is served one at a time, and turned away together as soon as nothing is left', async () => {
    const crowd = createCrowd();
    const { look, attempt, seen } = aStock(3);
    const results = await Promise.allSettled(Array.from({ length: 500 }, () => crowd.tryFor('x', look, attempt)));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 3);
    assert.deepEqual(seen(), { attempts: 4, most: 1 });
  });

  it('goes on when one of it fails for a reason of its own', async () => {
    const crowd = createCrowd();
    const { look, attempt } = aStock(2);
    const results = await Promise.allSettled([
      crowd.tryFor('x', look, () => Promise.reject(new Error('mine'))),
      crowd.tryFor('x', look, attempt),
      crowd.tryFor('x', look, attempt),
    ]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled'],
    );
  });

  it('does not wait for a crowd at another name', async () => {
    const crowd = createCrowd();
    let finish: () => void = () => undefined;
    const slow = crowd.tryFor(
      'x',
      async () => undefined,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    );
    assert.equal(
      await crowd.tryFor(
        'y',
        async () => undefined,
        async () => 'won',
      ),
      'won',
    );
    finish();
    await slow;
  });
});
