/** Keeps the screen, and with it the computer, from going to sleep while something is sent; where the browser can. */

export class Awake {
  #wanted = false;
  /** @type {WakeLockSentinel | null} */
  #lock = null;

  constructor() {
    // The browser takes the lock away while the page is not seen.
    document.addEventListener('visibilitychange', () => void this.#settle());
  }

  /** @param {boolean} wanted */
  want(wanted) {
    this.#wanted = wanted;
    void this.#settle();
  }

  async #settle() {
    if (!this.#wanted) {
      await this.#lock?.release();
      this.#lock = null;
    } else if (!document.hidden && (!this.#lock || this.#lock.released)) {
      // Refused when the battery is low, say.
      this.#lock = (await navigator.wakeLock?.request().catch(() => null)) ?? null;
      if (!this.#wanted) await this.#settle();
    }
  }
}
