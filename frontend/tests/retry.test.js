import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Patience, delayAfter } from '../static/engine/retry.js';
import { FakeClock, FakeNetwork, settle } from './fakes.js';

test('each wait is longer than the one before, whatever chance says, up to a limit', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), chance, chance, (failures, a, b) => {
      const wait = delayAfter(failures, () => a);
      assert(wait >= 250 && wait <= 15_000);
      if (failures < 5) assert(delayAfter(failures + 1, () => b) >= wait / 1.0000001);
    }),
  );
});

/** Work that fails so often, then succeeds. @param {number} failures */
function flaky(failures) {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const patience = new Patience(clock, network);
  const tried = { times: 0, done: false };
  const work = () => {
    tried.times += 1;
    return tried.times > failures ? Promise.resolve('done') : Promise.reject(new Error(`no ${tried.times}`));
  };
  return { clock, network, patience, tried, work };
}

test('tries again without end, as long as it is worthwhile', async () => {
  const { clock, patience, work, tried } = flaky(50);
  const done = patience.keepTrying(work, () => true);
  await clock.pass(15 * 60_000);
  assert.equal(await done, 'done');
  assert.equal(tried.times, 51);
});

test('does not try again what is not worthwhile', async () => {
  const { clock, patience, work } = flaky(1);
  await assert.rejects(patience.keepTrying(work, () => false), /no 1/);
  assert.deepEqual(clock.sleeps, []);
});

test('tries at once when the network, the page or the computer is back', async () => {
  const { clock, network, patience, work, tried } = flaky(9);
  void patience.keepTrying(work, () => true);
  await clock.pass(30_000);
  const before = tried.times;
  network.stir();
  await settle();
  assert.equal(tried.times, before + 1);
});

test('waits while the device is offline, and not a moment longer', async () => {
  const { clock, network, patience, work, tried } = flaky(9);
  void patience.keepTrying(work, () => true);
  await settle();
  network.stir(false);
  await clock.pass(60 * 60_000);
  const before = tried.times;
  await clock.pass(60 * 60_000);
  assert.equal(tried.times, before);
  network.stir(true);
  await settle();
  assert.equal(tried.times, before + 1);
});
