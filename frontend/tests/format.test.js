import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytes, count, duration, percent } from '../static/page/format.js';

/** @type {[number, string][]} */
const SIZES = [
  [0, '0 bytes'], [1, '1 byte'], [999, '999 bytes'], [1000, '1 kB'], [15_728_640, '16 MB'], [1_572_864, '1.6 MB'],
  [999_600, '1 MB'], [5_000_000_000, '5 GB'], [2_199_023_255_552, '2.2 TB'], [5e15, '5,000 TB'],
];
for (const [size, text] of SIZES) test(`${size} bytes are ${text}`, () => assert.equal(bytes(size), text.replace(' ', '\u00a0')));

test('no size is ever spelled with a thousand of a unit that has a larger one', () => {
  fc.assert(fc.property(fc.nat(10 ** 14), (size) => assert.doesNotMatch(bytes(size), /^1,000/)), { numRuns: 1000 });
});

/** @type {[number, string][]} */
const TIMES = [
  [0, '1 sec'], [0.4, '1 sec'], [9, '9 sec'], [11, '15 sec'], [56, '1 min'], [59, '1 min'], [90, '2 min'], [3599, '1 hr'],
  [3600, '1 hr'], [4000, '1 hr 5 min'], [200_000, '2 days'],
];
for (const [seconds, text] of TIMES) test(`${seconds} seconds are ${text}`, () => assert.equal(duration(seconds), text));

test('only all is 100 %', () => {
  assert.equal(percent(0.999), '99%');
  assert.equal(percent(1), '100%');
});

test('thousands are set apart', () => assert.equal(count(10_000), '10,000'));
