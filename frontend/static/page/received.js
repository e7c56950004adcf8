/**
 * The files as who receives them sees them: folders that open and close, and rows for what is looked at, since ten thousand
 * would slow the page (see `list.js`). It goes on with the rows that the server has made.
 */

import { nameElement } from './names.js';
import { Folder, Tree } from './tree.js';
import { buttons, received as texts, sizeText } from './words.js';

/** @import {Item, Leaf} from './tree.js' */

const ROWS_AT_ONCE = 200;
/** The folders of a transfer of so few files lie open; `backend/pages/render.py` says the same. */
const OPEN_FILES = 100;

/** The rows of one folder, of which the first `shown` of its children have one. */
class Level {
  shown = 0;
  most = ROWS_AT_ONCE;

  /**
   * @param {Element} list
   * @param {HTMLButtonElement} more shows more rows when it is clicked, or only scrolled to
   */
  constructor(list, more) {
    this.list = list;
    this.more = more;
  }
}

export class Received {
  #row;
  #folder;
  #act;
  #seen;
  /** @type {Map<Folder, Level>} of folders that have been opened */
  #levels = new Map();
  /** @type {Map<Folder | Leaf, HTMLElement>} */
  #elements = new Map();
  /** @type {WeakMap<Element, Folder | Leaf>} of rows, and of the buttons for more of them their folder */
  #children = new WeakMap();
  /** @type {Set<Folder>} what has changed below them is not shown yet */
  #changed = new Set();
  tree = new Tree();

  /**
   * @param {Element} list with the rows that the server has made; after it stands the button for more
   * @param {{row: HTMLTemplateElement, folder: HTMLTemplateElement}} templates
   * @param {{look: (item: Item) => void, zip: (folder: Folder) => void}} act
   */
  constructor(list, templates, act) {
    this.#row = templates.row;
    this.#folder = templates.folder;
    this.#act = act;
    this.#seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) this.#showMore(target);
    });
    this.#open(this.tree.root, list);
    this.#adopt(list);
    list.addEventListener('click', ({ target }) => this.#clicked(/** @type {Element} */ (target)));
  }

  /** Takes a file in, or takes it as it is now; it is shown by `render`. @param {Item} item */
  put(item) {
    const leaf = this.tree.put(item);
    const row = this.#elements.get(leaf);
    if (row) fill(row, item);
    for (const folder of leaf.parent.lineage) this.#changed.add(folder);
  }

  /** @param {number} number of a file that is there no more */
  remove(number) {
    for (const gone of this.tree.remove(number)) {
      const { parent } = gone;
      const element = this.#elements.get(gone);
      const level = parent && this.#levels.get(parent);
      if (parent) for (const folder of parent.lineage) this.#changed.add(folder);
      if (gone instanceof Folder) this.#levels.delete(gone);
      if (!element || !level) continue;
      this.#elements.delete(gone);
      level.shown -= 1;
      const next = element.nextElementSibling ?? element.previousElementSibling;
      const focused = element.contains(document.activeElement);
      element.remove();
      if (focused) focusIn(next);
    }
  }

  /** Shows what has been put in since the last time. */
  render() {
    for (const folder of this.#changed) {
      const element = this.#elements.get(folder);
      if (element) fillFolder(element, folder);
      const level = this.#levels.get(folder);
      if (level) this.#extend(folder, level);
    }
    this.#changed.clear();
  }

  /** @param {Element} list */
  #adopt(list) {
    const rows = /** @type {HTMLElement[]} */ ([...list.querySelectorAll('.row')]);
    for (const row of rows.sort((a, b) => Number(a.dataset['number']) - Number(b.dataset['number']))) {
      const leaf = this.tree.put(itemOf(row));
      this.#keep(leaf, row);
      row.querySelector('.name > bdi')?.replaceWith(nameElement(leaf.base));
      let place = /** @type {HTMLElement} */ (row);
      for (const folder of leaf.parent.lineage) {
        const group = /** @type {HTMLElement | null} */ (place.parentElement?.closest('.group'));
        if (!group || this.#elements.has(folder)) break;
        this.#keep(folder, group);
        group.querySelector('.name > bdi')?.replaceWith(nameElement(folder.name));
        this.#open(folder, /** @type {Element} */ (group.querySelector('.rows')));
        place = group;
      }
    }
    for (const [folder, level] of this.#levels) {
      level.shown = level.list.children.length;
      level.most = Math.max(level.most, level.shown);
      this.#changed.add(folder);
    }
    this.render();
  }

  /** @param {Folder | Leaf} child @param {HTMLElement} element */
  #keep(child, element) {
    this.#elements.set(child, element);
    this.#children.set(element, child);
  }

  /** @param {Folder} folder @param {Element} list */
  #open(folder, list) {
    const more = /** @type {HTMLButtonElement} */ (list.nextElementSibling);
    this.#levels.set(folder, new Level(list, more));
    this.#children.set(more, folder);
    more.addEventListener('click', () => this.#showMore(more));
    this.#seen.observe(more);
  }

  /** @param {Element} more a folder's button for more rows */
  #showMore(more) {
    const folder = /** @type {Folder} */ (this.#children.get(more));
    const level = this.#levels.get(folder);
    if (!level) return;
    const focused = document.activeElement === more;
    const last = level.list.lastElementChild;
    level.most = level.shown + ROWS_AT_ONCE;
    this.#extend(folder, level);
    if (focused) focusIn(last?.nextElementSibling);
  }

  /** @param {Folder} folder @param {Level} level */
  #extend(folder, level) {
    const { children } = folder;
    for (const child of children.slice(level.shown, level.most)) {
      level.list.append(child instanceof Folder ? this.#makeFolder(child) : this.#makeRow(child));
      level.shown += 1;
    }
    const left = children.slice(level.shown).reduce((sum, child) => sum + (child instanceof Folder ? child.files : 1), 0);
    level.more.hidden = left === 0;
    level.more.textContent = left > 0 ? buttons.more(left) : '';
  }

  /** @param {Leaf} leaf */
  #makeRow(leaf) {
    const row = /** @type {HTMLElement} */ (this.#row.content.firstElementChild?.cloneNode(true));
    this.#keep(leaf, row);
    row.querySelector('.name')?.replaceChildren(nameElement(leaf.base));
    write(row, '.size', sizeText(leaf.item.size));
    fill(row, leaf.item);
    return row;
  }

  /** @param {Folder} folder */
  #makeFolder(folder) {
    const group = /** @type {HTMLElement} */ (this.#folder.content.firstElementChild?.cloneNode(true));
    this.#keep(folder, group);
    group.querySelector('.name')?.replaceChildren(nameElement(folder.name));
    fillFolder(group, folder);
    const details = /** @type {HTMLDetailsElement} */ (group.querySelector('details'));
    const begin = () => {
      if (!details.open || this.#levels.has(folder)) return;
      this.#open(folder, /** @type {Element} */ (details.querySelector('.rows')));
      this.#changed.add(folder);
      this.render();
    };
    details.addEventListener('toggle', begin);
    details.open = this.tree.root.files <= OPEN_FILES;
    return group;
  }

  /** @param {Element} target */
  #clicked(target) {
    const what = /** @type {HTMLElement | null} */ (target.closest('[data-act]'))?.dataset['act'];
    const child = this.#children.get(/** @type {Element} */ (target.closest('.row, .group')));
    if (what === 'zip' && child instanceof Folder) this.#act.zip(child);
    else if (what === 'look' && child && !(child instanceof Folder)) this.#act.look(child.item);
  }
}

