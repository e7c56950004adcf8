/** What the device says of its connection, and when it is worth trying again at once. */

/**
 * @typedef {object} Network
 * @property {boolean} online false only where the device is sure that it is not
 * @property {(listener: () => void) => void} listen called when it is online again or no more, and when the page is
 *   seen again or the computer wakes up, after which connections are often dead and timers late
 */

/** A timer that comes this late has slept with the computer; in hidden tabs browsers let it come once a minute. */
const TICK_MS = 5_000;
const ASLEEP_MS = 90_000;

/** @type {Network} */
export const network = {
  get online() {
    return navigator.onLine;
  },
  listen(listener) {
    addEventListener('online', listener);
    addEventListener('offline', listener);
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) listener();
    });
    let last = Date.now();
    setInterval(() => {
      const now = Date.now();
      if (now - last > ASLEEP_MS) listener();
      last = now;
    }, TICK_MS);
  },
};
