/** When and how often something that failed is tried again. */

/** @import {Clock} from './clock.js' */

export const TRIES_AGAIN = 4;
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

/**
 * @template T
 * @param {() => Promise<T>} work
 * @param {{clock: Clock, canHeal: (error: unknown) => boolean}} how
 * @returns {Promise<T>} what `work` gave in the end; its last error, if nothing helped
 */
export async function persistently(work, { clock, canHeal }) {
  for (let failures = 1; ; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (failures > TRIES_AGAIN || !canHeal(error)) throw error;
      await clock.sleep(delayAfter(failures, clock.random));
    }
  }
}