/** @param {HTMLElement} row @returns {Item} as the server has written it */
function itemOf(row) {
  const { number, name = '', size, partSize, state = '' } = row.dataset;
  const link = row.querySelector('a');
  const kind = /** @type {HTMLElement | null} */ (row.querySelector('[data-act="look"]'))?.dataset['kind'] ?? '';
  const text = row.querySelector('.state')?.textContent ?? '';
  const url = link && !link.hidden ? link.href : null;
  return { number: Number(number), name, size: Number(size), partSize: Number(partSize), url, kind, state, text };
}

/** @param {HTMLElement} row @param {Item} item */
function fill(row, { number, name, state, text, url, kind }) {
  Object.assign(row.dataset, { number: String(number), state });
  write(row, '.state', text);
  const download = /** @type {HTMLAnchorElement} */ (row.querySelector('a'));
  const look = /** @type {HTMLButtonElement} */ (row.querySelector('[data-act="look"]'));
  look.hidden = !(url && kind);
  download.hidden = !url;
  if (!url) return;
  Object.assign(download, { href: url, download: '', ariaLabel: buttons.download(name) });
  download.dataset['testid'] = 'download';
  look.ariaLabel = buttons.lookAt(name);
}

/** @param {HTMLElement} group @param {Folder} folder */
function fillFolder(group, folder) {
  write(group, 'summary .fine', texts.folder(folder.files, folder.bytes));
  const zip = /** @type {HTMLButtonElement} */ (group.querySelector('.zip'));
  zip.hidden = folder.files < 2 || folder.offered < folder.files;
  zip.ariaLabel = texts.zip(folder.name, folder.bytes);
}

/** @param {Element | null | undefined} element a row or a folder */
const focusIn = (element) => /** @type {HTMLElement | null | undefined} */ (element?.querySelector('a[href], summary'))?.focus();

/** @param {HTMLElement} within @param {string} selector @param {string} text */
function write(within, selector, text) {
  const target = within.querySelector(selector);
  if (target && target.textContent !== text) target.textContent = text;
}
