import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entry } from '../static/engine/entry.js';
import { MiB, planOf } from '../static/engine/plan.js';
import { LIMITS, Scheduler } from '../static/engine/scheduler.js';
import { fakeFile } from './fakes.js';

/** @import {Job, Part} from '../static/engine/scheduler.js' */

const bytes = /** @type {ArrayBuffer} */ ({});

/** @param {number} size */
const entryOf = (size) => new Entry('a', fakeFile(size), planOf(size));

/** @param {Part} part */
const sign = (part) => (part.signed = { url: '', headers: {}, until: Infinity });

/** Hashes whatever is handed out until nothing more is. @param {Scheduler} scheduler */
function hashAll(scheduler) {
  /** @type {Job[]} */
  const others = [];
  for (let jobs = scheduler.take(); jobs.length > 0; jobs = scheduler.take()) {
    for (const job of jobs) {
      if (job.kind === 'hash') scheduler.hashed(job.part, 'hash', bytes);
      else others.push(job);
    }
  }
  return others;
}

test('reads four large parts at one time', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(1024 * MiB));
  assert.equal(scheduler.take().length, 4);
});

test('reads sixteen small files at one time', () => {
  const scheduler = new Scheduler();
  for (let i = 0; i < 100; i += 1) scheduler.add(entryOf(10_000));
  assert.equal(scheduler.take().length, 16);
});

test('sends parts in the order of their files', () => {
  const scheduler = new Scheduler();
  const [first, second] = [entryOf(10), entryOf(20)];
  scheduler.add(first);
  scheduler.add(second);
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  assert.deepEqual(scheduler.take().map(({ part }) => part.entry), [first, second]);
});

test('does not send a part that has no URL', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(10));
  assert.deepEqual(hashAll(scheduler), []);
});

test('hashes 32 large parts ahead and then waits', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(10_000 * MiB));
  hashAll(scheduler);
  assert.equal(scheduler.line.length, 32);
});

test('hashes 200 small files ahead and then waits', () => {
  const scheduler = new Scheduler();
  for (let i = 0; i < 10_000; i += 1) scheduler.add(entryOf(10_000));
  hashAll(scheduler);
  assert.equal(scheduler.line.length, 200);
});

test('keeps no more read bytes idle than are sent soon', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(10_000 * MiB));
  hashAll(scheduler);
  assert.equal(scheduler.buffered, 96 * MiB);
});

test('reads a part again whose bytes were not kept', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(10_000 * MiB));
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  const jobs = scheduler.take();
  assert.deepEqual(jobs.map(({ kind }) => kind), [...Array(6).fill('send'), ...Array(4).fill('load')]);
  assert.equal(jobs[6]?.part.number, 7);
});

test('sends a failed part again before all others', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(200 * MiB));
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  const failed = scheduler.take()[2]?.part;
  assert(failed);
  scheduler.failed(failed);
  scheduler.again(failed);
  assert.equal(scheduler.line[0], failed);
  assert.equal(failed.signed, null);
});

test('hands out no part of a file that was taken out', () => {
  const scheduler = new Scheduler();
  const entry = entryOf(1000 * MiB);
  scheduler.add(entry);
  const [job] = scheduler.take();
  assert(job);
  scheduler.remove(entry);
  scheduler.hashed(job.part, 'hash', bytes);
  assert.deepEqual(scheduler.take(), []);
  assert.equal(scheduler.line.length, 0);
});

test('does not bring back a resting part of a file that was taken out', () => {
  const scheduler = new Scheduler();
  const entry = entryOf(10);
  scheduler.add(entry);
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  const [job] = scheduler.take();
  assert(job);
  scheduler.failed(job.part);
  scheduler.remove(entry);
  scheduler.again(job.part);
  assert.equal(scheduler.line.length, 0);
});

test('takes up a file where it was left', () => {
  const scheduler = new Scheduler();
  const entry = entryOf(64 * MiB);
  entry.arrive(1);
  entry.arrive(3);
  scheduler.add(entry);
  hashAll(scheduler);
  assert.deepEqual(scheduler.line.map(({ number }) => number), [2, 4]);
});

test('sends what S3 lacks before it reads what S3 seems to have', () => {
  const scheduler = new Scheduler();
  const entry = entryOf(96 * MiB);
  for (const number of [1, 2, 4]) entry.found.set(number, 'hash');
  scheduler.add(entry);
  hashAll(scheduler);
  assert.deepEqual(scheduler.line.map(({ number }) => number), [3, 5, 6, 1, 2, 4]);
});

