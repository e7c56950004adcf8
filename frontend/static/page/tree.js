/**
 * The files of a transfer as the folders that their names tell of, with what lies in each. `backend/pages/tree.py` goes by the
 * same rules: the server makes the beginning of the page. Knows nothing of the page.
 */

/** Folders within folders; what lies deeper stands in the name of the last. A name has room for thousands, no page has. */
const DEEPEST = 6;

/**
 * @typedef {object} Item
 * @property {number} number
 * @property {string} name as its sender called it, with its folders
 * @property {number} size bytes
 * @property {string | null} url where it can be downloaded now
 * @property {string} kind how it can be looked at; empty if it cannot
 * @property {string} state what automated clients see of it
 * @property {string} text the state in words
 * @property {number} partSize bytes
 */

/**
 * @param {string} name
 * @returns {{path: string[], base: string}} its folders from the outermost on, and what it is called within the last
 */
export function placeOf(name) {
  const path = name.split('/').filter((step) => step !== '');
  const base = path.pop() ?? '';
  const deep = path.splice(DEEPEST - 1).join('/');
  return { path: deep ? [...path, deep] : path, base };
}

export class Folder {
  /** @type {(Folder | Leaf)[]} in the order in which they were sent */
  children = [];
  /** @type {Map<string, Folder>} */
  #folders = new Map();
  /** Files at any depth, their bytes, and how many of them can be downloaded now. */
  files = 0;
  bytes = 0;
  offered = 0;

  /**
   * @param {string} name
   * @param {Folder | null} parent null for the one that holds all
   */
  constructor(name = '', parent = null) {
    this.name = name;
    this.parent = parent;
  }

  /** Itself and all that it lies in, from the inside out. @returns {Folder[]} */
  get lineage() {
    /** @type {Folder[]} */
    const found = [];
    for (let folder = /** @type {Folder | null} */ (this); folder; folder = folder.parent) found.push(folder);
    return found;
  }

  /** Its own name and those of all that it lies in. */
  get path() {
    return this.lineage.slice(0, -1).map(({ name }) => name).reverse().join('/');
  }

  /** All files below it, in the order in which they are shown. @returns {Generator<Item>} */
  *items() {
    for (const child of this.children) {
      if (child instanceof Folder) yield* child.items();
      else yield child.item;
    }
  }

  /** @param {string} name @returns {Folder} */
  folder(name) {
    const known = this.#folders.get(name);
    if (known) return known;
    const made = new Folder(name, this);
    this.#folders.set(name, made);
    this.children.push(made);
    return made;
  }

  /** @param {Folder | Leaf} child */
  remove(child) {
    this.children.splice(this.children.indexOf(child), 1);
    if (child instanceof Folder) this.#folders.delete(child.name);
  }

  /** @param {Item} item @param {1 | -1} sign */
  count({ size, url }, sign) {
    this.files += sign;
    this.bytes += sign * size;
    if (url) this.offered += sign;
  }
}

/** A file in its place. */
export class Leaf {
  /**
   * @param {Item} item
   * @param {string} base what it is called within its folder
   * @param {Folder} parent
   */
  constructor(item, base, parent) {
    this.item = item;
    this.base = base;
    this.parent = parent;
  }
}

export class Tree {
  root = new Folder();
  /** @type {Map<number, Leaf>} by the file's number */
  leaves = new Map();

  /** Takes a file in, or takes it as it is now. @param {Item} item @returns {Leaf} */
  put(item) {
    const known = this.leaves.get(item.number);
    if (known) {
      this.#count(known, -1);
      known.item = item;
      this.#count(known, 1);
      return known;
    }
    const { path, base } = placeOf(item.name);
    const folder = path.reduce((above, name) => above.folder(name), this.root);
    const leaf = new Leaf(item, base, folder);
    folder.children.push(leaf);
    this.leaves.set(item.number, leaf);
    this.#count(leaf, 1);
    return leaf;
  }

  /**
   * Takes a file out, and the folders in which nothing is left.
   *
   * @param {number} number
   * @returns {(Folder | Leaf)[]} what went, from the inside out
   */
  remove(number) {
    const leaf = this.leaves.get(number);
    if (!leaf) return [];
    this.leaves.delete(number);
    this.#count(leaf, -1);
    const emptied = leaf.parent.lineage.filter(({ files, parent }) => files === 0 && parent);
    const gone = [leaf, ...emptied];
    for (const one of gone) one.parent?.remove(one);
    return gone;
  }

  /** @param {Leaf} leaf @param {1 | -1} sign */
  #count({ item, parent }, sign) {
    for (const folder of parent.lineage) folder.count(item, sign);
  }
}
