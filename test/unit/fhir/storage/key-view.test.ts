// What a process that makes keys must know, and when it looks before it does.
import assert from 'node:assert/strict';
import { createKeyView } from '../../../../src/fhir/storage/mongo/key-view.ts';

const LONG_AGO_MS = 21_000;

describe('the view of keys', () => {
  let isReachable: boolean;
  let looks: number;
  /** of a process that last looked so many ms ago */
  function viewSince(ms: number) {
    let now = performance.now();
    const view = createKeyView(() => now);
    isReachable = true;
    looks = 0;
    view.lookBy(async () => {
      looks++;
      if (!isReachable) throw new Error('no database');
      view.confirm(now);
    });
    now += ms;
    return view;
  }

  it('lets writes begin at once where the process has looked lately', () => {
    assert.equal(typeof viewSince(1_000).enter(), 'function');
    assert.equal(looks, 0);
  });

  it('looks first where the process was too busy to look', async () => {
    const leave = await viewSince(LONG_AGO_MS).enter();
    assert.equal(typeof leave, 'function');
    assert.equal(looks, 1);
  });

  it('refuses where the database does not answer, and says to come again', async () => {
    const view = viewSince(LONG_AGO_MS);
    isReachable = false;
    await assert.rejects(async () => view.enter(), { kind: 'transient', headers: { 'Retry-After': '1' } });
  });

  it('counts from when the database was asked, not from when its answer came', async () => {
    let now = 0;
    const view = createKeyView(() => now);
    view.lookBy(async () => {
      const askedAt = now;
      now += LONG_AGO_MS;
      view.confirm(askedAt);
    });
    now = LONG_AGO_MS;
    await assert.rejects(async () => view.enter(), { kind: 'transient' });
  });

  it('has advanced when what began before is over', async () => {
    const view = viewSince(0);
    const leave = await view.enter();
    let isOver = false;
    const advanced = view.advance().then(() => {
      isOver = true;
    });
    (await view.enter())();
    assert.equal(isOver, false);
    leave();
    await advanced;
    assert.equal(isOver, true);
  });
});
