import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TRIES_AGAIN, delayAfter, persistently } from '../static/engine/retry.js';
import { FakeClock } from './fakes.js';

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

test('tries four times again, then gives up with the last error', async () => {
  const clock = new FakeClock();
  let tries = 0;
  const work = persistently(() => Promise.reject(new Error(String((tries += 1)))), { clock, canHeal: () => true });
  const failed = assert.rejects(work, /5/);
  await clock.pass(60_000);
  await failed;
  assert.equal(tries, 1 + TRIES_AGAIN);
});

test('does not try again what cannot heal', async () => {
  const clock = new FakeClock();
  await assert.rejects(persistently(() => Promise.reject(new Error('no')), { clock, canHeal: () => false }), /no/);
  assert.deepEqual(clock.sleeps, []);
});
