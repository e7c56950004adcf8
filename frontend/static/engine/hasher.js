/** A small pool of workers that read and hash slices, so that the page's own thread never touches a byte. */

import { LastingWorker } from './lasting-worker.js';
import { scriptAddress } from './scripts.js';

/** @import {Answer, Order} from './hash-worker.js' */

/** The browser could not read the file: it was deleted, moved or changed, or may not be read. */
export class UnreadableError extends Error {}

/** @typedef {{bytes: ArrayBuffer, sha256: string}} Read */

/**
 * @typedef {object} Waiting
 * @property {Order} order
 * @property {number} deaths of workers that had it
 * @property {(read: Read) => void} resolve
 * @property {(error: Error) => void} reject
 */

/** @typedef {LastingWorker<Order, Answer>} Hand */

/** A slice at which so many workers have died is not tried any more. */
const DEATHS = 5;
const AGAIN_MS = 1000;

const start = () => new Worker(scriptAddress('engine/hash-worker.js'), { type: 'module' });

export class Hasher {
  /** @type {Hand[]} */
  #workers;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #orders = 0;

  /**
   * @param {number} size how many slices are worked on at one time
   * @param {() => Worker} [worker] starts one that runs `hash-worker.js`
   */
  constructor(size, worker = start) {
    this.#workers = Array.from({ length: size }, (_, index) => {
      return new LastingWorker(worker, (answer) => this.#answer(answer), () => this.#lost(index));
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
      const order = { id, slice, hash };
      this.#waiting.set(id, { order, deaths: 0, resolve, reject });
      this.#workers[this.#worker(id)]?.post(order);
    });
  }

  /** @param {number} id of an order */
  #worker(id) {
    return id % this.#workers.length;
  }

  /** @param {Answer} answer */
  #answer(answer) {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new UnreadableError(answer.error));
    else waiting?.resolve(answer);
  }

  /** @param {number} index of the worker that died */
  #lost(index) {
    for (const [id, waiting] of this.#waiting) {
      if (this.#worker(id) !== index) continue;
      waiting.deaths += 1;
      if (waiting.deaths < DEATHS) setTimeout(() => this.#workers[index]?.post(waiting.order), AGAIN_MS);
      else this.#answer({ id, error: 'reading it ends the worker' });
    }
  }
}
