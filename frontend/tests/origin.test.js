import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askLeave, fileAt } from '../static/engine/origin.js';
import { fakeFile } from './fakes.js';

const file = fakeFile(1);
const fileHandle = { kind: 'file', getFile: async () => file };
const missing = () => Promise.reject(new DOMException('', 'NotFoundError'));

/** @param {Record<string, any>} inside @returns {any} */
const folderHandle = (inside) => ({
  kind: 'directory',
  getDirectoryHandle: async (/** @type {string} */ name) => inside[name] ?? missing(),
  getFileHandle: async (/** @type {string} */ name) => inside[name] ?? missing(),
});

test('a dropped file is had by its own handle', async () => {
  assert.equal(await fileAt(/** @type {any} */ (fileHandle), 'a'), file);
});

test('a file of a dropped folder is had by the folder’s handle and its path', async () => {
  const folder = folderHandle({ b: folderHandle({ c: fileHandle }), d: fileHandle });
  assert.equal(await fileAt(folder, 'folder/b/c'), file);
  assert.equal(await fileAt(folder, 'folder/d'), file);
});

test('what is gone, not allowed or never had a handle cannot be had', async () => {
  assert.equal(await fileAt(folderHandle({}), 'folder/b/c'), null);
  assert.equal(await fileAt(/** @type {any} */ ({ kind: 'file', getFile: missing }), 'a'), null);
  assert.equal(await fileAt(null, 'a'), null);
});

test('leave is asked once for each folder, and a refusal is no error', async () => {
  let asked = 0;
  const folder = { ...folderHandle({}), requestPermission: async () => ((asked += 1), Promise.reject(new Error('no'))) };
  await askLeave([folder, folder, null]);
  assert.equal(asked, 1);
});
