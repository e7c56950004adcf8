import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entry } from '../static/engine/entry.js';
import { MiB, planOf } from '../static/engine/plan.js';
import { LIMITS, Scheduler } from '../static/engine/scheduler.js';
import { Signer, batchFor } from '../static/engine/signer.js';
import { fakeFile } from './fakes.js';

/** @import {PartToSign} from '../static/engine/api.js' */

const bytes = /** @type {ArrayBuffer} */ ({});

/** @param {...number} sizes of files that the server knows */
function schedulerOf(...sizes) {
  const scheduler = new Scheduler({ ...LIMITS, reading: 1 });
  sizes.forEach((size, index) => {
    const entry = new Entry('a', fakeFile(size), planOf(size));
    entry.number = index + 1;
    scheduler.add(entry);
  });
  return scheduler;
}

/** Hashes up to so many parts; what is to be sent stays on its way. @param {Scheduler} scheduler */
function hash(scheduler, most = Infinity) {
  for (let left = most; left > 0; left -= 1) {
    const job = scheduler.take().find(({ kind }) => kind === 'hash');
    if (!job) break;
    scheduler.hashed(job.part, 'hash', bytes);
  }
  return scheduler;
}

/** @param {PartToSign[]} parts @param {number} until */
const answer = (parts, until) => ({
  urls: parts.map(({ file, number }) => ({ file, number, url: 'u', headers: {}, expires_at: new Date(until).toISOString() })),
  settled: [],
});

/** With six parts that can go on their way. @param {Scheduler} scheduler */
function full(scheduler) {
  for (const part of hash(scheduler, 6).line) part.signed = { url: '', headers: {}, until: Infinity };
  return scheduler;
}

test('asks at once while connections are idle', () => {
  assert.equal(batchFor(hash(schedulerOf(1024 * MiB), 2)).length, 2);
});

test('with parts on their way, waits until 20 large ones are worth a call', () => {
  const scheduler = full(schedulerOf(1024 * MiB));
  for (let hashed = 1; hashed <= 20; hashed += 1) {
    assert.equal(batchFor(hash(scheduler, 1)).length, hashed < 20 ? 0 : 20);
  }
});

test('one call covers the parts of a hundred small files', () => {
  assert.equal(batchFor(hash(schedulerOf(...Array(500).fill(10_000)))).length, 100);
});

test('asks for the rest when nothing is left to hash', () => {
  assert.equal(batchFor(hash(full(schedulerOf(160 * MiB)))).length, 4);
});

test('does not ask for parts of a file that the server does not know yet', () => {
  const scheduler = new Scheduler();
  scheduler.add(new Entry('a', fakeFile(10), planOf(10)));
  assert.deepEqual(batchFor(hash(scheduler)), []);
});

test('has only one call under way', async () => {
  const scheduler = hash(schedulerOf(10));
  let calls = 0;
  const signer = new Signer((parts) => ((calls += 1), Promise.resolve(answer(parts, 1e9))), () => 0);
  await Promise.all([signer.refill(scheduler), signer.refill(scheduler)]);
  assert.equal(calls, 1);
});

test('signs again what has expired, by the server’s clock', async () => {
  const scheduler = hash(schedulerOf(10));
  let now = 0;
  const asked = [];
  const signer = new Signer(async (parts) => (asked.push(parts), answer(parts, now + 900_000)), () => now);
  await signer.refill(scheduler);
  await signer.refill(scheduler);
  assert.equal(asked.length, 1);
  now += 900_000;
  await signer.refill(scheduler);
  assert.equal(asked.length, 2);
});

test('reports what it asked for when the call fails, and can ask again', async () => {
  const scheduler = hash(schedulerOf(10));
  const error = new Error('no');
  const signer = new Signer(() => Promise.reject(error), () => 0);
  assert.deepEqual(await signer.refill(scheduler), { parts: scheduler.line, error });
  assert.deepEqual(await signer.refill(scheduler), { parts: scheduler.line, error });
});

test('a URL belongs to its part in whatever order they come', () => {
  const scheduler = hash(schedulerOf(10, 20));
  const signer = new Signer(() => Promise.reject(), () => 0);
  const [first, second] = scheduler.line;
  signer.accept(scheduler.line, [
    { file: 2, number: 1, url: 'second', headers: {}, expires_at: '2026-01-01T00:00:00Z' },
    { file: 1, number: 1, url: 'first', headers: {}, expires_at: '2026-01-01T00:00:00Z' },
  ]);
  assert.equal(first?.signed?.url, 'first');
  assert.equal(second?.signed?.url, 'second');
});
