import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeZip, predictLength } from 'client-zip';
import fc from 'fast-check';
import { GoneError, archiveName, bytesOf, entryNames } from '../static/engine/archive.js';

/** @typedef {import('../static/engine/retry.js').Patience} Patience */

const patience = /** @type {Pick<Patience, 'wait'>} */ ({ wait: async () => {} });

test('folders are kept, and names of one path are told apart', () => {
  assert.deepEqual(
    entryNames(['a/b.txt', 'b.txt', 'a/b.txt', 'B.TXT', 'photos.tar.gz', 'photos.tar.gz', '.env', '.env']),
    ['a/b.txt', 'b.txt', 'a/b (2).txt', 'B (2).TXT', 'photos.tar.gz', 'photos (2).tar.gz', '.env', '.env (2)'],
  );
});

test('no name leads out of the folder that it is unpacked in', () => {
  assert.deepEqual(
    entryNames(['../../etc/passwd', '/etc/passwd', 'C:\\Windows\\x', '..', '', 'a\u0000b', 'photo\u202Egpj.exe']),
    ['etc/passwd', 'etc/passwd (2)', 'C__Windows_x', 'file', 'file (2)', 'a_b', 'photo_gpj.exe'],
  );
});

test('no name leads up, ends otherwise or is a device when Windows has dropped what it drops', () => {
  assert.deepEqual(
    entryNames(['.. /x', '.../y', 'a/. ./z', 'evil.exe. ', 'CON', 'folder/lpt¹.txt', 'nul .gz', 'console']),
    ['x', 'y', 'a/z', 'evil.exe', '_CON', 'folder/_lpt¹.txt', '_nul .gz', 'console'],
  );
});

test('the archive is called what its transfer is, in one safe step', () => {
  assert.equal(archiveName('Q1/Q2 \u202Efdp'), 'Q1_Q2 _fdp.zip');
  assert.equal(archiveName('..'), 'file.zip');
});

test('a file and a folder of one name are told apart, whichever comes first', () => {
  assert.deepEqual(entryNames(['a', 'A/b', 'a/c']), ['a', 'A (2)/b', 'a (2)/c']);
  assert.deepEqual(entryNames(['a/b.d/c', 'a', 'a/b.d']), ['a/b.d/c', 'a (2)', 'a/b (2).d']);
});

test('whatever the names: relative, without steps up, no two the same and none a folder of another', () => {
  const unit = fc.oneof(fc.constantFrom('a', 'A', '/', '.'), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }));
  fc.assert(
    fc.property(fc.array(fc.string({ unit, maxLength: 20 })), (names) => {
      const found = entryNames(names);
      assert.equal(new Set(found.map((name) => name.toLowerCase())).size, names.length);
      for (const name of found) for (const step of name.split('/')) assert(!/^$|[. ]$/.test(step), name);
      for (const name of found) assert(!found.some((other) => other.toLowerCase().startsWith(`${name.toLowerCase()}/`)), name);
    }),
  );
});

/**
 * A server whose connections break after so many bytes each time.
 *
 * @param {Uint8Array<ArrayBuffer>} content
 * @param {number} most
 */
function breaking(content, most) {
  /** @type {(string | null)[]} */
  const ranges = [];
  const ask = async (/** @type {string} */ _url, /** @type {RequestInit} */ init) => {
    const range = new Headers(init.headers).get('range');
    ranges.push(range);
    const start = Number(/bytes=(\d+)-/.exec(range ?? 'bytes=0-')?.[1]);
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(content.slice(start, start + most));
      },
      pull(controller) {
        if (start + most < content.length) controller.error(new TypeError('network error'));
        else controller.close();
      },
    });
    return new Response(body, { status: range ? 206 : 200 });
  };
  return { ask, ranges };
}

test('a broken connection is taken up where it ended', async () => {
  const content = new Uint8Array(1000).map((_, index) => index);
  const { ask, ranges } = breaking(content, 400);
  let come = 0;
  const means = { fetch: ask, patience, signal: new AbortController().signal, onBytes: (/** @type {number} */ n) => (come += n) };
  const found = [];
  for await (const chunk of bytesOf({ url: 'x', size: 1000 }, means)) found.push(...chunk);
  assert.deepEqual(new Uint8Array(found), content);
  assert.deepEqual(ranges, [null, 'bytes=400-', 'bytes=800-']);
  assert.equal(come, 1000);
});

for (const status of [404, 410]) {
  test(`a file that cannot be had any more ends it: ${status}`, async () => {
    const ask = async () => new Response('', { status });
    const means = { fetch: ask, patience, signal: new AbortController().signal, onBytes: () => {} };
    await assert.rejects(bytesOf({ url: 'x', size: 1 }, means).next(), GoneError);
  });
}

test('an answer of 503 is tried again, and an empty file is asked for once', async () => {
  const answers = [new Response('', { status: 503 }), new Response('')];
  const ask = async () => answers.shift() ?? assert.fail('asked too often');
  const means = { fetch: ask, patience, signal: new AbortController().signal, onBytes: () => {} };
  for await (const chunk of bytesOf({ url: 'x', size: 0 }, means)) assert.equal(chunk.length, 0);
  assert.equal(answers.length, 0);
});

test('a zip over 4 GiB has the length that was announced, and its end in the form for large ones', { timeout: 120_000 }, async () => {
  const [files, chunk] = [3, new Uint8Array(2 ** 23)];
  const size = 180 * chunk.length;
  const names = entryNames(['film/part.mov', 'film/part.mov', 'film/part.mov']);
  async function* content() {
    for (let sent = 0; sent < size; sent += chunk.length) yield chunk;
  }
  const inputs = names.map((name) => ({ name, size, input: content() }));
  let [length, end] = [0, new Uint8Array()];
  for await (const bytes of makeZip(inputs)) {
    length += bytes.length;
    end = bytes.length > 200 ? bytes.slice(-200) : new Uint8Array([...end, ...bytes].slice(-200));
  }
  assert(size * files > 2 ** 32);
  assert.equal(BigInt(length), predictLength(names.map((name) => ({ name, size }))));
  assert(Buffer.from(end).includes(Buffer.from('PK\x06\x06')), 'the end of a ZIP64 archive');
});
