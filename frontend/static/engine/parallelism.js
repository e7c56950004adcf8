/**
 * How many parts travel at once: as many as help. Starts with all, because most links can take it and a slow start
 * costs what it measures; fewer after S3 or the network said that it was too much; more again while that helps.
 * Pure bookkeeping: it is told what has left and when, and answers with a number.
 */

/** Throughput is compared over windows of this long; shorter ones say more of chance than of the link. */
const WINDOW_MS = 2000;
/** One more connection helps if it brings at least this much. */
const GAIN = 1.05;
/** Where it did not help it is tried again after so long: links change. */
const CONTENT_MS = 30_000;
/** What a part costs besides its bytes, so that many small parts count as work, too. */
const PART_BYTES = 256 * 1024;

export class Parallelism {
  #most;
  #limit;
  #began = 0;
  #work = 0;
  /** Whether all connections were in use since the window began; otherwise its throughput says nothing of them. */
  #full = false;
  /** Bytes a second with one connection less, where that is known. */
  #before = 0;
  #contentUntil = 0;
  #calmUntil = 0;

  /** @param {number} most */
  constructor(most) {
    this.#most = most;
    this.#limit = most;
  }

  /** Parts that may travel at once. */
  get limit() {
    return this.#limit;
  }

  /**
   * @param {number} now ms
   * @param {number} bytes that have left
   * @param {boolean} full whether as many parts travel as may
   */
  left(now, bytes, full) {
    if (!full || !this.#full) this.#begin(now, full);
    this.#work += bytes;
    if (this.#full && now - this.#began >= WINDOW_MS) this.#judge(now);
  }

  /** A part has arrived. @param {number} now ms @param {boolean} full */
  arrived(now, full) {
    this.left(now, PART_BYTES, full);
  }

  /** S3 was overloaded or a request has stalled; what fails together counts once. @param {number} now ms */
  trouble(now) {
    if (now < this.#calmUntil) return;
    this.#calmUntil = now + WINDOW_MS;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#before = 0;
    this.#contentUntil = 0;
    this.#begin(now, false);
  }

  /** @param {number} now */
  #judge(now) {
    const throughput = this.#work / (now - this.#began);
    if (this.#limit < this.#most && now >= this.#contentUntil) {
      if (throughput >= this.#before * GAIN) {
        this.#before = throughput;
        this.#limit += 1;
      } else {
        this.#contentUntil = now + CONTENT_MS;
        this.#before = 0;
      }
    }
    this.#begin(now, true);
  }

  /**
   * @param {number} now
   * @param {boolean} full
   */
  #begin(now, full) {
    this.#began = now;
    this.#work = 0;
    this.#full = full;
  }
}
