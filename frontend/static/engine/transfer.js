/**
 * One transfer on its way: takes files and brings them behind a link. This is where the engine's parts meet, in the
 * order of the data: gather -> plan -> hash -> create -> sign -> send -> complete -> poll. It knows neither the page
 * nor how a request is made.
 */

import { mayHeal, ApiError } from './api.js';
import { Entry } from './entry.js';
import { UnreadableError } from './hasher.js';
import { PartError } from './part.js';
import { planOf } from './plan.js';
import { Poll } from './poll.js';
import { Progress } from './progress.js';
import { TRIES_AGAIN, delayAfter, persistently } from './retry.js';
import { LIMITS, Scheduler } from './scheduler.js';
import { MOST_IN_CALL, Signer, toSign } from './signer.js';

/** @import {Api, Added, FileStatus} from './api.js' */
/** @import {Clock} from './clock.js' */
/** @import {Problem} from './entry.js' */
/** @import {Hasher} from './hasher.js' */
/** @import {Send} from './part.js' */
/** @import {Outcome} from './poll.js' */
/** @import {Part} from './scheduler.js' */

/**
 * What the page hands in: `file` is null for something that could not be opened.
 * @typedef {{name: string, file: File | null}} Item
 */

/**
 * @typedef {object} Means
 * @property {Pick<Api, 'create' | 'add' | 'sign' | 'complete' | 'removeFile' | 'remove' | 'status' | 'skew'>} api
 * @property {Pick<Hasher, 'read'>} hasher
 * @property {Send} send
 * @property {Clock} clock
 * @property {number} maxFileBytes
 * @property {number} maxFiles
 * @property {(entry: Entry | null) => void} changed called for every change, of one entry or of the whole
 */

/** @typedef {'sending' | 'checking' | 'stuck' | 'ready' | 'ended'} Phase `stuck`: only failed files are in the way */

/**
 * @typedef {object} Totals
 * @property {number} files without those that were left out
 * @property {number} stored
 * @property {number} failed
 * @property {number} bytes
 * @property {number} sentBytes
 * @property {number | null} speed bytes a second
 * @property {number | null} secondsLeft
 */

/** How long the create call waits for the first parts' hashes: about what a round trip and a cold function cost. */
const FIRST_WAVE_MS = 250;
/** Enough of them to fill all connections. */
const FIRST_WAVE_BYTES = LIMITS.sending * planOf(0).partSize;
/** Few files in the first call, so that their bytes start at once; the others are named while these travel. */
const FILES_IN_FIRST_CALL = 100;
const FILES_IN_CALL = 1000;
/** A call's names together; API Gateway takes 10 MB and Lambda 6 MB, and a character may need six bytes of JSON. */
const NAMES_IN_CALL = 500_000;
/** What the API takes. One file that it would refuse must not cost the others of its call. */
const LONGEST_NAME = 8192;
const LONGEST_TYPE = 255;

export class Transfer {
  #means;
  #scheduler = new Scheduler();
  #signer;
  #poll;
  #progress = new Progress();
  /** @type {Map<number, Entry>} */
  #numbered = new Map();
  /** @type {Entry[]} files the server has not heard of */
  #newcomers = [];
  #registering = false;
  #nextNumber = 1;
  #cursor = '';
  #serverReady = false;
  #ended = false;
  /** @type {() => void} */
  #firstWaveOver = () => {};

