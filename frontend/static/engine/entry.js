/**
 * One file on its way: its state, what of it has arrived, and what is wrong with it. The states are a machine that
 * throws on a move that makes no sense, so that a bug shows where it is made and not three screens later.
 */

import { planOf, rangeOf } from './plan.js';

/** @import {Origin} from './origin.js' */
/** @import {Plan} from './plan.js' */

/** @import {Over} from './api.js' */

/**
 * @typedef {'waiting' | 'uploading' | 'paused' | 'checking' | 'stored' | 'failed' | 'removed'} State
 *
 * @typedef {'too_large' | 'unreadable' | 'changed' | 'refused' | 'rejected' | 'removed' | 'still_there' | 'ended' | 'sign_in'
 *   | OverKind} ProblemKind `changed`: it is not what it was when it was chosen, and can be sent as it is now; `refused`: S3 or the
 *   API did not take it; `rejected`: it arrived, and the links function found it wrong; `removed`: its owner has taken it
 *   out on another page; `still_there`: the server could not be told to take it out; `ended`: the transfer has expired,
 *   or was deleted or blocked; `sign_in`: only who has signed in may begin a transfer, and that has expired
 * @typedef {object} Problem
 * @property {ProblemKind} kind
 * @property {string} [message] the server's own words, where it has some
 * @property {number} [most] what the limit allows that it is over
 * @property {string} [freeAt] ISO 8601, when that limit is free again
 *
 * @typedef {'transfer_too_large' | 'transfer_too_many' | 'day_transfers' | 'day_bytes' | 'sender_transfers' | 'sender_bytes'
 *   } OverKind too much for one transfer, for today, or for one sender today
 */

/** @type {Record<string, ProblemKind>} by the operator's setting */
const OVER = {
  max_file_bytes: 'too_large',
  max_transfer_bytes: 'transfer_too_large',
  max_files: 'transfer_too_many',
  max_transfers_per_day: 'day_transfers',
  max_bytes_per_day: 'day_bytes',
  max_transfers_per_day_per_sender: 'sender_transfers',
  max_bytes_per_day_per_sender: 'sender_bytes',
};

/** @param {Over} over @param {string} message @returns {Problem} */
export function problemOver({ limit, most, freeAt }, message) {
  const kind = OVER[limit];
  return kind ? { kind, most, ...(freeAt && { freeAt }) } : { kind: 'refused', message };
}

/** The wait before asking again for a completion without news. Each further wait is twice as long, up to the second. */
const ASK_AGAIN_MS = 10_000;
const LATEST_ASK_MS = 300_000;

/**
 * `checking`: all bytes are sent; S3 and the links function decide. S3 may turn out not to have the bytes after all.
 * `stored` can follow almost any state, because the response to a successful PUT may be lost.
 *
 * @type {Readonly<Record<State, readonly State[]>>}
 */
const MOVES = {
  waiting: ['uploading', 'paused', 'stored', 'failed', 'removed'],
  uploading: ['paused', 'checking', 'stored', 'failed', 'removed'],
  paused: ['waiting', 'stored', 'failed', 'removed'],
  checking: ['waiting', 'stored', 'failed', 'removed'],
  stored: ['removed'],
  failed: ['waiting', 'stored', 'removed'],
  removed: [],
};

/**
 * @param {State} from
 * @param {State} to
 * @returns {State} `to`
 * @throws {Error} if that move is impossible
 */
export function moved(from, to) {
  if (!MOVES[from].includes(to)) throw new Error(`a file cannot go from ${from} to ${to}`);
  return to;
}

export class Entry {
  /** @type {State} */
  #state = 'waiting';
  #shown = 0;
  /** @type {Map<number, number>} */
  #travelling = new Map();
  #arrivedBytes = 0;
  #asked = 0;
  #askedAt = 0;

  /** @type {number | null} the file's number in the transfer; null until the server has given it one */
  number = null;
  /** @type {Set<number>} numbers of the parts that S3 has */
  arrived = new Set();
  /** @type {Map<number, string>} SHA-256 of parts that S3 has from an earlier visit; to be compared before they count */
  found = new Map();
  /** Bytes that an earlier visit has sent: they count as sent, but not for how fast it goes now. */
  foundBytes = 0;
  /** Where everybody can have it without a signature; empty if there is no such place. */
  publicUrl = '';
  /** @type {Problem | null} */
  problem = null;
  /** How often S3 turned out not to have parts that had been sent. */
  rounds = 0;
  /** Whether the last thing heard of its parts was that one failed; it is tried again. */
  troubled = false;
  /** Since when S3 should have it, or will in a moment; ms, 0 before. */
  expectedAt = 0;
  /** When S3 was looked at for it; ms. */
  lookedAt = 0;
  /** Ends every request for this file at once. */
  stop = new AbortController();

  /**
   * @param {string} name file name, or path with `/` inside a folder
   * @param {File | null} source null for a file that could not even be opened
   * @param {Plan} plan
   * @param {Origin | null} [origin] where the file can be had again after this visit
   * @param {number | null} [modified] ms, when its content last changed; null if it is not known here
   */
  constructor(name, source, plan, origin = null, modified = source?.lastModified ?? 0) {
    this.name = name;
    this.source = source;
    this.plan = plan;
    this.origin = origin;
    this.modified = modified;
  }

