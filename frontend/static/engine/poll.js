/**
 * Asks again and again until told that it was enough: soon at first, less and less often while nothing changes, soon
 * again when something did.
 */

/** @import {Clock} from './clock.js' */

const SOON_MS = 150;
const LATEST_MS = 2000;
const GROWTH = 1.5;

/** @typedef {'changed' | 'same' | 'more' | 'enough'} Outcome `more`: the answer was cut off, ask on at once */

export class Poll {
  #ask;
  #clock;
  #delay = SOON_MS;
  #running = false;
  /** @type {() => void} */
  #wake = () => {};

  /**
   * @param {() => Promise<Outcome>} ask whose failure counts as `same`
   * @param {Clock} clock
   */
  constructor(ask, clock) {
    this.#ask = ask;
    this.#clock = clock;
  }

  /** Something is about to change: ask soon, and go on until it was enough. */
  hurry() {
    this.#delay = SOON_MS;
    if (this.#running) this.#wake();
    else void this.#run();
  }

  async #run() {
    this.#running = true;
    /** @type {Outcome} */
    let outcome = 'changed';
    while (outcome !== 'enough') {
      if (outcome !== 'more') await this.#pause();
      outcome = await this.#ask().catch(() => 'same');
      this.#delay = outcome === 'same' ? Math.min(LATEST_MS, this.#delay * GROWTH) : SOON_MS;
    }
    this.#running = false;
  }

  /** Sleeps; `hurry` starts the sleep over with the shorter delay, if that ends sooner. */
  async #pause() {
    const hurried = new Promise((resolve) => (this.#wake = () => resolve('hurried')));
    const slept = this.#clock.sleep(this.#delay);
    if ((await Promise.race([slept, hurried])) === 'hurried') await Promise.race([slept, this.#clock.sleep(SOON_MS)]);
  }
}
