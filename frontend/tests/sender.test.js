import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { PartError } from '../static/engine/part.js';
import { Sender } from '../static/engine/sender.js';
import { FakeWorker } from './fakes.js';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

function setUp() {
  const worker = new FakeWorker();
  const sender = new Sender(/** @type {any} */ (() => worker));
  const stop = new AbortController();
  /** @type {number[]} */
  const progress = [];
  const bytes = new ArrayBuffer(8);
  const signed = { url: 'https://s3/1', headers: {}, until: 0 };
  const sent = sender.send({ signed, bytes, signal: stop.signal, onProgress: (so) => progress.push(so) });
  return { worker, stop, progress, bytes, sent };
}

test('hands the bytes over without copying them', async () => {
  const { worker, bytes, sent } = setUp();
  assert.equal(bytes.byteLength, 0);
  assert.equal(worker.orders[0].bytes.byteLength, 8);
  worker.onmessage({ data: { id: 0, done: true } });
  await sent;
});

test('passes on progress, and a failure as what it was', async () => {
  const { worker, progress, sent } = setUp();
  worker.onmessage({ data: { id: 0, sent: 4 } });
  worker.onmessage({ data: { id: 0, status: 503, code: 'SlowDown' } });
  await assert.rejects(sent, (error) => error instanceof PartError && error.status === 503 && error.code === 'SlowDown');
  assert.deepEqual(progress, [4]);
});

test('what a worker had when it died is to be sent again', async () => {
  const { worker, sent } = setUp();
  const failed = assert.rejects(sent, (error) => error instanceof PartError && error.passing);
  worker.onerror();
  await failed;
});

test('has the worker stop at once', async () => {
  const { worker, stop, sent } = setUp();
  stop.abort();
  await assert.rejects(sent, PartError);
  assert.deepEqual(worker.orders[1], { id: 0, stop: true });
});

/** @param {Promise<void>} sent */
const stalls = (sent) =>
  assert.rejects(sent, (error) => error instanceof PartError && error.code === 'stalled' && error.canHeal && error.tooMuch);

test('a request without progress for 30 seconds is given up', async () => {
  const { worker, sent } = setUp();
  mock.timers.tick(29_000);
  worker.onmessage({ data: { id: 0, sent: 4 } });
  mock.timers.tick(29_000);
  worker.onmessage({ data: { id: 0, sent: 4 } });
  const failed = stalls(sent);
  mock.timers.tick(1000);
  await failed;
  assert.deepEqual(worker.orders[1], { id: 0, stop: true });
});

test('S3 has 90 seconds to answer once the body is out', async () => {
  const { worker, sent } = setUp();
  worker.onmessage({ data: { id: 0, sent: 8 } });
  mock.timers.tick(89_999);
  const failed = stalls(sent);
  mock.timers.tick(1);
  await failed;
});

test('what the worker says of a request that was given up is not heard', async () => {
  const { worker, progress, sent } = setUp();
  mock.timers.tick(30_000);
  await stalls(sent);
  worker.onmessage({ data: { id: 0, sent: 8 } });
  worker.onmessage({ data: { id: 0, done: true } });
  assert.deepEqual(progress, []);
});

test('does not begin what is not wanted any more', async () => {
  const worker = new FakeWorker();
  const sender = new Sender(/** @type {any} */ (() => worker));
  const signed = { url: '', headers: {}, until: 0 };
  const sent = sender.send({ signed, bytes: new ArrayBuffer(1), signal: AbortSignal.abort(), onProgress: () => {} });
  await assert.rejects(sent, PartError);
  assert.deepEqual(worker.orders, []);
});