  get size() {
    return this.plan.size;
  }

  get state() {
    return this.#state;
  }

  /** Whether S3 has all its parts. */
  get whole() {
    return this.arrived.size === this.plan.partCount;
  }

  /** Whether it still needs this page to stay open. */
  get unsent() {
    return this.#state === 'waiting' || this.#state === 'uploading' || this.#state === 'paused';
  }

  /** Whether parts of it are still to be sent, or to be found sent. */
  get pausable() {
    return this.source !== null && (this.#state === 'waiting' || this.#state === 'uploading') && !this.whole;
  }

  /** Whether it goes on once the file itself is brought again. */
  get absent() {
    return this.#state === 'paused' && this.source === null;
  }

  /** Whether S3 should have all of it, or will in a moment, and nobody has said so yet. */
  get awaited() {
    return this.#state === 'checking' || (this.#state === 'uploading' && (this.whole || this.expectedAt > 0));
  }

  /** Whether this is the very file that it was, as far as can be told without reading it. @param {File} file */
  isFile({ size, lastModified }) {
    return size === this.size && (this.modified === null || lastModified === this.modified);
  }

  /** Goes on with another file in its place. @param {File} file */
  replace(file) {
    this.source = file;
    this.modified = file.lastModified;
    this.plan = planOf(file.size);
  }

  /** @param {State} state */
  move(state) {
    this.#state = moved(this.#state, state);
  }

  /** @param {Problem} problem */
  fail(problem) {
    this.move('failed');
    this.problem = problem;
    this.stop.abort();
    this.#travelling.clear();
  }

  pause() {
    this.move('paused');
    this.troubled = false;
    this.stop.abort();
    this.#travelling.clear();
  }

  resume() {
    this.move('waiting');
    this.expectedAt = 0;
    this.stop = new AbortController();
  }

  store() {
    this.move('stored');
    this.problem = null;
    this.stop.abort();
    this.#travelling.clear();
  }

  remove() {
    this.move('removed');
    this.stop.abort();
  }

  /** Back into the line; what has arrived is kept, unless `afresh`. @param {boolean} afresh */
  retry(afresh) {
    this.move('waiting');
    this.problem = null;
    this.expectedAt = 0;
    this.stop = new AbortController();
    if (!afresh) return;
    this.number = null;
    this.rounds = 0;
    this.arrived.clear();
    this.found.clear();
    this.foundBytes = 0;
    this.#arrivedBytes = 0;
    this.#shown = 0;
  }

  /**
   * @param {number} part
   * @param {number} bytes that have left so far
   */
  travelled(part, bytes) {
    this.troubled = false;
    this.#travelling.set(part, bytes);
  }

  /** @param {number} part that has to start over */
  stumble(part) {
    this.troubled = true;
    this.expectedAt = 0;
    this.#travelling.set(part, 0);
  }

  /** @param {number} part */
  arrive(part) {
    this.troubled = false;
    this.#travelling.delete(part);
    if (this.arrived.has(part)) return;
    this.arrived.add(part);
    this.#arrivedBytes += this.#bytesOf(part);
  }

  /** @param {number} part that an earlier visit has sent, and that is the same here */
  recognise(part) {
    this.arrive(part);
    this.found.delete(part);
    this.foundBytes += this.#bytesOf(part);
  }

  /** Note that its completion was requested. @param {number} now ms */
  ask(now) {
    this.#asked += 1;
    this.#askedAt = now;
  }

  /** Whether its completion was requested so long ago that S3 may not have got it. @param {number} now ms */
  overdue(now) {
    if (this.#state !== 'checking' || this.plan.partCount === 1) return false;
    return now - this.#askedAt >= Math.min(LATEST_ASK_MS, ASK_AGAIN_MS * 2 ** (this.#asked - 1));
  }

  /** Back into the queue, to send these again. @param {number[]} parts that S3 turned out not to have */
  miss(parts) {
    if (this.#state === 'checking') this.move('waiting');
    this.expectedAt = 0;
    this.#asked = 0;
    for (const part of parts) if (this.arrived.delete(part)) this.#arrivedBytes -= this.#bytesOf(part);
    this.foundBytes = Math.min(this.foundBytes, this.#arrivedBytes);
    // The progress shown so far was wrong.
    this.#shown = 0;
  }

  /** Bytes of it that have left, as people see them: a part that starts over does not take back what was shown. */
  get sentBytes() {
    if (this.#state === 'stored') return this.size;
    let bytes = this.#arrivedBytes;
    for (const travelled of this.#travelling.values()) bytes += travelled;
    this.#shown = Math.max(this.#shown, Math.min(bytes, this.size));
    return this.#shown;
  }

  /** @param {number} part */
  #bytesOf(part) {
    const { start, end } = rangeOf(this.plan, part);
    return end - start;
  }
}
