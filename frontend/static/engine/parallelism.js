/**
 * How many parts travel at once: as many as help. All from the start, because most links can take it and a slow start
 * costs what it measures; fewer after S3 or the network said that it was too much; more again while that helps.
 *
 * Large parts begin a little apart. Those that begin together share the link and end together, and then all of them wait
 * for S3's answers and the next ones' preflights, while nothing travels: at 80 ms and 400 Mbit/s a seventh of the time.
 * Pure bookkeeping: it is told what has left and when, and answers with a number.
 */

import { MiB } from './plan.js';

/** Throughput is compared over windows of this long; shorter ones say more of chance than of the link. */
const WINDOW_MS = 2000;
/** One more connection helps if it brings at least this much. */
const GAIN = 1.05;
/** Where it did not help it is tried again after so long: links change. */
const CONTENT_MS = 30_000;
/** What a part costs besides its bytes, so that many small parts count as work, too. */
const PART_BYTES = 256 * 1024;
/** Below this a part takes about as long as its round trips, and there is nothing to keep apart. */
const LARGE = 4 * MiB;
/** So many begin at once; one more when so much has left since, or so long after, whichever is first. */
export const FIRST = 2;
const NEXT_BYTES = 5 * MiB;
export const NEXT_MS = 250;

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
  /** Large parts that may travel at once, while they are only beginning to. */
  #begun = FIRST;
  #lastBegan = 0;
  #leftSince = 0;

  /** @param {number} most */
  constructor(most) {
    this.#most = most;
    this.#limit = most;
  }

  /** Parts that may travel at once. @param {number} [size] bytes of the next one */
  limit(size = 0) {
    return size < LARGE ? this.#limit : Math.min(this.#limit, this.#begun);
  }

  /** A large part begins; after `NEXT_MS` another one may, even if none of its bytes have left. @param {number} now ms */
  began(now) {
    this.#lastBegan = now;
    this.#leftSince = 0;
  }

  /** Time has passed, or bytes have left. @param {number} now ms */
  pass(now) {
    if (this.#begun >= this.#most || (this.#leftSince < NEXT_BYTES && now - this.#lastBegan < NEXT_MS)) return;
    this.#begun += 1;
    this.began(now);
  }

  /**
   * @param {number} now ms
   * @param {number} bytes that have left
   * @param {boolean} full whether as many parts travel as may
   */
  left(now, bytes, full) {
    this.#leftSince += bytes;
    this.pass(now);
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
