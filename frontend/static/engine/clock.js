/**
 * The engine's only sense of time and chance, handed in so that tests can turn it by hand.
 *
 * @typedef {object} Clock
 * @property {() => number} now milliseconds; goes on while the computer sleeps
 * @property {(ms: number) => Promise<void>} sleep
 * @property {() => number} random from 0 up to 1
 */

/** @type {Clock} */
export const clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  random: () => Math.random(),
};
