/**
 * Which part next, over all files. Pure bookkeeping: no network, no page, no clock, no promise; what it hands out is
 * done by others, who report each job back exactly once.
 *
 * A part is hashed, signed, and sent. Its URL needs its hash, and URLs are asked for in large batches, so hashing
 * runs far ahead of sending; what it has read is kept only while there is room, and is read again just before it
 * is sent. So memory stays bounded whatever a file's size, and files are cut lazily, part by part.
 */

import { FIRST } from './parallelism.js';
import { MiB, rangeOf } from './plan.js';

/** @import {Entry} from './entry.js' */
/** @import {Signed} from './signer.js' */

export const LIMITS = {
  /** Parts on their way at one time, at most: browsers open six connections to one host. */
  sending: 6,
  /** Bytes of all parts in memory at one time. */
  buffered: 256 * MiB,
  /** Parts being read at one time: several, so that small ones do not wait for each other's answers. */
  reading: 16,
  /** Bytes being read at one time: four ordinary parts keep two workers busy. */
  readingBytes: 64 * MiB,
};

/**
 * How far hashing may run ahead, in shares of one lookahead: 32 parts of 16 MiB or more, up to 200 smaller ones.
 * Of the small ones one signing call can take 100; what it waits for of the large ones, the signer says.
 */
export const LOOKAHEAD = 6400;
const LEAST_SHARE = LOOKAHEAD / 200;
const MOST_SHARE = LOOKAHEAD / 32;
const LOOKAHEAD_BYTES = 512 * MiB;

/** @param {number} size bytes */
export const shareOf = (size) =>
  Math.min(MOST_SHARE, Math.max(LEAST_SHARE, Math.ceil((size / LOOKAHEAD_BYTES) * LOOKAHEAD)));

/** @typedef {'hash' | 'load' | 'send'} Kind */

export class Part {
  /** @type {string | null} base64 */
  sha256 = null;
  /** @type {ArrayBuffer | null} */
  bytes = null;
  /** @type {Signed | null} */
  signed = null;
  /** @type {Kind | null} the job it is out for */
  job = null;
  failures = 0;
  /** Failures in a row that do not pass by themselves. */
  accidents = 0;
  /** Its file was taken out of the line; whoever works on it may drop it. */
  gone = false;

  /**
   * @param {Entry} entry
   * @param {number} number
   */
  constructor(entry, number) {
    const { start, end } = rangeOf(entry.plan, number);
    this.entry = entry;
    this.number = number;
    this.start = start;
    this.size = end - start;
    this.share = shareOf(this.size);
  }
}

/**
 * @typedef {{kind: Kind, part: Part}} Job
 *
 * @typedef {object} Uncut
 * @property {Entry} entry
 * @property {number} next part
 * @property {boolean} found whether it is the turn of the parts that S3 seems to have: what it lacks goes first, or the
 *   network would wait until the others have been read and compared
 */

export class Scheduler {
  #limits;
  /** @type {Uncut[]} files not yet cut to their end, in order */
  #uncut = [];
  /** @type {Part[]} cut and not on its way, in the order of sending */
  #line = [];
  /** @type {Set<Part>} */
  #reading = new Set();
  /** @type {Set<Part>} */
  #sending = new Set();
  /** @type {Set<Part>} failed, and out of the line until the time has come to try again */
  #resting = new Set();
  #mayJoin;

  /**
   * @param {typeof LIMITS} [limits]
   * @param {(size: number, sending: ReadonlySet<Part>) => boolean} [mayJoin] whether a part of so many bytes may travel with
   *   these
   */
  constructor(limits = LIMITS, mayJoin = (_, { size }) => size < limits.sending) {
    this.#limits = limits;
    this.#mayJoin = mayJoin;
  }

  /** @param {Entry} entry whose parts that have not arrived join the end of the line */
  add(entry) {
    this.#uncut.push({ entry, next: 1, found: false });
  }

