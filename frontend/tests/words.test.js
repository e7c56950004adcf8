import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Entry } from '../static/engine/entry.js';
import { MiB, planOf } from '../static/engine/plan.js';
import * as words from '../static/page/words.js';
import './english.js';
import { fakeFile } from './fakes.js';

const totals = { files: 2, stored: 1, failed: 1, pausable: 1, paused: 0, absent: 0, bytes: 3e9, sentBytes: 1e9, speed: 1e8, secondsLeft: 20 };

test('says what happened and what to do now, for every problem', () => {
  /** @type {import('../static/engine/entry.js').ProblemKind[]} */
  const kinds = [
    'too_large', 'unreadable', 'changed', 'refused', 'rejected', 'removed', 'still_there', 'sign_in', 'ended', 'transfer_too_large',
    'transfer_too_many', 'day_transfers', 'day_bytes', 'sender_transfers', 'sender_bytes',
  ];
  for (const kind of kinds) assert.match(words.problemText({ kind, most: 2 * 1024 * MiB }), /^[A-Z].*\.$/);
});

test('the server’s own words win', () => {
  assert.equal(words.problemText({ kind: 'refused', message: 'Too many.' }), 'Too many.');
});

test('names the limit that a file is over', () => {
  assert.match(words.problemText({ kind: 'too_large', most: 5e9 }), /5\u00a0GB/);
});

test('names a limit of the day and when it is free again, in the reader’s own time zone', () => {
  const freeAt = '2026-11-25T00:00:00Z';
  const when = new Date(freeAt).toLocaleString('en', { weekday: 'long', day: 'numeric', month: 'long', hour: 'numeric', minute: '2-digit' });
  const text = words.problemText({ kind: 'sender_transfers', most: 1000, freeAt });
  assert.equal(text, `Today’s limit of 1,000 transfers for one sender is reached. Try again after ${when}.`);
  assert.match(words.problemText({ kind: 'day_bytes', most: 4e12, freeAt }), /4\u00a0TB for everybody together.* after .*November/);
});

test('a file on its way shows its percent, and that it is finishing when all bytes have left', () => {
  const entry = new Entry('a', fakeFile(100), planOf(100));
  entry.move('uploading');
  entry.travelled(1, 42);
  assert.equal(words.stateText(entry), '42%');
  entry.travelled(1, 100);
  assert.equal(words.stateText(entry), 'Finishing…');
});

test('the totals have bytes, speed and time left', () => {
  assert.equal(words.totalsText('sending', totals), '1\u00a0GB of 3\u00a0GB · 100\u00a0MB/s · 20 sec left');
});

test('the totals promise nothing while there is no estimate', () => {
  assert.equal(words.totalsText('sending', { ...totals, speed: null, secondsLeft: null }), '1\u00a0GB of 3\u00a0GB');
});

test('one file is not two', () => {
  assert.equal(words.headline('sending', { ...totals, files: 1 }), 'Sending 1 file');
  assert.equal(words.headline('sending', totals), 'Sending 2 files');
});

test('a button’s label names its file, but not 5,000 characters of it', () => {
  assert.equal(words.buttons.remove('a.txt'), 'Remove a.txt');
  assert(words.buttons.remove('a'.repeat(5000)).length < 250);
  assert.equal(words.buttons.remove(''), 'Remove (no name)');
});

test('says what was interrupted and until when it can go on', () => {
  const file = { number: 1, name: 'trip/film.mkv', size: 2e9, partSize: 1, modified: 1, origin: null };
  const kept = { id: '', token: '', link: '', expiresAt: '2026-01-08T12:00:00Z', files: [file, file] };
  assert.equal(words.unfinished.headline(kept, false), 'Sending “film.mkv” and 1 more file was interrupted');
  assert.equal(words.unfinished.headline({ ...kept, files: [file] }, true), '“film.mkv” is being sent in another tab');
  assert.match(words.unfinished.note(kept, false), /^4\u00a0GB in all\. You can go on until .*January 8/);
});

test('a recipient is told how much has arrived, and of several files how many', () => {
  const known = { come: 9e8, all: 2.4e9 };
  assert.equal(
    words.received.summary('uploading', { files: 1, stored: 0, failed: 0 }, known),
    '37% has arrived, 900\u00a0MB of 2.4\u00a0GB. This page updates by itself.',
  );
  assert.match(words.received.summary('uploading', { files: 3, stored: 2, failed: 0 }, known), /^37% .* 2 of 3 files can/);
  assert.match(words.received.summary('uploading', { files: 3, stored: 2, failed: 0 }, null), /^2 of 3 files can/);
  assert.match(words.received.summary('uploading', { files: 1, stored: 0, failed: 0 }, { come: 0, all: 0 }), /^0% /);
  assert.equal(words.received.summary('ready', { files: 3, stored: 3, failed: 0 }, known), '3 files');
});

test('a file on its way says how much of it has arrived, where that is known', () => {
  assert.equal(words.fileStateText('pending'), 'On its way');
  assert.equal(words.fileStateText('pending', { share: 0.369 }), 'On its way · 36%');
  assert.equal(words.fileStateText('stored', { left: 3 }), '3 downloads left');
});

test('a paused transfer says so, and what it waits for', () => {
  assert.equal(words.headline('paused', totals), 'Paused');
  assert.equal(words.headline('paused', { ...totals, absent: 1 }), 'Waiting for 1 file');
  assert.match(words.totalsText('paused', { ...totals, absent: 1 }), /Choose or drop it again/);
});
