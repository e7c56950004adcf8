/**
 * Asks again and again until told that it was enough: soon at first, or at once, and then so that asking never adds
 * more than a quarter to how long the answer took to come about.
 */

/** @import {Clock} from './clock.js' */

const SOONEST_MS = 150;
const LATEST_MS = 2000;
const SHARE = 1 / 4;

/** @typedef {'changed' | 'same' | 'more' | 'enough'} Outcome `more`: the answer was cut off, ask on at once */

export class Poll {
  #ask;
  #clock;
  /** When something happened last: it is since then that an answer is being waited for. */
  #since = 0;
  #running = false;
  #atOnce = false;
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
    this.#since = this.#clock.now();
    if (this.#running) this.#wake();
    else void this.#run();
  }

  /** The server will answer when it is there: ask without a pause. */
  askAtOnce() {
    this.#atOnce = true;
    this.hurry();
  }

  async #run() {
    this.#running = true;
    /** @type {Outcome} */
    let outcome = 'changed';
    while (outcome !== 'enough') {
      if (outcome !== 'more') await this.#pause();
      outcome = await this.#ask().catch(() => 'same');
      if (outcome === 'changed') this.#since = this.#clock.now();
    }
    this.#running = false;
  }

  /** Sleeps; `hurry` starts the sleep over with the shortest delay, if that ends sooner. */
  async #pause() {
    if (this.#mayAsk()) return;
    const elapsed = this.#clock.now() - this.#since;
    const hurried = new Promise((resolve) => (this.#wake = () => resolve('hurried')));
    const slept = this.#clock.sleep(Math.min(LATEST_MS, Math.max(SOONEST_MS, elapsed * SHARE)));
    const woken = (await Promise.race([slept, hurried])) === 'hurried';
    if (woken && !this.#mayAsk()) await Promise.race([slept, this.#clock.sleep(SOONEST_MS)]);
  }

  #mayAsk() {
    const atOnce = this.#atOnce;
    this.#atOnce = false;
    return atOnce;
  }
}