test('a part that need not be sent leaves the line', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(40 * MiB));
  const [job] = scheduler.take();
  assert(job);
  scheduler.done(job.part);
  assert(!scheduler.line.includes(job.part));
});

test('sends fewer at a time when told to', () => {
  const scheduler = new Scheduler(LIMITS, (_, sending) => sending.size < 2);
  scheduler.add(entryOf(200 * MiB));
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  assert.equal(scheduler.take().filter(({ kind }) => kind === 'send').length, 2);
  assert(scheduler.full);
});

test('small parts do not wait behind large ones that are held back', () => {
  const scheduler = new Scheduler(LIMITS, (size, sending) => sending.size < (size > MiB ? 2 : 4));
  for (const size of [49 * MiB, 10]) scheduler.add(entryOf(size));
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  const sent = scheduler.take().filter(({ kind }) => kind === 'send');
  assert.deepEqual(sent.map(({ part }) => part.size), [16 * MiB, 16 * MiB, MiB, 10]);
});

test('refuses a job that comes back twice', () => {
  const scheduler = new Scheduler();
  scheduler.add(entryOf(10));
  const [job] = scheduler.take();
  assert(job);
  scheduler.done(job.part);
  assert.throws(() => scheduler.done(job.part));
});

test('sends a part larger than the bound when it is alone', () => {
  const scheduler = new Scheduler({ ...LIMITS, buffered: MiB });
  scheduler.add(entryOf(3 * MiB));
  hashAll(scheduler);
  for (const part of scheduler.line) sign(part);
  const [job] = scheduler.take();
  assert.equal(job?.kind, 'load');
});

const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(300 * MiB), fc.integer({ min: 200_000 * MiB, max: 2_000_000 * MiB })), {
  minLength: 1,
  maxLength: 12,
});

test('whatever happens: at most six in flight, bytes below the bound, every byte counted once, also after a pause', () => {
  fc.assert(
    fc.property(sizes, fc.array(fc.nat(99), { minLength: 1 }), (list, chances) => {
      let most = LIMITS.sending;
      const scheduler = new Scheduler(LIMITS, (_, sending) => sending.size < most);
      // Of a huge file only the last parts are still to be sent, or this would take all day.
      const entries = list.map(entryOf);
      for (const entry of entries) {
        for (let part = 1; part < entry.plan.partCount - 20; part += 1) entry.arrive(part);
        scheduler.add(entry);
      }
      /** @type {Job[]} */
      const out = [];
      const resting = new Set(/** @type {Part[]} */ ([]));
      for (let turn = 0; turn < 5000 && !entries.every(({ whole }) => whole); turn += 1) {
        out.push(...scheduler.take());
        assert(scheduler.sending <= LIMITS.sending);
        assert(scheduler.buffered <= LIMITS.buffered, `${scheduler.buffered} bytes in memory`);
        for (const part of scheduler.line) if (part.sha256) sign(part);
        const chance = ((chances[turn % chances.length] ?? 0) * 31 + turn * 17) % 100;
        most = 1 + (chance % 6);
        // Not for ever: whoever pauses a file each time before its bytes have been read again never sends it.
        const paused = turn < 300 && entries[chance % entries.length];
        if (paused && chance % 11 === 0 && !paused.whole) {
          scheduler.remove(paused);
          scheduler.add(paused);
        }
        const [rested] = resting;
        if (rested && (chance % 3 === 0 || out.length === 0)) {
          resting.delete(rested);
          scheduler.again(rested);
          continue;
        }
        const [job] = out.splice(chance % Math.max(1, out.length), 1);
        if (!job) continue;
        const { kind, part } = job;
        if (kind === 'hash') scheduler.hashed(part, 'hash', bytes);
        else if (kind === 'load') scheduler.loaded(part, bytes);
        else if (part.gone) scheduler.done(part);
        else if (chance < 10) {
          scheduler.failed(part);
          resting.add(part);
        } else {
          assert(!part.entry.arrived.has(part.number), 'sent twice');
          part.entry.arrive(part.number);
          scheduler.done(part);
        }
      }
      for (const entry of entries) {
        assert(entry.whole);
        assert.equal(entry.sentBytes, entry.size);
      }
    }),
    { numRuns: 100 },
  );
});
