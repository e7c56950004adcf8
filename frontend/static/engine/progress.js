/** Speed and time left, from how many bytes have gone at which time. Steady rather than nervous. */

/** No estimate before this: the first seconds say little, and a wrong promise is worse than none. */
const FIRST_MS = 3000;
/** Speed is the mean over this long. */
const WINDOW_MS = 10_000;
/** Samples closer than this are not kept, so that the window stays small. */
const STEP_MS = 200;

export class Progress {
  /** @type {{at: number, bytes: number}[]} */
  #samples = [];
  #started = 0;

  /**
   * @param {number} now ms
   * @param {number} bytes sent so far, over all files
   */
  sample(now, bytes) {
    const last = this.#samples.at(-1);
    // Fewer bytes than before: a file was taken away, and not a byte came back.
    if (last && bytes < last.bytes) for (const sample of this.#samples) sample.bytes -= last.bytes - bytes;
    if (!last) this.#started = now;
    if (last && now - last.at < STEP_MS) return;
    this.#samples.push({ at: now, bytes });
    while (this.#samples[1] && now - this.#samples[1].at >= WINDOW_MS) this.#samples.shift();
  }

  /** @returns {number | null} bytes a second; null while it is too early to tell */
  get speed() {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at - this.#started < FIRST_MS) return null;
    return ((last.bytes - first.bytes) / (last.at - first.at)) * 1000;
  }

  /**
   * @param {number} bytes still to go
   * @returns {number | null} seconds; null while there is no telling
   */
  secondsFor(bytes) {
    const { speed } = this;
    return speed ? bytes / speed : null;
  }
}
