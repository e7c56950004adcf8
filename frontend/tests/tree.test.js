import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Folder, Tree, placeOf } from '../static/page/tree.js';

/** @import {Item, Leaf} from '../static/page/tree.js' */

/** @param {number} number also its size @param {string} name @returns {Item} */
const item = (number, name) => ({ number, name, size: number, partSize: 16, url: null, kind: '', state: 'pending', text: '' });

/** @param {string[]} names */
function treeOf(...names) {
  const tree = new Tree();
  names.forEach((name, index) => tree.put(item(index + 1, name)));
  return tree;
}

/** Numbers are files, and a folder is its name, files, bytes and children. @param {Folder} folder @returns {any[]} */
const drawn = (folder) =>
  folder.children.map((child) =>
    child instanceof Folder ? [child.name, child.files, child.bytes, drawn(child)] : child.item.number,
  );

/** @type {[string, string[], string][]} as in `backend/tests/pages/test_tree.py` */
const PLACES = [
  ['a.txt', [], 'a.txt'],
  ['holiday/2024/a.jpg', ['holiday', '2024'], 'a.jpg'],
  ['', [], ''],
  ['/', [], ''],
  ['/etc//passwd', ['etc'], 'passwd'],
  ['folder/', [], 'folder'],
  ['../../x', ['..', '..'], 'x'],
  ['a\\b/c', ['a\\b'], 'c'],
  ['1/2/3/4/5/6/x', ['1', '2', '3', '4', '5', '6'], 'x'],
  ['1/2/3/4/5/6/7/8/x', ['1', '2', '3', '4', '5', '6/7/8'], 'x'],
];
for (const [name, path, base] of PLACES) {
  test(`“${name}” tells of ${path.length} folders`, () => assert.deepEqual(placeOf(name), { path, base }));
}

test('folders hold what lies in them in the order in which it was sent, and count it', () => {
  const { root } = treeOf('b/x', 'a', 'b/c/y', 'b/x', 'a/z');
  assert.deepEqual(drawn(root), [['b', 3, 8, [1, ['c', 1, 3, [3]], 4]], 2, ['a', 1, 5, [5]]]);
  assert.deepEqual([root.files, root.bytes], [5, 15]);
});

test('a file that changes stays where it is, and its folders know how many can be downloaded', () => {
  const tree = treeOf('b/x', 'b/c/y');
  const leaf = tree.put({ ...item(2, 'b/c/y'), url: 'u' });
  assert.equal(leaf, tree.leaves.get(2));
  assert.deepEqual(leaf.parent.lineage.map(({ name, files, offered }) => [name, files, offered]), [['c', 1, 1], ['b', 2, 1], ['', 2, 1]]);
  tree.put(item(2, 'b/c/y'));
  assert.equal(tree.root.offered, 0);
});

test('with the last file a folder goes, and the one that held nothing else', () => {
  const tree = treeOf('b/c/y', 'a');
  const gone = tree.remove(1);
  assert.deepEqual(gone.map((one) => (one instanceof Folder ? one.name : one.base)), ['y', 'c', 'b']);
  assert.deepEqual(drawn(tree.root), [2]);
  assert.deepEqual(tree.remove(1), []);
  tree.put(item(3, 'b/new'));
  assert.deepEqual(drawn(tree.root), [2, ['b', 1, 3, [3]]]);
});

test('a folder’s path is what its files’ names begin with', () => {
  const leaf = /** @type {Leaf} */ (treeOf('/b//c/y').leaves.get(1));
  assert.equal(leaf.parent.path, 'b/c');
});

test('whatever comes and goes: each file once, in the order of its folder, and every count right', () => {
  const names = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 20 }), { maxLength: 30 });
  fc.assert(
    fc.property(names, fc.array(fc.nat(29)), (all, removed) => {
      const tree = treeOf(...all);
      for (const index of removed) tree.remove(index + 1);
      const left = all.map((_, index) => index + 1).filter((number) => !removed.includes(number - 1));
      assert.deepEqual([...tree.root.items()].map(({ number }) => number).sort((a, b) => a - b), left);
      /** @param {Folder} folder @returns {number} */
      const count = (folder) => {
        const found = folder.children.map((child) => (child instanceof Folder ? count(child) : 1));
        assert.equal(folder.files, found.reduce((sum, one) => sum + one, 0));
        assert(folder === tree.root || folder.files > 0);
        return folder.files;
      };
      assert.equal(count(tree.root), left.length);
    }),
  );
});
