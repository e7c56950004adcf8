/**
 * How many parts travel at once: as many as help. All from the start, because most links can take it and a slow start
 * costs what it measures; fewer after S3 or the network said that it was too much; more again while that helps.
 *
 * Large parts begin a little apart. Those that begin together share the link and end together, and then all of them wait
 * for S3's answers and the next ones' preflights, while nothing travels: at 80 ms and 400 Mbit/s a seventh of the time.
 * Small parts neither wait for that nor count. Pure bookkeeping: it is told what has begun and left, and answers whether
 * one more may.
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
  /** Counts what may let another large part begin, so that a wait is only worth something if nothing else came first. */
  #turn = 0;
  #leftSince = 0;

  /** @param {number} most */
  constructor(most) {
    this.#most = most;
    this.#limit = most;
  }

  /**
   * @param {number} size bytes of a part
   * @param {ReadonlySet<{size: number}>} travelling
   * @returns {boolean} whether it may travel with these
   */
  mayJoin(size, travelling) {
    if (travelling.size >= this.#limit) return false;
    if (size < LARGE || this.#begun >= this.#most) return true;
    let large = 0;
    for (const other of travelling) if (other.size >= LARGE) large += 1;
    return large < this.#begun;
  }

  /**
   * A part begins.
   *
   * @param {number} size bytes
   * @returns {number} to be handed to `waited` after `NEXT_MS`; 0 if there is nothing to wait for
   */
  began(size) {
    return size < LARGE || this.#begun >= this.#most ? 0 : this.#nextTurn();
  }

  /**
   * `NEXT_MS` have passed. No clock is asked: a timer may be early by it, and nothing may come after.
   *
   * @param {number} turn
   * @returns {number} to be handed in after another `NEXT_MS`; 0 if there is nothing to wait for
   */
  waited(turn) {
    if (turn !== this.#turn) return 0;
    this.#begun += 1;
    return this.began(LARGE);
  }

  /**
   * @param {number} now ms
   * @param {number} bytes that have left
   * @param {boolean} full whether as many parts travel as may
   * @returns {boolean} whether one more may travel now
   */
  left(now, bytes, full) {
    const before = this.#begun + this.#limit;
    this.#leftSince += bytes;
    if (this.#leftSince >= NEXT_BYTES && this.#begun < this.#most) {
      this.#begun += 1;
      this.#nextTurn();
    }
    if (!full || !this.#full) this.#begin(now, full);
    this.#work += bytes;
    if (this.#full && now - this.#began >= WINDOW_MS) this.#judge(now);
    return this.#begun + this.#limit > before;
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

  #nextTurn() {
    this.#leftSince = 0;
    this.#turn += 1;
    return this.#turn;
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
