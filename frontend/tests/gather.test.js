import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherDropped, gatherPicked, walk } from '../static/page/gather.js';
import { fakeFile } from './fakes.js';

/** @import {Item} from '../static/engine/transfer.js' */

/** @param {string} fullPath @param {boolean} [readable] */
const fileEntry = (fullPath, readable = true) =>
  /** @type {FileSystemEntry} */ (
    /** @type {unknown} */ ({
      fullPath, isDirectory: false,
      file: (/** @type {(file: File) => void} */ ok, /** @type {() => void} */ no) => (readable ? ok(fakeFile(1, fullPath)) : no()),
    })
  );

/** Gives its entries two at a time, as Chromium gives a hundred. @param {string} fullPath @param {FileSystemEntry[] | null} inside */
const folderEntry = (fullPath, inside) =>
  /** @type {FileSystemEntry} */ (
    /** @type {unknown} */ ({
      fullPath, isDirectory: true,
      createReader() {
        let at = 0;
        return {
          readEntries: (/** @type {(entries: FileSystemEntry[]) => void} */ ok, /** @type {(error: Error) => void} */ no) =>
            inside ? ok(inside.slice(at, (at += 2))) : no(new Error('no')),
        };
      },
    })
  );

/** @param {AsyncIterable<Item[]>} batches */
async function all(batches) {
  const items = [];
  for await (const batch of batches) items.push(...batch);
  return items.map(({ name, file }) => (file ? name : `${name} unreadable`));
}

test('a folder gives all its files with their paths, however many at a time', async () => {
  const inside = ['a', 'b', 'c', 'd', 'e'].map((name) => fileEntry(`/folder/${name}`));
  const deep = folderEntry('/folder/deep', [fileEntry('/folder/deep/f')]);
  assert.deepEqual(await all(walk([folderEntry('/folder', [...inside, deep])])), [
    'folder/a', 'folder/b', 'folder/c', 'folder/d', 'folder/e', 'folder/deep/f',
  ]);
});

test('files come before folders, so that sending can begin', async () => {
  const batches = walk([folderEntry('/folder', [fileEntry('/folder/a')]), fileEntry('/b')]);
  assert.deepEqual((await batches.next()).value?.map((/** @type {Item} */ { name }) => name), ['b']);
});

test('an empty folder gives nothing', async () => {
  assert.deepEqual(await all(walk([folderEntry('/folder', [])])), []);
});

test('what cannot be read is named, and the rest goes on', async () => {
  const entries = [fileEntry('/a', false), folderEntry('/locked', null), folderEntry('/folder', [fileEntry('/folder/b')])];
  assert.deepEqual(await all(walk(entries)), ['a unreadable', 'locked unreadable', 'folder/b']);
});

test('a picked folder keeps the paths of its files', () => {
  const file = Object.assign(fakeFile(1, 'b'), { webkitRelativePath: 'a/b' });
  assert.deepEqual(gatherPicked([file, fakeFile(2, 'c')]).map(({ name }) => name), ['a/b', 'c']);
});

test('a pasted file that has no entry is taken, pasted text is not', async () => {
  const items = [
    { kind: 'string', webkitGetAsEntry: () => null, getAsFile: () => null },
    { kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => fakeFile(1, 'shot.png') },
  ];
  const data = /** @type {DataTransfer} */ (/** @type {unknown} */ ({ items }));
  assert.deepEqual(await all(gatherDropped(data)), ['shot.png']);
});

test('a dropped folder’s handle goes with each file in it', async () => {
  const handle = { kind: 'directory' };
  const entry = folderEntry('/folder', [fileEntry('/folder/a'), folderEntry('/folder/deep', [fileEntry('/folder/deep/b')])]);
  const items = [
    { kind: 'file', webkitGetAsEntry: () => entry, getAsFileSystemHandle: async () => handle },
    { kind: 'file', webkitGetAsEntry: () => fileEntry('/alone'), getAsFileSystemHandle: () => Promise.reject(new Error('no')) },
  ];
  const found = [];
  for await (const batch of gatherDropped(/** @type {any} */ ({ items }))) found.push(...batch);
  assert.deepEqual(found.map(({ name, origin }) => [name, origin]), [['alone', null], ['folder/a', handle], ['folder/deep/b', handle]]);
});