  /** @param {Entry} entry none of whose parts shall be handed out any more; jobs that are out still come back */
  remove(entry) {
    this.#uncut = this.#uncut.filter((file) => file.entry !== entry);
    for (const part of [...this.#line, ...this.#sending, ...this.#resting]) {
      if (part.entry === entry) part.gone = true;
    }
    this.#line = this.#line.filter((part) => !part.gone);
  }

  /** Nothing is to be handed out any more; jobs that are out still come back. */
  clear() {
    for (const part of [...this.#line, ...this.#sending, ...this.#resting]) part.gone = true;
    this.#uncut = [];
    this.#line = [];
  }

  /** Takes everything that can be done now. @returns {Job[]} */
  take() {
    const jobs = [];
    for (let job = this.#next(); job; job = this.#next()) jobs.push(job);
    return jobs;
  }

  /**
   * @param {Part} part
   * @param {string} sha256
   * @param {ArrayBuffer} bytes kept if they will be sent soon
   */
  hashed(part, sha256, bytes) {
    this.#back(part);
    part.sha256 = sha256;
    if (!part.gone && this.#idleBytes() + part.size <= this.#keep) part.bytes = bytes;
  }

  /**
   * @param {Part} part
   * @param {ArrayBuffer} bytes
   */
  loaded(part, bytes) {
    this.#back(part);
    if (!part.gone) part.bytes = bytes;
  }

  /** @param {Part} part that is over: it has arrived, or cannot */
  done(part) {
    this.#back(part);
    part.bytes = null;
    part.gone = true;
    this.#line = this.#line.filter((other) => other !== part);
  }

  /** @param {Part} part whose sending failed; it rests, outside the line and without its bytes, until `again` */
  failed(part) {
    this.#back(part);
    part.bytes = null;
    part.signed = null;
    part.failures += 1;
    this.#resting.add(part);
  }

  /** @param {Part} part to be signed and sent once more, before all others */
  again(part) {
    this.#resting.delete(part);
    if (!part.gone) this.#line.unshift(part);
  }

  /** Parts cut and not on their way, in the order of sending. @returns {readonly Part[]} */
  get line() {
    return this.#line;
  }

  /**
   * Whether so little travels that a free connection cannot wait until a batch of URLs is worth its call. The first parts
   * fill most links alone, and while they travel the next are hashed.
   */
  get starving() {
    return this.#sending.size < FIRST && !this.full && !this.#line.some((part) => part.signed);
  }

  /** Whether everything there is has been handed out to be sent. */
  get exhausted() {
    this.#skipCut();
    return this.#uncut.length === 0 && this.#line.length === 0;
  }

  /** Whether every part there is has been hashed. */
  get allHashed() {
    this.#skipCut();
    return this.#uncut.length === 0 && this.#line.every((part) => part.sha256);
  }

  get sending() {
    return this.#sending.size;
  }

  /** Whether as many parts travel as may now. */
  get full() {
    return !this.#mayJoin(0, this.#sending);
  }

  /** Bytes in memory: being read, waiting to be sent, being sent. */
  get buffered() {
    let bytes = this.#idleBytes();
    for (const part of this.#reading) bytes += part.size;
    for (const part of this.#sending) bytes += part.size;
    return bytes;
  }

  /** What may lie read and idle: as much as six ordinary parts, so that a freed connection never waits for the disk. */
  get #keep() {
    return (this.#limits.buffered * 3) / 8;
  }

  /** @returns {Job | null} */
  #next() {
    const send = this.#line.find(({ signed, bytes, size }) => signed && bytes && this.#mayJoin(size, this.#sending));
    if (send) {
      this.#line.splice(this.#line.indexOf(send), 1);
      this.#sending.add(send);
      return this.#out(send, 'send');
    }
    const ahead = this.#line.reduce((sum, part) => sum + part.share, 0);
    return ahead < LOOKAHEAD / 2
      ? (this.#hash(ahead) ?? this.#load())
      : (this.#load() ?? this.#hash(ahead));
  }

  /** @param {number} ahead shares of the lookahead in use */
  #hash(ahead) {
    this.#skipCut();
    const file = this.#uncut[0];
    if (!file) return null;
    const part = new Part(file.entry, file.next);
    if (ahead + part.share > LOOKAHEAD || !this.#mayRead(part) || !this.#roomFor(part)) return null;
    file.next += 1;
    this.#line.push(part);
    this.#reading.add(part);
    return this.#out(part, 'hash');
  }

  #load() {
    const part = this.#line.find(({ signed, bytes, job }) => signed && !bytes && !job);
    if (!part || !this.#mayRead(part)) return null;
    const soon = this.#idleBytes() + part.size <= this.#keep || !this.full;
    if (!soon) return null;
    this.#makeRoomFor(part);
    if (!this.#roomFor(part)) return null;
    this.#reading.add(part);
    return this.#out(part, 'load');
  }

  /** @param {Part} part */
  #mayRead(part) {
    const { reading, readingBytes } = this.#limits;
    let bytes = part.size;
    for (const other of this.#reading) bytes += other.size;
    return this.#reading.size === 0 || (this.#reading.size < reading && bytes <= readingBytes);
  }

  /** @param {Part} part larger than the bound itself only if it is alone */
  #roomFor(part) {
    const { buffered } = this;
    return buffered === 0 || buffered + part.size <= this.#limits.buffered;
  }

  /** Idle bytes are only a cache; those needed last go first. @param {Part} part */
  #makeRoomFor(part) {
    for (let i = this.#line.length - 1; !this.#roomFor(part) && this.#line[i] !== part; i -= 1) {
      const other = this.#line[i];
      if (other && !other.job) other.bytes = null;
    }
  }

  #skipCut() {
    for (let file = this.#uncut[0]; file; file = this.#uncut[0]) {
      const { plan, arrived, found } = file.entry;
      while (file.next <= plan.partCount && (arrived.has(file.next) || found.has(file.next) !== file.found)) file.next += 1;
      if (file.next <= plan.partCount) return;
      if (file.found || found.size === 0) this.#uncut.shift();
      else Object.assign(file, { next: 1, found: true });
    }
  }

  #idleBytes() {
    return this.#line.reduce((sum, part) => sum + (part.bytes ? part.size : 0), 0);
  }

  /**
   * @param {Part} part
   * @param {Kind} kind
   */
  #out(part, kind) {
    part.job = kind;
    return { kind, part };
  }

  /** @param {Part} part */
  #back(part) {
    if (!part.job) throw new Error('a job came back twice');
    part.job = null;
    this.#reading.delete(part);
    this.#sending.delete(part);
  }
}
