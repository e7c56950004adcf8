/** The recipient's one button for everything: all files as one zip, with progress, and the words for what goes wrong. */

import { GoneError, archiveName, bytesOf, entryNames } from '../engine/archive.js';
import { Patience } from '../engine/retry.js';
import { CannotSaveError, save } from './saving.js';
import { allTexts, sizeText } from './words.js';

/** @import {Clock} from '../engine/clock.js' */
/** @import {Network} from '../engine/network.js' */

/** @typedef {{name: string, size: number, url: string}} Offered */

export class DownloadAll {
  #box;
  #button;
  #note;
  #progress;
  #files;
  #means;
  /** @type {AbortController | null} */
  #stop = null;

  /**
   * @param {HTMLElement} box
   * @param {() => Offered[]} files all that can be downloaded now
   * @param {{clock: Clock, network: Network, name: string, scope: string}} means `scope`: see `save`
   */
  constructor(box, files, means) {
    this.#box = box;
    this.#files = files;
    this.#means = means;
    this.#button = /** @type {HTMLButtonElement} */ (box.querySelector('button'));
    this.#note = /** @type {HTMLElement} */ (box.querySelector('[role="status"]'));
    this.#progress = /** @type {HTMLProgressElement} */ (box.querySelector('progress'));
    this.#button.addEventListener('click', () => (this.#stop ? this.#stop.abort() : void this.#start()));
  }

  /** To be called when files have come or gone. */
  update() {
    const files = this.#files();
    this.#box.hidden = files.length < 2 && !this.#stop;
    if (!this.#stop) this.#label(allTexts.download(sizeText(files.reduce((sum, { size }) => sum + size, 0))));
  }

  async #start() {
    const { clock, network, name, scope } = this.#means;
    const files = this.#files();
    const names = entryNames(files.map((file) => file.name));
    const stop = new AbortController();
    this.#stop = stop;
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
    this.#progress.hidden = true;
    this.update();
  }

  /** @param {string} text */
  #label(text) {
    /** @type {HTMLElement} */ (this.#button.querySelector('span')).textContent = text;
  }
}

/** @param {unknown} error */
function problemOf(error) {
  if (error instanceof CannotSaveError) return allTexts.problem('too_large');
  if (error instanceof GoneError) return allTexts.problem('gone');
  return allTexts.problem('failed');
}
