import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Parallelism } from '../static/engine/parallelism.js';
import { MiB } from '../static/engine/plan.js';

const MOST = 6;
const LARGE = 16 * MiB;

/** @param {number[]} list bytes of parts that travel */
const sizes = (...list) => new Set(list.map((size) => ({ size })));

/**
 * Parts that may travel at once.
 *
 * @param {Parallelism} parallelism
 * @param {number} [size] bytes of each
 */
function most(parallelism, size = 1) {
  let count = 0;
  while (parallelism.mayJoin(size, sizes(...Array(count).fill(size)))) count += 1;
  return count;
}

/**
 * Sends for so long over a link on which that many connections bring that many bytes a second.
 *
 * @param {Parallelism} parallelism
 * @param {(connections: number) => number} link
 * @param {{from: number, ms: number}} time
 */
function send(parallelism, link, { from, ms }) {
  for (let now = from; now < from + ms; now += 100) parallelism.left(now, link(most(parallelism)) / 10, true);
}

const shared = () => 10e6;
/** @param {number} connections */
const separate = (connections) => connections * 1e6;

test('starts with all', () => assert.equal(most(new Parallelism(MOST)), MOST));

test('large parts begin a little apart: by bytes on a fast link, by time on a slow one', () => {
  const [fast, slow] = [new Parallelism(MOST), new Parallelism(MOST)];
  fast.began(LARGE);
  assert.equal(most(fast, LARGE), 2);
  for (let sent = 0; sent < 20; sent += 1) assert.equal(fast.left(1000 + sent, MiB, true), sent % 5 === 4);
  assert.equal(most(fast, LARGE), MOST);
  let turn = slow.began(LARGE);
  for (let begun = 2; begun < MOST; begun += 1) {
    assert.equal(most(slow, LARGE), begun);
    turn = slow.waited(turn);
  }
  assert.equal(most(slow, LARGE), MOST);
  assert.equal(turn, 0);
});

test('only the last that began is waited for, and not after another was let through by bytes', () => {
  const parallelism = new Parallelism(MOST);
  const turns = [parallelism.began(LARGE), parallelism.began(LARGE)];
  assert.equal(parallelism.waited(turns[0] ?? NaN), 0);
  assert.equal(most(parallelism, LARGE), 2);
  parallelism.left(0, 5 * MiB, true);
  assert.equal(parallelism.waited(turns[1] ?? NaN), 0);
  assert.equal(most(parallelism, LARGE), 3);
});

test('small parts neither wait nor make large ones wait', () => {
  const parallelism = new Parallelism(MOST);
  const turn = parallelism.began(LARGE);
  assert.equal(parallelism.began(MiB), 0);
  assert(parallelism.mayJoin(MiB, sizes(LARGE, LARGE, MiB, MiB, MiB)));
  assert(!parallelism.mayJoin(MiB, sizes(LARGE, LARGE, MiB, MiB, MiB, MiB)));
  assert(parallelism.mayJoin(LARGE, sizes(LARGE, MiB, MiB)));
  assert(!parallelism.mayJoin(LARGE, sizes(LARGE, LARGE)));
  parallelism.waited(turn);
  assert.equal(most(parallelism, LARGE), 3);
});

test('after trouble large parts are held back, too', () => {
  const parallelism = new Parallelism(MOST);
  for (let turn = parallelism.began(LARGE); turn > 0; ) turn = parallelism.waited(turn);
  parallelism.trouble(2000);
  assert.equal(most(parallelism, LARGE), 3);
});

test('goes down once for what fails together, and further for what fails later', () => {
  const parallelism = new Parallelism(MOST);
  for (let i = 0; i < 6; i += 1) parallelism.trouble(i);
  assert.equal(most(parallelism), 3);
  parallelism.trouble(3000);
  assert.equal(most(parallelism), 1);
});

test('comes back to all where each connection brings more', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  parallelism.trouble(5000);
  send(parallelism, separate, { from: 10_000, ms: 15_000 });
  assert.equal(most(parallelism), MOST);
});

test('stays where one more does not help, and tries again later', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  send(parallelism, shared, { from: 5000, ms: 20_000 });
  assert.equal(most(parallelism), 4);
  send(parallelism, separate, { from: 25_000, ms: 60_000 });
  assert.equal(most(parallelism), MOST);
});

test('does not judge while connections are idle for lack of parts', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  for (let now = 3000; now < 60_000; now += 100) parallelism.left(now, 1000, false);
  assert.equal(most(parallelism), 3);
});

test('many small parts count as work, too', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  for (let now = 3000; now < 30_000; now += 100 / most(parallelism)) parallelism.arrived(now, true);
  assert.equal(most(parallelism), MOST);
});

test('whatever happens: between one and six, and never more than one up at a time', () => {
  const event = fc.record({
    after: fc.nat(5000),
    kind: fc.constantFrom('left', 'left', 'arrived', 'trouble'),
    bytes: fc.nat(20_000_000),
    full: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), (events) => {
      const parallelism = new Parallelism(MOST);
      let now = 0;
      for (const { after, kind, bytes, full } of events) {
        now += after;
        const before = most(parallelism);
        if (kind === 'left') parallelism.left(now, bytes, full);
        else if (kind === 'arrived') parallelism.arrived(now, full);
        else parallelism.trouble(now);
        const limit = most(parallelism);
        assert(limit >= 1 && limit <= MOST && limit <= before + 1);
        if (kind === 'trouble') assert(limit <= before);
      }
    }),
  );
});
