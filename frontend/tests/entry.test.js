import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entry, moved } from '../static/engine/entry.js';
import { MiB, planOf } from '../static/engine/plan.js';
import { fakeFile } from './fakes.js';

/** @import {State} from '../static/engine/entry.js' */

/** @param {number} size */
const entryOf = (size) => new Entry('a', fakeFile(size), planOf(size));

/** @param {number} size */
function uploading(size) {
  const entry = entryOf(size);
  entry.move('uploading');
  return entry;
}

/** @type {State[]} */
const STATES = ['waiting', 'uploading', 'paused', 'checking', 'stored', 'failed', 'removed'];
const POSSIBLE = [
  'waiting uploading', 'waiting paused', 'waiting stored', 'waiting failed', 'waiting removed', 'uploading paused',
  'uploading checking', 'uploading stored', 'uploading failed', 'uploading removed', 'paused waiting', 'paused stored',
  'paused failed', 'paused removed', 'checking waiting', 'checking stored', 'checking failed', 'checking removed', 'stored removed',
  'failed waiting', 'failed stored', 'failed removed',
];

test('an impossible move throws, a possible one does not', () => {
  for (const from of STATES) {
    for (const to of STATES) {
      if (POSSIBLE.includes(`${from} ${to}`)) assert.equal(moved(from, to), to);
      else assert.throws(() => moved(from, to), /cannot go from/);
    }
  }
});

test('a file that failed stops its requests', () => {
  const entry = uploading(10);
  const { signal } = entry.stop;
  entry.fail({ kind: 'refused' });
  assert(signal.aborted);
});

test('a file that is tried again keeps what has arrived and can be stopped anew', () => {
  const entry = uploading(40 * MiB);
  entry.arrive(1);
  entry.fail({ kind: 'refused' });
  entry.retry(false);
  assert.deepEqual([...entry.arrived], [1]);
  assert.equal(entry.problem, null);
  assert(!entry.stop.signal.aborted);
});

test('a file that starts afresh has nothing and no number', () => {
  const entry = uploading(40 * MiB);
  entry.number = 3;
  entry.arrive(1);
  entry.fail({ kind: 'refused' });
  entry.retry(true);
  assert.equal(entry.number, null);
  assert.equal(entry.sentBytes, 0);
});

test('a part that arrives twice counts once', () => {
  const entry = uploading(40 * MiB);
  entry.arrive(1);
  entry.arrive(1);
  assert.equal(entry.sentBytes, 16 * MiB);
});

test('a stored file has sent all its bytes', () => {
  const entry = uploading(10);
  entry.store();
  assert.equal(entry.sentBytes, 10);
});

test('what is shown as sent runs backwards only if S3 turned out not to have it, and never exceeds the size', () => {
  const size = 100 * MiB;
  const event = fc.record({ part: fc.integer({ min: 1, max: 7 }), share: fc.double({ min: 0, max: 1, noNaN: true }), kind: fc.constantFrom('travelled', 'arrive', 'miss') });
  fc.assert(
    fc.property(fc.array(event), (events) => {
      const entry = uploading(size);
      let before = 0;
      for (const { part, share, kind } of events) {
        if (kind === 'travelled') entry.travelled(part, Math.floor(share * 16 * MiB));
        else if (kind === 'arrive') entry.arrive(part);
        else entry.miss([part]);
        assert((entry.sentBytes >= before || kind === 'miss') && entry.sentBytes >= 0 && entry.sentBytes <= size);
        before = entry.sentBytes;
      }
    }),
  );
});

test('a file that S3 turned out not to have has sent nothing, and found nothing sent', () => {
  const entry = uploading(40 * MiB);
  entry.recognise(1);
  entry.arrive(2);
  entry.arrive(3);
  entry.move('checking');
  assert.equal(entry.sentBytes, 40 * MiB);
  entry.miss([1, 2, 3]);
  assert.deepEqual([entry.state, entry.sentBytes, entry.foundBytes], ['waiting', 0, 0]);
});

test('a paused file stops its requests, and can be stopped anew when it goes on', () => {
  const entry = uploading(40 * MiB);
  const { signal } = entry.stop;
  entry.travelled(1, MiB);
  entry.pause();
  assert(signal.aborted);
  assert.equal(entry.pausable, false);
  entry.resume();
  assert.equal(entry.state, 'waiting');
  assert(!entry.stop.signal.aborted);
});

test('a recognised part counts as sent once, and as found', () => {
  const entry = uploading(40 * MiB);
  entry.found.set(1, 'hash');
  entry.recognise(1);
  assert.deepEqual([entry.sentBytes, entry.foundBytes, entry.found.size], [16 * MiB, 16 * MiB, 0]);
});

test('a file is the same if its size and date are', () => {
  const entry = new Entry('a', null, planOf(10), null, 5);
  assert(entry.isFile(fakeFile(10, 'b', 5)));
  assert(!entry.isFile(fakeFile(11, 'a', 5)));
  assert(!entry.isFile(fakeFile(10, 'a', 6)));
});
