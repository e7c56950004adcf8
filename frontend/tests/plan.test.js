import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MiB, planOf, rangeOf } from '../static/engine/plan.js';

test('an empty file is one empty part', () => {
  const plan = planOf(0);
  assert.equal(plan.partCount, 1);
  assert.deepEqual(rangeOf(plan, 1), { start: 0, end: 0 });
});

test('a file of 16 MiB is one part, and one byte more makes two', () => {
  assert.equal(planOf(16 * MiB).partCount, 1);
  assert.equal(planOf(16 * MiB + 1).partCount, 2);
});

test('the parts of any file lie end to end and are never more than 10,000', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50_000_000 * MiB }), (size) => {
      const plan = planOf(size);
      assert(plan.partCount <= 10_000);
      assert.equal(plan.partSize % MiB, 0);
      const last = rangeOf(plan, plan.partCount);
      assert.equal(last.end, size);
      assert(last.end > last.start);
      assert.equal(rangeOf(plan, 1).start, 0);
      if (plan.partCount > 1) assert.equal(rangeOf(plan, plan.partCount - 1).end, last.start);
    }),
  );
});
