import assert from 'node:assert/strict';
import { createAdmission } from '../../../src/platform/admission/admission.ts';

const stays = new AbortController().signal;

/** Whether a promise is settled once all that can happen now has happened. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) === pending;
}

describe('admission of large bodies', () => {
  it('lets in what fits together', async () => {
    const { enter } = createAdmission(100);
    await enter(60, stays);
    await enter(40, stays);
  });

  it('makes the next wait until there is room', async () => {
    const { enter } = createAdmission(100);
    const release = await enter(60, stays);
    const second = enter(60, stays);
    assert.ok(await isPending(second));
    release();
    await second;
  });

  it('gives a body larger than the limit a turn alone', async () => {
    const { enter } = createAdmission(100);
    const release = await enter(10, stays);
    const giant = enter(1000, stays);
    assert.ok(await isPending(giant));
    release();
    const releaseGiant = await giant;
    const next = enter(1, stays);
    assert.ok(await isPending(next));
    releaseGiant();
    await next;
  });

  it('keeps the order, so that small ones cannot starve a giant', async () => {
    const { enter } = createAdmission(100);
    const release = await enter(60, stays);
    const giant = enter(100, stays);
    const small = enter(1, stays);
    assert.ok(await isPending(small));
    release();
    (await giant)();
    await small;
  });

  it('forgets who left the line', async () => {
    const { enter } = createAdmission(100);
    const release = await enter(100, stays);
    const leaver = new AbortController();
    const left = enter(100, leaver.signal);
    const next = enter(50, stays);
    leaver.abort(new Error('left'));
    await assert.rejects(left, /left/);
    release();
    await next;
  });

  it('counts a release once', async () => {
    const { enter } = createAdmission(100);
    const release = await enter(50, stays);
    await enter(50, stays);
    release();
    release();
    await enter(50, stays);
    assert.ok(await isPending(enter(1, stays)));
  });
});
