import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { Hasher, UnreadableError } from '../static/engine/hasher.js';
import { FakeWorker } from './fakes.js';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** @param {number} size */
function setUp(size) {
  /** @type {FakeWorker[]} */
  const started = [];
  const start = () => {
    const worker = new FakeWorker();
    started.push(worker);
    return worker;
  };
  return { started, hasher: new Hasher(size, /** @type {any} */ (start)) };
}

/** @param {FakeWorker | undefined} worker @param {number} id */
const answer = (worker, id) => worker?.onmessage({ data: { id, bytes: new ArrayBuffer(1), sha256: `hash ${id}` } });

test('workers take turns, and each answer finds who asked', async () => {
  const { started, hasher } = setUp(2);
  const reads = [0, 1, 2].map(() => hasher.read(new Blob(['x']), true));
  assert.deepEqual(started.map(({ orders }) => orders.map(({ id }) => id)), [[0, 2], [1]]);
  for (const id of [2, 1, 0]) answer(started[id % 2], id);
  assert.deepEqual((await Promise.all(reads)).map(({ sha256 }) => sha256), ['hash 0', 'hash 1', 'hash 2']);
});

test('what cannot be read is said', async () => {
  const { started, hasher } = setUp(1);
  const read = hasher.read(new Blob(['x']), true);
  started[0]?.onmessage({ data: { id: 0, error: 'NotReadableError' } });
  await assert.rejects(read, UnreadableError);
});

test('a worker whose script did not load, or that died, is replaced, and its slices are read by the next', async () => {
  const { started, hasher } = setUp(2);
  const read = hasher.read(new Blob(['x']), true);
  started[0]?.onerror();
  assert(started[0]?.ended);
  mock.timers.tick(1000);
  assert.deepEqual(started.map(({ orders }) => orders.map(({ id }) => id)), [[0], [], [0]]);
  answer(started[2], 0);
  assert.equal((await read).sha256, 'hash 0');
});

test('a slice that ends every worker is given up', async () => {
  const { started, hasher } = setUp(1);
  const failed = assert.rejects(hasher.read(new Blob(['x']), true), UnreadableError);
  for (let death = 0; death < 5; death += 1) {
    started.at(-1)?.onerror();
    mock.timers.tick(1000);
  }
  await failed;
  assert.equal(started.length, 5);
});
