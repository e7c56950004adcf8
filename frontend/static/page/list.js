/**
 * The rows of the files. Ten thousand files must not slow the page, and Chromium needs 100 ms a frame for that many
 * rows even if it does not lay them out: so there are rows for the first files, for those that failed, and for more
 * as someone scrolls on.
 */

import { nameElement } from './names.js';
import { buttons, sizeText, stateText } from './words.js';

/** @import {Entry} from '../engine/entry.js' */

/** @typedef {(entry: Entry) => void} Act */

const ROWS_AT_ONCE = 200;
/** As many as can be made in a frame on a slow computer. */
const ROWS_A_FRAME = 50;

/** What automated clients see of the state. @param {Entry} entry */
const stateFor = ({ state }) => (state === 'checking' ? 'uploading' : state);

export class List {
  #list;
  #more;
  #template;
  /** @type {Map<Entry, Row>} */
  #rows = new Map();
  /** @type {WeakMap<Element, Entry>} */
  #entries = new WeakMap();
  /** @type {Set<Entry>} still without a row */
  #coming = new Set();
  #most = ROWS_AT_ONCE;

  /**
   * @param {HTMLElement} list
   * @param {HTMLButtonElement} more shows more rows when it is clicked, or only scrolled to
   * @param {HTMLTemplateElement} template
   * @param {{retry: Act, remove: Act, pause: Act, resume: Act, copy: (address: HTMLElement) => void, showMore: () => void}} act
   */
  constructor(list, more, template, act) {
    this.#list = list;
    this.#more = more;
    this.#template = template;
    list.addEventListener('click', ({ target }) => {
      const button = /** @type {Element} */ (target).closest('button');
      const entry = this.#entries.get(/** @type {Element} */ (button?.closest('li')));
      if (!entry) return;
      const what = button?.dataset['act'];
      if (what === 'copy') act.copy(/** @type {HTMLElement} */ (button?.closest('li')?.querySelector('.public a')));
      else if (what === 'pause') act[entry.state === 'paused' ? 'resume' : 'pause'](entry);
      else act[what === 'retry' ? 'retry' : 'remove'](entry);
    });
    const showMore = () => {
      this.#most = this.#rows.size + ROWS_AT_ONCE;
      act.showMore();
    };
    more.addEventListener('click', showMore);
    const { parentElement: root } = more;
    new IntersectionObserver(([seen]) => seen?.isIntersecting && showMore(), { root }).observe(more);
  }

  clear() {
    this.#rows.clear();
    this.#coming.clear();
    this.#most = ROWS_AT_ONCE;
    this.#list.replaceChildren();
  }

  /**
   * @param {Iterable<Entry>} changed
   * @returns {boolean} whether there is more to do in the next frame
   */
  render(changed) {
    for (const entry of changed) {
      const row = this.#rows.get(entry);
      if (entry.state === 'removed') this.#remove(entry);
      else if (row) this.#update(row, entry);
      else if (entry.state === 'failed') this.#make(entry);
      else this.#coming.add(entry);
    }
    const most = Math.min(this.#most, this.#rows.size + ROWS_A_FRAME);
    for (const entry of this.#coming) {
      if (this.#rows.size >= most) break;
      this.#make(entry);
    }
    this.#more.hidden = this.#coming.size === 0;
    this.#more.textContent = buttons.more(this.#coming.size);
    return this.#coming.size > 0 && this.#rows.size < this.#most;
  }

  /** @param {Entry} entry */
  #make(entry) {
    const row = new Row(this.#template, entry);
    this.#coming.delete(entry);
    this.#rows.set(entry, row);
    this.#entries.set(row.element, entry);
    this.#list.append(row.element);
    this.#update(row, entry);
  }

  /**
   * @param {Row} row
   * @param {Entry} entry
   */
  #update(row, entry) {
    const { state } = row.element.dataset;
    row.update(entry);
    // Whoever has to do something about a file should not have to look for it among thousands.
    if (entry.state === 'failed' && state !== 'failed') this.#list.prepend(row.element);
  }

  /** @param {Entry} entry */
  #remove(entry) {
    const element = this.#rows.get(entry)?.element;
    this.#rows.delete(entry);
    this.#coming.delete(entry);
    if (!element) return;
    const next = element.nextElementSibling ?? element.previousElementSibling;
    const focused = element.contains(document.activeElement);
    element.remove();
    if (focused) /** @type {HTMLElement | undefined} */ (next?.querySelector('[data-act=remove]'))?.focus();
  }
}

class Row {
  #state;
  #progress;
  #retry;
  #pause;
  #public;
  #copy;
  #name;

  /**
   * @param {HTMLTemplateElement} template
   * @param {Entry} entry
   */
  constructor(template, entry) {
    const { name, size } = entry;
    this.element = /** @type {HTMLLIElement} */ (template.content.firstElementChild?.cloneNode(true));
    this.#state = this.#find('.state', HTMLElement);
    this.#progress = this.#find('progress', HTMLProgressElement);
    this.#retry = this.#find('[data-act=retry]', HTMLButtonElement);
    this.#pause = this.#find('[data-act=pause]', HTMLButtonElement);
    // There are these two only where everybody may have files.
    this.#public = this.element.querySelector('.public');
    this.#copy = this.element.querySelector('[data-act=copy]');
    this.#name = name;
    this.#find('.name', HTMLElement).append(nameElement(name));
    this.#find('.size', HTMLElement).textContent = sizeText(size);
    this.#find('[data-act=remove]', HTMLButtonElement).ariaLabel = buttons.remove(name);
    this.#progress.ariaLabel = buttons.progress(name);
    this.#retry.ariaLabel = buttons.retry(name);
  }

  /** @param {Entry} entry */
  update(entry) {
    const { absent, pausable, problem, publicUrl, sentBytes, size } = entry;
    const state = stateFor(entry);
    const text = stateText(entry);
    if (this.element.dataset['state'] !== state) this.element.dataset['state'] = state;
    if (this.#state.textContent !== text) this.#state.textContent = text;
    this.#progress.hidden = state !== 'uploading' && !(state === 'paused' && sentBytes > 0);
    this.#progress.value = size > 0 ? sentBytes / size : 1;
    this.#retry.hidden = problem === null || problem.kind === 'too_large' || problem.kind === 'ended';
    this.#pause.hidden = absent || !(pausable || state === 'paused');
    const label = state === 'paused' ? buttons.resumeOne(this.#name) : buttons.pauseOne(this.#name);
    if (this.#pause.ariaLabel !== label) this.#pause.ariaLabel = label;
    if (publicUrl) this.#showPublic(publicUrl);
  }

  /** @param {string} href */
  #showPublic(href) {
    const link = this.#public?.querySelector('a');
    if (!link || link.textContent === href) return;
    Object.assign(link, { href, textContent: href });
    Object.assign(/** @type {HTMLElement} */ (this.#public), { hidden: false });
    Object.assign(/** @type {HTMLElement} */ (this.#copy), { hidden: false, ariaLabel: buttons.copyPublic(this.#name) });
  }

  /**
   * @template {Element} E
   * @param {string} selector
   * @param {new () => E} type
   * @returns {E}
   */
  #find(selector, type) {
    const element = this.element.querySelector(selector);
    if (!(element instanceof type)) throw new Error(`the row has no ${selector}`);
    return element;
  }
}
