import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Parallelism } from '../static/engine/parallelism.js';
import { MiB } from '../static/engine/plan.js';

const MOST = 6;

/**
 * Sends for so long over a link on which that many connections bring that many bytes a second.
 *
 * @param {Parallelism} parallelism
 * @param {(connections: number) => number} link
 * @param {{from: number, ms: number}} time
 */
function send(parallelism, link, { from, ms }) {
  for (let now = from; now < from + ms; now += 100) parallelism.left(now, link(parallelism.limit()) / 10, true);
}

const shared = () => 10e6;
/** @param {number} connections */
const separate = (connections) => connections * 1e6;

test('starts with all', () => assert.equal(new Parallelism(MOST).limit(), MOST));

test('large parts begin a little apart: by bytes on a fast link, by time on a slow one', () => {
  const [fast, slow] = [new Parallelism(MOST), new Parallelism(MOST)];
  for (const parallelism of [fast, slow]) parallelism.began(1000);
  assert.equal(fast.limit(16 * MiB), 2);
  for (let sent = 0; sent < 20; sent += 1) fast.left(1000 + sent, MiB, true);
  assert.equal(fast.limit(16 * MiB), MOST);
  for (let now = 1000; now <= 1900; now += 50) slow.left(now, 1000, true);
  assert.equal(slow.limit(16 * MiB), 5);
  slow.left(2000, 1000, true);
  assert.equal(slow.limit(16 * MiB), MOST);
});

test('after trouble large parts are held back, too', () => {
  const parallelism = new Parallelism(MOST);
  for (let now = 0; now < 2000; now += 250) parallelism.pass(now);
  parallelism.trouble(2000);
  assert.equal(parallelism.limit(16 * MiB), 3);
});

test('goes down once for what fails together, and further for what fails later', () => {
  const parallelism = new Parallelism(MOST);
  for (let i = 0; i < 6; i += 1) parallelism.trouble(i);
  assert.equal(parallelism.limit(), 3);
  parallelism.trouble(3000);
  assert.equal(parallelism.limit(), 1);
});

test('comes back to all where each connection brings more', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  parallelism.trouble(5000);
  send(parallelism, separate, { from: 10_000, ms: 15_000 });
  assert.equal(parallelism.limit(), MOST);
});

test('stays where one more does not help, and tries again later', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  send(parallelism, shared, { from: 5000, ms: 20_000 });
  assert.equal(parallelism.limit(), 4);
  send(parallelism, separate, { from: 25_000, ms: 60_000 });
  assert.equal(parallelism.limit(), MOST);
});

test('does not judge while connections are idle for lack of parts', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  for (let now = 3000; now < 60_000; now += 100) parallelism.left(now, 1000, false);
  assert.equal(parallelism.limit(), 3);
});

test('many small parts count as work, too', () => {
  const parallelism = new Parallelism(MOST);
  parallelism.trouble(0);
  for (let now = 3000; now < 30_000; now += 100 / parallelism.limit()) parallelism.arrived(now, true);
  assert.equal(parallelism.limit(), MOST);
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
        const before = parallelism.limit();
        if (kind === 'left') parallelism.left(now, bytes, full);
        else if (kind === 'arrived') parallelism.arrived(now, full);
        else parallelism.trouble(now);
        const limit = parallelism.limit();
        assert(limit >= 1 && limit <= MOST && limit <= before + 1);
        if (kind === 'trouble') assert(limit <= before);
      }
    }),
  );
});
