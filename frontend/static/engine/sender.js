/**
 * Has a worker send the parts, so that the page's own thread never touches a byte, and gives up a request that has
 * stalled: nothing else ends one whose connection has silently died.
 */

import { LastingWorker } from './lasting-worker.js';
import { PartError } from './part.js';
import { scriptAddress } from './scripts.js';

/** @import {Send} from './part.js' */
/** @import {News, Order} from './send-worker.js' */

/** Longest time without progress. */
const STALLED_MS = 30_000;
/** What the browser has handed over may still travel, and S3 checks the whole part before it answers. */
const UNANSWERED_MS = 90_000;

/**
 * @typedef {object} Waiting
 * @property {(sent: number) => void} onProgress
 * @property {() => void} resolve
 * @property {(error: PartError) => void} reject
 */

const start = () => new Worker(scriptAddress('engine/send-worker.js'), { type: 'module' });

export class Sender {
  /** @type {LastingWorker<Order, News>} */
  #worker;
  /** @type {Map<number, Waiting>} */
  #waiting = new Map();
  #orders = 0;

  /** @param {() => Worker} [worker] starts one that runs `send-worker.js` */
  constructor(worker = start) {
    this.#worker = new LastingWorker(worker, (news) => this.#hear(news), () => this.#lost());
  }

  /** The bytes go over to the worker: after a failure they have to be read again. @type {Send} */
  send = ({ signed, bytes, signal, onProgress }) => {
    const id = this.#orders;
    this.#orders += 1;
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(new PartError(0, 'stopped'));
        return;
      }
      const size = bytes.byteLength;
      /** @param {PartError} error */
      const giveUp = (error) => {
        this.#order({ id, stop: true });
        this.#waiting.get(id)?.reject(error);
      };
      const stop = () => giveUp(new PartError(0, 'stopped'));
      const stalled = () => giveUp(new PartError(0, 'stalled'));
      let timer = setTimeout(stalled, STALLED_MS);
      let sent = 0;
      signal.addEventListener('abort', stop);
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        this.#waiting.delete(id);
      };
      this.#waiting.set(id, {
        onProgress: (now) => {
          if (now > sent || now === size) {
            clearTimeout(timer);
            timer = setTimeout(stalled, now === size ? UNANSWERED_MS : STALLED_MS);
          }
          sent = now;
          onProgress(now);
        },
        resolve: () => (over(), resolve()),
        reject: (error) => (over(), reject(error)),
      });
      this.#order({ id, signed, bytes }, [bytes]);
    });
  };

  /**
   * @param {Order} order
   * @param {Transferable[]} [transfer]
   */
  #order(order, transfer = []) {
    this.#worker.post(order, transfer);
  }

  /** @param {News} news */
  #hear(news) {
    const waiting = this.#waiting.get(news.id);
    if ('sent' in news) {
      waiting?.onProgress(news.sent);
      return;
    }
    if ('done' in news) waiting?.resolve();
    else waiting?.reject(new PartError(news.status, news.code));
  }

  /** What was on its way has to be sent again. */
  #lost() {
    for (const waiting of [...this.#waiting.values()]) waiting.reject(new PartError(0, 'worker'));
  }
}
