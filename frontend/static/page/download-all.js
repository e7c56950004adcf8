/** All files as one zip by one button, or those of a folder: with progress, and the words for what goes wrong. */

import { GoneError, archiveName, bytesOf, entryNames } from '../engine/archive.js';
import { Patience } from '../engine/retry.js';
import { CannotSaveError, save } from './saving.js';
import { placeOf } from './tree.js';
import { allTexts, sizeText } from './words.js';

/** @import {Clock} from '../engine/clock.js' */
/** @import {Network} from '../engine/network.js' */
/** @import {Folder} from './tree.js' */

export class DownloadAll {
  #box;
  #button;
  #note;
  #progress;
  #root;
  #means;
  #ready = false;
  /** @type {AbortController | null} */
  #stop = null;

  /**
   * @param {HTMLElement} box
   * @param {Folder} root that holds all files
   * @param {{clock: Clock, network: Network, name: string, card: HTMLElement, scope: string}} means `scope`: see `save`
   */
  constructor(box, root, means) {
    this.#box = box;
    this.#root = root;
    this.#means = means;
    this.#button = /** @type {HTMLButtonElement} */ (box.querySelector('button'));
    this.#note = /** @type {HTMLElement} */ (box.querySelector('[role="status"]'));
    this.#progress = /** @type {HTMLProgressElement} */ (box.querySelector('progress'));
    this.#button.addEventListener('click', () => (this.#stop ? this.#stop.abort() : void this.#start(root, means.name, '')));
  }

  /** Whether something is being saved. */
  get busy() {
    return this.#stop !== null;
  }

  /** To be called when files have come or gone. @param {boolean} ready whether all of them are there */
  update(ready) {
    this.#ready = ready;
    if (this.#stop) return;
    const size = offered(this.#root).reduce((sum, file) => sum + file.size, 0);
    this.#label(allTexts.download(sizeText(size)));
    this.#button.hidden = !ready || this.#root.offered < 2;
    this.#box.hidden = this.#button.hidden && this.#note.textContent === '';
  }

  /** @param {Folder} folder all of whose files can be downloaded */
  async saveFolder(folder) {
    if (this.#stop) return;
    const saved = this.#start(folder, folder.name.split('/').pop() ?? '', folder.path);
    // What was clicked is no more; and the progress may be far above it.
    this.#button.focus();
    await saved;
  }

  /**
   * @param {Folder} folder
   * @param {string} name
   * @param {string} path whose last folder the zip shall begin with
   */
  async #start(folder, name, path) {
    const { clock, network, card, scope } = this.#means;
    const files = offered(folder);
    const above = path.lastIndexOf('/') + 1;
    const names = entryNames(files.map(({ name: sent }) => tidied(sent).slice(above)));
    const stop = new AbortController();
    this.#stop = stop;
    this.#box.hidden = this.#button.hidden = false;
    card.toggleAttribute('data-saving', true);
    this.#label(allTexts.cancel());
    this.#progress.hidden = false;
    let come = 0;
    const total = files.reduce((sum, { size }) => sum + size, 0);
    const shown = { at: 0 };
    const onBytes = (/** @type {number} */ bytes) => {
      come += bytes;
      this.#progress.value = total > 0 ? come / total : 1;
      if (clock.now() - shown.at < 500) return;
      shown.at = clock.now();
      this.#note.textContent = allTexts.progress(come / total, come, total);
    };
    const means = {
      fetch: (/** @type {string} */ url, /** @type {RequestInit} */ init) => fetch(url, init),
      patience: new Patience(clock, network),
      signal: stop.signal,
      onBytes,
    };
    const inputs = files.map((file, index) => ({ input: bytesOf(file, means), name: names[index], size: file.size }));
    try {
      const { makeZip, predictLength } = await import('../packages/client-zip.js');
      const size = Number(predictLength(files.map((file, index) => ({ name: names[index], size: file.size }))));
      const ended = await save({ stream: makeZip(inputs), name: archiveName(name), size }, scope);
      this.#note.textContent = ended === 'saved' ? allTexts.saved(files.length) : allTexts.cancelled();
    } catch (error) {
      this.#note.textContent = stop.signal.aborted ? allTexts.cancelled() : problemOf(error);
    }
    this.#stop = null;
    card.toggleAttribute('data-saving', false);
    this.#progress.hidden = true;
    this.update(this.#ready);
  }

  /** @param {string} text */
  #label(text) {
    /** @type {HTMLElement} */ (this.#button.querySelector('span')).textContent = text;
  }
}

/** What can be downloaded of a folder. @param {Folder} folder */
const offered = (folder) => [...folder.items()].flatMap(({ name, size, url }) => (url ? [{ name, size, url }] : []));

/** The name as the page shows it. @param {string} name */
function tidied(name) {
  const { path, base } = placeOf(name);
  return [...path, base].join('/');
}

/** @param {unknown} error */
function problemOf(error) {
  if (error instanceof CannotSaveError) return allTexts.problem('too_large');
  if (error instanceof GoneError) return allTexts.problem('gone');
  return allTexts.problem('failed');
}
