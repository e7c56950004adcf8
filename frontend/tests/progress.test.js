import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress } from '../static/engine/progress.js';

/** @param {Progress} progress @param {number} seconds @param {number} rate bytes a second @param {number} [from] seconds */
function run(progress, seconds, rate, from = 0) {
  for (let tenth = 0; tenth <= seconds * 10; tenth += 1) progress.sample(from * 1000 + tenth * 100, (tenth * rate) / 10);
}

test('gives no estimate in the first three seconds', () => {
  const progress = new Progress();
  run(progress, 2.9, 1000);
  assert.equal(progress.speed, null);
  assert.equal(progress.secondsFor(1), null);
});

test('knows the speed of a steady line', () => {
  const progress = new Progress();
  run(progress, 5, 1000);
  assert.equal(progress.speed, 1000);
  assert.equal(progress.secondsFor(10_000), 10);
});

test('forgets what was more than ten seconds ago', () => {
  const progress = new Progress();
  run(progress, 10, 1000);
  for (let second = 11; second <= 25; second += 1) progress.sample(second * 1000, 10_000 + (second - 10) * 3000);
  assert.equal(progress.speed, 3000);
});

test('keeps its speed when a file is taken away', () => {
  const progress = new Progress();
  run(progress, 5, 1000);
  progress.sample(6000, 1000);
  assert.equal(Math.round(progress.speed ?? 0), 833);
});

test('promises no end while nothing moves', () => {
  const progress = new Progress();
  run(progress, 20, 0);
  assert.equal(progress.secondsFor(1), null);
});
