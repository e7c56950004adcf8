/** A small pool of workers that read and hash slices, so that the page's own thread never touches a byte. */

/** @import {Answer, Order} from './hash-worker.js' */

/** The browser could not read the file: it was deleted, moved or changed, or may not be read. */
export class UnreadableError extends Error {}

/** @typedef {{bytes: ArrayBuffer, sha256: string}} Read */

/**
 * @typedef {object} Waiting
 * @property {(read: Read) => void} resolve
 * @property {(error: Error) => void} reject
 */

export class Hasher {
  /** @type {Worker[]} */
  #workers;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #orders = 0;

  /** @param {number} size how many slices are worked on at one time */
  constructor(size) {
    this.#workers = Array.from({ length: size }, () => {
      const worker = new Worker(new URL('./hash-worker.js', import.meta.url), { type: 'module' });
      worker.onmessage = ({ data }) => this.#answer(data);
      return worker;
    });
  }

  /**
   * @param {Blob} slice
   * @param {boolean} hash
   * @returns {Promise<Read>} `sha256` in base64, empty if it was not asked for
   * @throws {UnreadableError}
   */
  read(slice, hash) {
    const id = this.#orders;
    this.#orders += 1;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      /** @type {Order} */
      const order = { id, slice, hash };
      this.#workers[id % this.#workers.length]?.postMessage(order);
    });
  }

  /** @param {Answer} answer */
  #answer(answer) {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new UnreadableError(answer.error));
    else waiting?.resolve(answer);
  }
}