  /** @type {Entry[]} in order of arrival, without removed ones */
  entries = [];
  id = '';
  /** Relative address of the transfer's page; empty until the server has given it one. */
  link = '';
  expiresAt = '';
  /** @type {Problem | null} of the transfer as a whole */
  problem = null;

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    const { api, clock } = means;
    this.#signer = new Signer(
      (parts) => persistently(() => api.sign(parts), { clock, canHeal: mayHeal }),
      () => clock.now() + api.skew,
    );
    this.#poll = new Poll(() => this.#look(), clock);
  }

  /** @returns {Phase} */
  get phase() {
    if (this.#ended) return 'ended';
    const states = new Set();
    for (const { state } of this.entries) states.add(state);
    if (states.has('waiting') || states.has('uploading')) return 'sending';
    if (states.has('checking')) return 'checking';
    if (this.entries.some(blocks)) return 'stuck';
    if (!states.has('stored')) return 'stuck';
    return this.#serverReady ? 'ready' : 'checking';
  }

  /** Whether leaving the page now would lose something. */
  get unsent() {
    return !this.#ended && this.entries.some((entry) => entry.unsent);
  }

  /** @returns {Totals} */
  totals() {
    const totals = { files: 0, stored: 0, failed: 0, bytes: 0, sentBytes: 0 };
    for (const entry of this.entries) {
      const { state } = entry;
      if (state === 'failed') totals.failed += 1;
      else {
        totals.files += 1;
        totals.bytes += entry.size;
        totals.sentBytes += entry.sentBytes;
        if (state === 'stored') totals.stored += 1;
      }
    }
    this.#progress.sample(this.#means.clock.now(), totals.sentBytes);
    const { speed } = this.#progress;
    return { ...totals, speed, secondsLeft: this.#progress.secondsFor(totals.bytes - totals.sentBytes) };
  }

  /**
   * @param {Item[]} items
   * @returns {number} how many were left out because the transfer is full
   */
  add(items) {
    const room = Math.max(0, this.#means.maxFiles - this.entries.length);
    for (const { name, file } of items.slice(0, room)) {
      const entry = new Entry(name, file, planOf(file?.size ?? 0));
      this.entries.push(entry);
      if (!file) entry.fail({ kind: 'unreadable' });
      else if (file.size > this.#means.maxFileBytes) entry.fail({ kind: 'too_large' });
      else this.#enlist(entry);
      this.#means.changed(entry);
    }
    this.#go();
    return Math.max(0, items.length - room);
  }

  /** @param {Entry} entry a failed one */
  retry(entry) {
    // What the server or S3 would not have under this number gets a new one.
    const afresh = entry.problem?.kind === 'refused' || entry.problem?.kind === 'rejected';
    if (afresh) this.#forget(entry);
    entry.retry(afresh);
    if (entry.number === null) this.#enlist(entry);
    else if (entry.whole) void this.#complete(entry);
    else this.#scheduler.add(entry);
    this.#means.changed(entry);
    this.#go();
  }

  /** Takes one file out, here and in S3. @param {Entry} entry */
  remove(entry) {
    entry.remove();
    this.#scheduler.remove(entry);
    this.entries = this.entries.filter((other) => other !== entry);
    this.#newcomers = this.#newcomers.filter((other) => other !== entry);
    this.#forget(entry);
    this.#means.changed(entry);
    this.#go();
  }

  /** Takes everything back, here and in S3. */
  async cancel() {
    this.#ended = true;
    this.#scheduler.clear();
    for (const entry of this.entries) if (entry.state !== 'removed') entry.remove();
    this.#means.changed(null);
    if (this.id) await this.#removeAll();
  }

  /** @param {Entry} entry */
  #enlist(entry) {
    this.#newcomers.push(entry);
    this.#scheduler.add(entry);
  }

  #go() {
    this.#pump();
    void this.#register();
  }

  // -- Telling the server ------------------------------------------------------------------------------------------

  async #register() {
    if (this.#registering) return;
    this.#registering = true;
    while (this.#newcomers.length > 0 && !this.#ended) {
      if (!this.id) await this.#firstWave();
      const batch = this.#nextBatch();
      if (batch.length === 0) continue;
      try {
        await (this.id ? this.#addFiles(batch) : this.#create(batch));
      } catch (error) {
        const problem = problemOf(error);
        for (const entry of [...batch, ...this.#newcomers.splice(0)]) {
          if (entry.state === 'waiting') this.#fail(entry, problem);
        }
      }
      this.#pump();
    }
    this.#registering = false;
  }

  /** The first parts' hashes save a round trip if they travel with the create call. */
  async #firstWave() {
    const hashed = new Promise((resolve) => (this.#firstWaveOver = () => resolve(null)));
    this.#checkFirstWave();
    await Promise.race([hashed, this.#means.clock.sleep(FIRST_WAVE_MS)]);
  }

  #checkFirstWave() {
    const hashed = this.#scheduler.line.filter((part) => part.sha256);
    const bytes = hashed.reduce((sum, part) => sum + part.size, 0);
    if (this.#scheduler.allHashed || hashed.length >= MOST_IN_CALL || bytes >= FIRST_WAVE_BYTES) this.#firstWaveOver();
  }

  #nextBatch() {
    let count = 0;
    for (let names = 0; count < this.#newcomers.length; count += 1) {
      names += this.#newcomers[count]?.name.length ?? 0;
      if (count === (this.id ? FILES_IN_CALL : FILES_IN_FIRST_CALL) || (count > 0 && names > NAMES_IN_CALL)) break;
    }
    return this.#newcomers.splice(0, count).filter(({ state }) => state === 'waiting');
  }

  /** @param {Entry[]} batch */
  async #create(batch) {
    const { api, clock, changed } = this.#means;
    const numbers = new Map(batch.map((entry, index) => [entry, index + 1]));
    const parts = this.#scheduler.line.filter((part) => part.sha256 && numbers.has(part.entry)).slice(0, MOST_IN_CALL);
    const wanted = parts.map((part) => toSign(part, numbers.get(part.entry)));
    const files = batch.map(described);
    const created = await persistently(() => api.create(files, wanted), { clock, canHeal: mayHeal });
    Object.assign(this, { id: created.id, link: created.link, expiresAt: created.expires_at });
    this.#cursor = created.cursor;
    if (this.#ended) {
      await this.#removeAll();
      return;
    }
    this.#number(batch, created);
    this.#signer.accept(parts, created.urls);
    changed(null);
  }

  /** @param {Entry[]} batch */
  async #addFiles(batch) {
    const { api, clock } = this.#means;
    const files = batch.map(described);
    const expected = this.#nextNumber;
    const added = await persistently(() => api.add(files), { clock, canHeal: mayHeal });
    this.#number(batch, added);
    // A first try may have been heard and its answer lost: its files would wait for bytes for ever.
    const first = added.files[0]?.number ?? expected;
    for (let ghost = expected; ghost < first; ghost += 1) void this.#removeFile(ghost);
  }

  /**
   * @param {Entry[]} batch
   * @param {Added} added
   */
  #number(batch, { files }) {
    this.#serverReady = false;
    batch.forEach((entry, index) => {
      const planned = files[index];
      if (!planned) throw new Error('a file got no number');
      entry.number = planned.number;
      this.#nextNumber = planned.number + 1;
      this.#numbered.set(planned.number, entry);
      if (entry.state === 'removed') this.#forget(entry);
      else if (planned.part_count !== entry.plan.partCount) throw new Error('the server cut a file otherwise');
    });
  }

  // -- Bytes -------------------------------------------------------------------------------------------------------

  /** Sets everything going that can go; called after each event. */
  #pump() {
    if (this.#ended) return;
    void this.#refill();
    for (const { kind, part } of this.#scheduler.take()) {
      if (kind === 'send') void this.#send(part);
      else void this.#read(part, kind === 'hash');
    }
  }

  async #refill() {
    const asked = await this.#signer.refill(this.#scheduler);
    if (!asked) return;
    const { parts, settled = [], error } = asked;
    for (const { file, state } of settled) this.#learn({ number: file, state });
    // A file cancelled meanwhile spoils the call for the others; without it they are asked for again.
    const spoilt = error && parts.some((part) => part.gone);
    for (const part of spoilt ? [] : parts) {
      if (!part.gone && !part.signed) this.#fail(part.entry, error ? problemOf(error) : { kind: 'refused' });
    }
    this.#pump();
  }

  /**
   * @param {Part} part
   * @param {boolean} hash
   */
  async #read(part, hash) {
    const { entry, start, size } = part;
    try {
      if (!entry.source) throw new UnreadableError('no file');
      const { bytes, sha256 } = await this.#means.hasher.read(entry.source.slice(start, start + size), hash);
      if (bytes.byteLength !== size) throw new UnreadableError('shorter than it was');
      if (hash) this.#scheduler.hashed(part, sha256, bytes);
      else this.#scheduler.loaded(part, bytes);
    } catch (error) {
      const { gone } = part;
      this.#scheduler.done(part);
      if (!gone) this.#fail(entry, problemOf(error));
    }
    this.#checkFirstWave();
    this.#pump();
  }

  /** @param {Part} part */
  async #send(part) {
    const { entry, number, signed, bytes } = part;
    if (!signed || !bytes) throw new Error('a part was sent before its time');
    if (entry.state === 'waiting') {
      entry.move('uploading');
      this.#means.changed(entry);
    }
    /** @param {number} sent */
    const onProgress = (sent) => {
      if (part.gone) return;
      entry.travelled(number, sent);
      this.#means.changed(entry);
    };
    try {
      await this.#means.send({ signed, bytes, signal: entry.stop.signal, onProgress });
      const { gone } = part;
      this.#scheduler.done(part);
      if (!gone) this.#arrived(entry, number);
    } catch (error) {
      this.#sendingFailed(part, error);
    }
    this.#pump();
  }

  /**
   * @param {Entry} entry
   * @param {number} number
   */
  #arrived(entry, number) {
    entry.arrive(number);
    if (entry.whole) void this.#complete(entry);
    this.#means.changed(entry);
  }

  /**
   * @param {Part} part
   * @param {unknown} error
   */
  #sendingFailed(part, error) {
    const { entry, number, gone } = part;
    if (gone || part.failures >= TRIES_AGAIN || !(error instanceof PartError && error.canHeal)) {
      this.#scheduler.done(part);
      if (!gone) this.#fail(entry, problemOf(error));
      return;
    }
    const { clock } = this.#means;
    this.#scheduler.failed(part);
    entry.travelled(number, 0);
    void clock.sleep(delayAfter(part.failures, clock.random)).then(() => {
      this.#scheduler.again(part);
      this.#pump();
    });
  }

  // -- From the last byte to the link ------------------------------------------------------------------------------

  /** @param {Entry} entry all of whose parts are up */
  async #complete(entry) {
    const { api, clock, changed } = this.#means;
    const { number, stop } = entry;
    if (number === null) throw new Error('a file without a number cannot be whole');
    if (entry.state === 'waiting') entry.move('uploading');
    try {
      if (entry.plan.partCount > 1) await persistently(() => api.complete(number), { clock, canHeal: mayHeal });
      if (entry.state === 'uploading') entry.move('checking');
    } catch (error) {
      if (stop.signal.aborted) return;
      if (error instanceof ApiError && error.code === 'parts_missing' && error.parts.length > 0) {
        this.#sendAgain(entry, error.parts);
      } else this.#fail(entry, problemOf(error));
    }
    changed(entry);
    this.#poll.hurry();
  }

  /**
   * @param {Entry} entry
   * @param {number[]} parts that S3 turned out not to have
   */
  #sendAgain(entry, parts) {
    entry.rounds += 1;
    if (entry.rounds > TRIES_AGAIN) {
      this.#fail(entry, { kind: 'refused' });
      return;
    }
    for (const part of parts) entry.miss(part);
    this.#scheduler.add(entry);
    this.#pump();
  }

  /** One look at what the server knows. @returns {Promise<Outcome>} */
  async #look() {
    if (this.#ended) return 'enough';
    const { api, changed } = this.#means;
    let status;
    try {
      status = await api.status(this.#cursor);
    } catch (error) {
      if (mayHeal(error)) return 'same';
      this.problem = problemOf(error);
      changed(null);
      return 'enough';
    }
    this.#cursor = status.cursor;
    const before = this.phase;
    const changes = status.files.filter((file) => this.#learn(file)).length;
    if (status.more) return 'more';
    this.#serverReady = status.state === 'ready';
    this.expiresAt = status.expires_at;
    if (this.phase !== before) changed(null);
    if (this.phase !== 'checking' && !this.entries.some(({ state }) => state === 'checking')) return 'enough';
    return changes > 0 ? 'changed' : 'same';
  }

  /**
   * @param {Pick<FileStatus, 'number' | 'state' | 'reason'>} file
   * @returns {boolean} whether that was news
   */
  #learn({ number, state, reason = '' }) {
    const entry = this.#numbered.get(number);
    if (!entry || entry.state === 'removed' || entry.state === 'stored') return false;
    if (state === 'stored') {
      entry.store();
      this.#scheduler.remove(entry);
    } else if (state === 'failed' && entry.state !== 'failed') {
      this.#fail(entry, { kind: 'rejected', message: reason });
    } else return false;
    this.#means.changed(entry);
    return true;
  }

  // -- When it goes wrong, or is not wanted any more ---------------------------------------------------------------

  /**
   * @param {Entry} entry
   * @param {Problem} problem
   */
  #fail(entry, problem) {
    entry.fail(problem);
    this.#scheduler.remove(entry);
    this.#means.changed(entry);
  }

  /** Has the server take the file out under its present number. @param {Entry} entry */
  #forget({ number }) {
    if (number === null) return;
    this.#numbered.delete(number);
    void this.#removeFile(number);
  }

  /** @param {number} number */
  async #removeFile(number) {
    await this.#takeBack(() => this.#means.api.removeFile(number));
    this.#poll.hurry();
  }

  #removeAll() {
    return this.#takeBack(() => this.#means.api.remove());
  }

  /** @param {() => Promise<unknown>} request that the server take something out */
  async #takeBack(request) {
    const { clock, changed } = this.#means;
    try {
      await persistently(request, { clock, canHeal: mayHeal });
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return;
      this.problem = { kind: 'still_there' };
      changed(null);
    }
  }
}

/** Whether the link cannot go live because of it. @param {Entry} entry */
const blocks = ({ state, number }) => state === 'failed' && number !== null;

/** @param {Entry} entry */
const described = ({ name, size, source, plan }) => ({
  name: name.slice(-LONGEST_NAME),
  size,
  type: source?.type.slice(0, LONGEST_TYPE) ?? '',
  // The plan that hashing has begun by; without it the server is free to choose another.
  ...(plan.partCount > 1 && { part_size: plan.partSize }),
});

/**
 * @param {unknown} error
 * @returns {Problem}
 */
function problemOf(error) {
  if (error instanceof UnreadableError) return { kind: 'unreadable' };
  if (error instanceof PartError) {
    if (error.code === 'BadDigest') return { kind: 'changed' };
    return { kind: error.canHeal && error.status !== 403 ? 'unreachable' : 'refused' };
  }
  if (error instanceof ApiError) {
    return error.canHeal ? { kind: 'unreachable' } : { kind: 'refused', message: error.message };
  }
  throw error;
}
