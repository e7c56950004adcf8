/** When something that failed is tried again: ever later, but at once when the network is back; and without end. */

/** @import {Clock} from './clock.js' */
/** @import {Network} from './network.js' */

/** How often an answer that another try seldom changes is taken for an accident. */
export const ACCIDENTS = 3;
const FIRST_MS = 500;
const LONGEST_MS = 15_000;

/**
 * Doubles each time; the jitter keeps parts that failed together from coming back together.
 *
 * @param {number} failures how often it has failed so far, at least 1
 * @param {() => number} random
 * @returns {number} milliseconds to wait before the next try
 */
export function delayAfter(failures, random) {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1)) * (0.5 + random() / 2);
}

export class Patience {
  #clock;
  #network;
  #wake = () => {};
  #woken = this.#nextWake();

  /**
   * @param {Clock} clock
   * @param {Network} network
   */
  constructor(clock, network) {
    this.#clock = clock;
    this.#network = network;
    network.listen(() => {
      const wake = this.#wake;
      this.#woken = this.#nextWake();
      wake();
    });
  }

  /** Waits until another try makes sense. @param {number} failures how often it has failed so far, at least 1 */
  async wait(failures) {
    await Promise.race([this.#clock.sleep(delayAfter(failures, this.#clock.random)), this.#woken]);
    while (!this.#network.online) await this.#woken;
  }

  /**
   * @template T
   * @param {() => Promise<T>} work
   * @param {(error: unknown) => boolean} worthwhile whether to try again after this error
   * @returns {Promise<T>} what `work` gave in the end; the error after which it was not worthwhile
   */
  async keepTrying(work, worthwhile) {
    for (let failures = 1; ; failures += 1) {
      try {
        return await work();
      } catch (error) {
        if (!worthwhile(error)) throw error;
        await this.wait(failures);
      }
    }
  }

  /** @returns {Promise<void>} */
  #nextWake() {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
