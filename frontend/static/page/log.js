/** The drawer that tells the owner who has downloaded what, and gives the private link. */

import { nameElement } from './names.js';
import { logTexts, momentText, sizeText } from './words.js';

/** @import {Download} from '../engine/api.js' */

/**
 * @typedef {object} Source
 * @property {() => Promise<{downloads: Download[], more: boolean}>} downloads newest first
 * @property {(file: number) => string} nameOf
 * @property {() => string} ownerLink
 */

export class LogDrawer {
  #drawer;
  #source;
  #note;
  #list;

  /**
   * @param {HTMLDetailsElement} drawer
   * @param {Source} source
   */
  constructor(drawer, source) {
    this.#drawer = drawer;
    this.#source = source;
    this.#note = /** @type {HTMLElement} */ (drawer.querySelector('[data-part="note"]'));
    this.#list = /** @type {HTMLElement} */ (drawer.querySelector('[data-part="downloads"]'));
    drawer.addEventListener('toggle', () => void (drawer.open && this.#load()));
    const copy = /** @type {HTMLButtonElement} */ (drawer.querySelector('[data-act="copy-owner"]'));
    copy.addEventListener('click', () => void this.#copy());
  }

  /** Another transfer is shown. */
  close() {
    this.#drawer.open = false;
    this.#list.replaceChildren();
    this.#note.textContent = '';
  }

  async #load() {
    try {
      const { downloads, more } = await this.#source.downloads();
      this.#list.replaceChildren(...downloads.map((download) => this.#row(download)));
      this.#note.textContent = logTexts.summary(downloads.length, more);
    } catch {
      this.#note.textContent = logTexts.unreachable();
    }
  }

  /** @param {Download} download */
  #row({ at, file, bytes, source }) {
    const row = document.createElement('li');
    row.className = 'row';
    const what = document.createElement('div');
    what.className = 'what';
    const name = document.createElement('p');
    name.className = 'name';
    name.append(nameElement(this.#source.nameOf(file)));
    const fine = document.createElement('p');
    fine.className = 'fine';
    fine.textContent = logTexts.line(momentText(at), sizeText(bytes), source);
    what.append(name, fine);
    row.append(what);
    return row;
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#source.ownerLink());
      this.#note.textContent = logTexts.copied();
    } catch {
      // Where copying is not allowed, it can be taken from here.
      this.#note.textContent = this.#source.ownerLink();
    }
  }
}
