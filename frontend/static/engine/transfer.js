/**
 * One transfer on its way: takes files and brings them behind a link. This is where the engine's parts meet, in the
 * order of the data: gather -> plan -> hash -> create -> sign -> send -> complete -> poll. It knows neither the page
 * nor how a request is made.
 */

import { ApiError, isGone, mayHeal } from './api.js';
import { Entry, problemOver } from './entry.js';
import { UnreadableError } from './hasher.js';
import { fileAt } from './origin.js';
import { FIRST, NEXT_MS, Parallelism } from './parallelism.js';
import { PartError } from './part.js';
import { planOf } from './plan.js';
import { Poll } from './poll.js';
import { Progress } from './progress.js';
import { ACCIDENTS, Patience } from './retry.js';
import { LIMITS, Scheduler } from './scheduler.js';
import { MOST_IN_CALL, Signer, toSign } from './signer.js';

/** @import {Api, Added, FileStatus, Options, Saved} from './api.js' */
/** @import {Clock} from './clock.js' */
/** @import {Problem} from './entry.js' */
/** @import {Hasher} from './hasher.js' */
/** @import {Network} from './network.js' */
/** @import {Origin} from './origin.js' */
/** @import {Send} from './part.js' */
/** @import {Outcome} from './poll.js' */
/** @import {Part} from './scheduler.js' */
/** @import {Kept, KeptFile, Store} from './store.js' */

/**
 * What the page hands in: `file` is null for something that could not be opened; `origin` is where it can be had again.
 * @typedef {{name: string, file: File | null, origin?: Origin | null}} Item
 */

/**
 * @typedef {object} Means
 * @property {Pick<Api, 'create' | 'add' | 'sign' | 'complete' | 'removeFile' | 'remove' | 'status' | 'skew' | 'adopt' | 'parts' |
 *   'change' | 'log'>} api
 * @property {Pick<Hasher, 'read'>} hasher
 * @property {Send} send
 * @property {Clock} clock
 * @property {Network} network
 * @property {Pick<Store, 'keep' | 'add' | 'addUntold' | 'forget' | 'extend'>} store
 * @property {number} maxFileBytes
 * @property {number} maxTransferBytes
 * @property {number} maxFiles
 * @property {(entry: Entry | null) => void} changed called for every change, of one entry or of the whole
 */

/**
 * @typedef {'sending' | 'paused' | 'checking' | 'stuck' | 'ready' | 'ended'} Phase `paused`: nothing is sent until
 *   someone says so, or brings a file; `stuck`: only failed files are in the way
 */

/**
 * @typedef {object} Totals
 * @property {number} files without those that were left out
 * @property {number} stored
 * @property {number} failed
 * @property {number} pausable
 * @property {number} paused
 * @property {number} absent those of the paused that have to be brought again
 * @property {number} bytes
 * @property {number} sentBytes
 * @property {number | null} speed bytes a second
 * @property {number | null} secondsLeft
 */

/** How long the create call waits for the first parts' hashes: about what a round trip and a cold function cost. */
const FIRST_WAVE_MS = 250;
/** Enough of them for those that begin at once and the two after them: the next are hashed and signed while these travel. */
const FIRST_WAVE_BYTES = 2 * FIRST * planOf(0).partSize;
/** Few files in the first call, so that their bytes start at once; the others are named while these travel. */
const FILES_IN_FIRST_CALL = 100;
const FILES_IN_CALL = 1000;
/** A call's names together; API Gateway takes 10 MB and Lambda 6 MB, and a character may need six bytes of JSON. */
const NAMES_IN_CALL = 500_000;
/** How long after its last byte a file's event should have come; then the server is asked to look for the file. */
const EVENT_OVERDUE_MS = 10_000;
const CHECKS_IN_CALL = 20;
/** What the API takes. One file that it would refuse must not cost the others of its call. */
const LONGEST_NAME = 8192;
const LONGEST_TYPE = 255;

export class Transfer {
  #means;
  #parallelism = new Parallelism(LIMITS.sending);
  #scheduler = new Scheduler(LIMITS, (size, sending) => this.#parallelism.mayJoin(size, sending));
  #signer;
  #poll;
  #patience;
  #progress = new Progress();
  /** @type {Map<number, Entry>} */
  #numbered = new Map();
  /** @type {Entry[]} files the server has not heard of */
  #newcomers = [];
  #registering = false;
  #completingAgain = false;
  #nextNumber = 1;
  #cursor = '';
  #serverReady = false;
  #ended = false;
  /** @type {Promise<unknown>} that the server has taken out what was to be taken out so far */
  #takenOut = Promise.resolve();
  /** Whether it has ended because an operator blocked it, who may give it back. */
  blocked = false;
  /** @type {() => void} */
  #firstWaveOver = () => {};

  /** @type {Entry[]} in order of arrival, without removed ones */
  entries = [];
  id = '';
  /** Relative address of the transfer's page; empty until the server has given it one. */
  link = '';
  expiresAt = '';
  /** What proves that it is ours; empty until the server has told it. */
  token = '';
  /** @type {Saved | null} as the server has them, where it has said so */
  options = null;
  /** @type {Problem | null} of the transfer as a whole */
  problem = null;

  /** @param {Means} means */
  constructor(means) {
    this.#means = means;
    const { api, clock, network } = means;
    this.#patience = new Patience(clock, network);
    network.listen(() => means.changed(null));
    this.#signer = new Signer(
      (parts) => this.#keepTrying(() => api.sign(parts)),
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
    if (states.has('paused')) return 'paused';
    if (states.has('checking')) return 'checking';
    if (this.entries.some(blocks)) return 'stuck';
    if (!states.has('stored')) return 'stuck';
    return this.#serverReady ? 'ready' : 'checking';
  }

  /** Ends if its time is over: nobody is told of that who does not ask. */
  expire() {
    const { clock, api } = this.#means;
    if (this.#ended || !this.expiresAt || clock.now() + api.skew < Date.parse(this.expiresAt)) return;
    this.#end();
  }

  /** Whether it waits for the device to be online again; it goes on by itself. */
  get offline() {
    return !this.#means.network.online && !this.#ended;
  }

  /** Whether leaving the page now would lose something. */
  get unsent() {
    return !this.#ended && this.entries.some((entry) => entry.unsent);
  }

  /** @returns {Totals} */
  totals() {
    const totals = { files: 0, stored: 0, failed: 0, pausable: 0, paused: 0, absent: 0, bytes: 0, sentBytes: 0 };
    let foundBytes = 0;
    for (const entry of this.entries) {
      const { state } = entry;
      if (state === 'failed') totals.failed += 1;
      else {
        totals.files += 1;
        totals.bytes += entry.size;
        totals.sentBytes += entry.sentBytes;
        foundBytes += entry.foundBytes;
        if (state === 'stored') totals.stored += 1;
        if (entry.pausable) totals.pausable += 1;
        if (state === 'paused') totals.paused += 1;
        if (entry.absent) totals.absent += 1;
      }
    }
    this.#progress.sample(this.#means.clock.now(), totals.sentBytes - foundBytes);
    const { speed } = this.#progress;
    return { ...totals, speed, secondsLeft: this.#progress.secondsFor(totals.bytes - totals.sentBytes) };
  }

  /**
   * @param {Item[]} items
   * @returns {number} how many were left out because the transfer is full
   */
  add(items) {
    const added = this.#bring(items);
    const { maxFileBytes, maxTransferBytes, maxFiles } = this.#means;
    const room = Math.max(0, maxFiles - this.entries.length);
    let bytes = this.entries.reduce((sum, entry) => sum + (entry.number !== null || entry.unsent ? entry.size : 0), 0);
    for (const { name, file, origin } of added.slice(0, room)) {
      const entry = new Entry(name, file, planOf(file?.size ?? 0), origin);
      this.entries.push(entry);
      if (!file) entry.fail({ kind: 'unreadable' });
      else if (file.size > maxFileBytes) entry.fail({ kind: 'too_large', most: maxFileBytes });
      else if (bytes + file.size > maxTransferBytes) entry.fail({ kind: 'transfer_too_large', most: maxTransferBytes });
      else {
        bytes += file.size;
        this.#enlist(entry);
      }
      this.#means.changed(entry);
    }
    this.#go();
    return Math.max(0, added.length - room);
  }

  /** Stops sending it; what has arrived is kept. @param {Entry} entry */
  pause(entry) {
    if (!entry.pausable) return;
    entry.pause();
    this.#scheduler.remove(entry);
    this.#means.changed(entry);
    this.#go();
  }

  pauseAll() {
    for (const entry of this.entries) {
      if (!entry.pausable) continue;
      entry.pause();
      this.#means.changed(entry);
    }
    // What is not paused has no parts left to send.
    this.#scheduler.clear();
    this.#go();
  }

  /** @param {Entry} entry */
  resume(entry) {
    this.#resume([entry]);
  }

  resumeAll() {
    this.#resume(this.entries);
  }

  /** @param {Entry[]} entries those of which that are paused go on, if they are at hand */
  #resume(entries) {
    // How fast it went before the pause says little, and the pause itself nothing.
    if (this.phase === 'paused') this.#progress = new Progress();
    for (const entry of entries) {
      if (entry.state !== 'paused' || entry.absent) continue;
      entry.resume();
      this.#scheduler.add(entry);
      this.#means.changed(entry);
    }
    this.#go();
  }

  /** @param {Entry} entry a failed one */
  retry(entry) {
    // What the server or S3 would not have under this number gets a new one.
    const afresh = ['refused', 'rejected', 'changed', 'removed'].includes(entry.problem?.kind ?? '');
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

  /**
   * Saves options.
   *
   * @param {Options} options
   * @throws {ApiError} that another try would not change
   */
  async change(options) {
    const saved = await this.#keepTrying(() => this.#means.api.change(options));
    this.options = saved;
    this.expiresAt = saved.expires_at;
    void this.#means.store.extend(this.id, saved.expires_at);
    this.#means.changed(null);
  }

  /** Who downloaded what, newest first. */
  log() {
    return this.#keepTrying(() => this.#means.api.log());
  }

  /** Takes everything back, here and in S3. */
  async cancel() {
    this.#ended = true;
    this.#scheduler.clear();
    for (const entry of this.entries) if (entry.state !== 'removed') entry.remove();
    this.#means.changed(null);
    if (!this.id) return;
    void this.#means.store.forget(this.id);
    await this.#removeAll();
  }

  // -- Going on where an earlier visit stopped ---------------------------------------------------------------------

  /** Becomes the transfer that an earlier visit has left. @param {Kept} kept */
  adopt({ id, token, link, expiresAt, files }) {
    this.#means.api.adopt({ id, token });
    Object.assign(this, { id, token, link, expiresAt });
    for (const { number, name, size, partSize, modified, origin } of files) {
      const plan = { size, partSize, partCount: Math.max(1, Math.ceil(size / partSize)) };
      const entry = new Entry(name, null, plan, origin, modified);
      this.entries.push(entry);
      this.#means.changed(entry);
      if (number !== null) this.#give(entry, number);
    }
  }

  /**
   * Asks what has become of the files, and goes on with those that can be had; the others wait to be brought.
   *
   * @param {Promise<unknown>} [leave] until when the user has been asked whether they may be read
   */
  async goOn(leave) {
    /** @type {Set<number>} */
    const known = new Set();
    const untold = byWhatIsTold(this.entries);
    // A cursor of its own: whoever else asks meanwhile must not hear what this list would then lack.
    let cursor = '';
    for (let more = true; more; ) {
      const status = await this.#keepTrying(() => this.#means.api.status(cursor)).catch((error) => this.#stopAsking(error));
      if (!status || this.#ended) return;
      ({ cursor } = status);
      this.#nextNumber = status.next_number;
      for (const file of status.files) {
        known.add(file.number);
        // An earlier visit may have told the server of it, and not have lived to hear its number.
        this.#hear(file, untold);
        if (!this.#numbered.has(file.number) && file.state !== 'removed') this.#recover(file);
        this.#learn(file);
      }
      more = status.more;
      this.options = status;
      this.expiresAt = status.expires_at;
      this.#serverReady = status.state === 'ready';
    }
    this.#cursor = cursor;
    for (const entry of [...this.entries]) if (entry.number !== null && !known.has(entry.number)) this.#drop(entry);
    await leave;
    for (const entry of this.entries) {
      if (entry.state !== 'waiting' || entry.source) continue;
      const file = await fileAt(entry.origin, entry.name);
      if (entry.state !== 'waiting' || entry.source) continue;
      if (file) this.#take(entry, file);
      else {
        entry.pause();
        this.#means.changed(entry);
      }
    }
    this.#means.changed(null);
    this.#poll.hurry();
  }

  /** Takes in a file that was added elsewhere; to go on with it, it has to be brought. @param {FileStatus} file */
  #recover({ number, name, size, part_size: partSize }) {
    const plan = { size, partSize, partCount: Math.max(1, Math.ceil(size / partSize)) };
    const entry = new Entry(name, null, plan, null, null);
    this.entries.push(entry);
    this.#give(entry, number);
    this.#means.changed(entry);
  }

  /**
   * Takes the files that are waited for out of what was brought, and those that an earlier visit has sent already.
   *
   * @param {Item[]} items
   * @returns {Item[]} the others
   */
  #bring(items) {
    const left = this.entries.filter(({ source, unsent, state }) => source === null && (unsent || state === 'stored'));
    if (left.length === 0) return items;
    const byName = new Map(left.map((entry) => [entry.name, entry]));
    // Out of a folder a file may be brought on its own.
    const byLooks = new Map(left.map((entry) => [looks(entry.name, entry.size, entry.modified), entry]));
    return items.filter(({ name, file, origin = null }) => {
      if (!file) return true;
      const entry = byName.get(name) ?? byLooks.get(looks(name, file.size, file.lastModified));
      if (!entry || entry.source) return true;
      if (!entry.unsent) return !entry.isFile(file);
      entry.origin = origin;
      this.#take(entry, file);
      return false;
    });
  }

  /**
   * @param {Entry} entry that has been without its file
   * @param {File} file
   */
  #take(entry, file) {
    if (entry.isFile(file)) {
      entry.source = file;
      void this.#rejoin(entry);
    } else this.#changedOnDisk(entry, file);
  }

  /** Into the line, with what S3 has of it in sight. @param {Entry} entry */
  async #rejoin(entry) {
    const { api, changed } = this.#means;
    const { number, plan } = entry;
    if (entry.state === 'paused') entry.resume();
    const { stop } = entry;
    changed(entry);
    if (number === null) {
      this.#enlist(entry);
      this.#go();
      return;
    }
    try {
      if (plan.partCount > 1) {
        const { parts, closed } = await this.#keepTrying(() => api.parts(number), stop.signal);
        for (const part of parts) if (part.sha256 !== null) entry.found.set(part.number, part.sha256);
        // S3's event may still be on its way.
        if (closed) await this.#keepTrying(() => this.#hearOf([number]), stop.signal);
      }
    } catch (error) {
      if (entry.state === 'waiting' && !stop.signal.aborted) this.#fail(entry, problemOf(error));
    }
    if (entry.state !== 'waiting' || stop.signal.aborted) return;
    this.#scheduler.add(entry);
    this.#go();
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
      if (this.id) void this.#means.store.addUntold(this.id, kept([...batch, ...this.#newcomers]));
      try {
        await (this.id ? this.#addFiles(batch) : this.#create(batch));
        void this.#means.store.addUntold(this.id, kept(this.#newcomers));
      } catch (error) {
        const problem = problemOf(error);
        for (const entry of [...batch, ...this.#newcomers.splice(0)]) {
          if (entry.unsent) this.#fail(entry, problem);
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
    return this.#newcomers.splice(0, count).filter(({ unsent }) => unsent);
  }

  /** @param {Entry[]} batch */
  async #create(batch) {
    const { api, store, changed } = this.#means;
    const numbers = new Map(batch.map((entry, index) => [entry, index + 1]));
    const parts = this.#scheduler.line.filter((part) => part.sha256 && numbers.has(part.entry)).slice(0, MOST_IN_CALL);
    const wanted = parts.map((part) => toSign(part, numbers.get(part.entry)));
    const files = batch.map(described);
    const created = await this.#keepTrying(() => api.create(files, wanted));
    const { id, owner_token: token, link, expires_at: expiresAt } = created;
    Object.assign(this, { id, token, link, expiresAt });
    this.#cursor = created.cursor;
    if (this.#ended) {
      await this.#removeAll();
      return;
    }
    this.#number(batch, created);
    this.#signer.accept(parts, created.urls);
    void store.keep({ id, token, link, expiresAt, files: kept(batch) });
    changed(null);
  }

  /** @param {Entry[]} batch */
  async #addFiles(batch) {
    const { api, store } = this.#means;
    // What comes in the place of another file finds its bytes free.
    await this.#takenOut;
    const since = this.#cursor;
    let again = false;
    const tell = async () => {
      if (again) await this.#hearAgain(since);
      again = true;
      const files = batch.filter(({ number }) => number === null);
      if (files.length > 0) this.#number(files, await api.add(files.map(described), this.#nextNumber));
    };
    // A try whose answer was lost may still be at it, or may have been made again by the browser itself; and other pages
    // may add files, too. The number that is expected keeps the server from taking these files twice.
    await this.#keepTrying(tell, undefined, isBusy);
    void store.add(this.id, kept(batch));
  }

  /**
   * An earlier try, or an earlier visit's, may have been heard and its answer lost: files have their numbers already.
   *
   * @param {string} since a cursor from before
   */
  async #hearAgain(since) {
    const untold = byWhatIsTold(this.entries);
    for (let more = true, cursor = since; more; ) {
      const status = await this.#means.api.status(cursor);
      for (const file of status.files) this.#hear(file, untold);
      this.#nextNumber = status.next_number;
      ({ more, cursor } = status);
    }
  }

  /**
   * @param {Pick<FileStatus, 'number' | 'name' | 'size' | 'state'>} file
   * @param {Map<string, Entry[]>} untold
   */
  #hear(file, untold) {
    if (this.#numbered.has(file.number)) return;
    const entry = untold.get(told(file))?.shift();
    if (entry?.unsent) this.#give(entry, file.number);
  }

  /**
   * @param {Entry} entry
   * @param {number} number
   */
  #give(entry, number) {
    this.#serverReady = false;
    entry.number = number;
    this.#numbered.set(number, entry);
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
  }

  /**
   * @param {Entry[]} batch
   * @param {Added} added
   */
  #number(batch, { files }) {
    batch.forEach((entry, index) => {
      const planned = files[index];
      if (!planned) throw new Error('a file got no number');
      this.#give(entry, planned.number);
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
      const found = hash && !part.gone ? entry.found.get(part.number) : undefined;
      if (found === sha256) this.#recognised(part);
      else if (hash) this.#scheduler.hashed(part, sha256, bytes);
      else this.#scheduler.loaded(part, bytes);
      if (found) entry.found.delete(part.number);
    } catch (error) {
      const { gone } = part;
      this.#scheduler.done(part);
      if (!gone) await this.#unreadable(entry, error);
    }
    this.#checkFirstWave();
    this.#pump();
  }

  /** @param {Part} part that S3 has from an earlier visit, as it is here */
  #recognised(part) {
    const { entry, number } = part;
    this.#scheduler.done(part);
    entry.recognise(number);
    this.#begin(entry);
    if (entry.whole) void this.#complete(entry);
    this.#means.changed(entry);
  }

  /**
   * @param {Entry} entry
   * @param {unknown} error of reading
   */
  async #unreadable(entry, error) {
    // What was chosen is a picture of the file as it was then. Where the file is at hand, another can be taken.
    const file = await fileAt(entry.origin, entry.name);
    if (!entry.unsent) return;
    if (!file || entry.isFile(file)) this.#fail(entry, problemOf(error));
    else this.#changedOnDisk(entry, file);
  }

  /**
   * @param {Entry} entry
   * @param {File} file that is there now
   */
  #changedOnDisk(entry, file) {
    this.#fail(entry, { kind: 'changed' });
    entry.replace(file);
  }

  /** @param {Entry} entry the first of whose bytes leave, or are found to have left */
  #begin(entry) {
    if (entry.state !== 'waiting') return;
    entry.move('uploading');
    this.#means.changed(entry);
  }

  /** @param {Part} part */
  async #send(part) {
    const { clock } = this.#means;
    const { entry, number, signed, bytes } = part;
    if (!signed || !bytes) throw new Error('a part was sent before its time');
    this.#begin(entry);
    void this.#letMoreBegin(this.#parallelism.began(part.size));
    let before = 0;
    /** @param {number} sent */
    const onProgress = (sent) => {
      if (part.gone) return;
      entry.travelled(number, sent);
      const left = sent - before;
      before = sent;
      if (this.#parallelism.left(clock.now(), left, this.#scheduler.full)) this.#pump();
      // S3 answers a round trip after it has the last byte; the status request may be there by then.
      if (sent === part.size && entry.plan.partCount === 1) this.#expect(entry);
      this.#means.changed(entry);
    };
    try {
      await this.#means.send({ signed, bytes, signal: entry.stop.signal, onProgress });
      const { gone } = part;
      this.#parallelism.arrived(clock.now(), this.#scheduler.full);
      this.#scheduler.done(part);
      if (!gone) this.#arrived(entry, number);
    } catch (error) {
      this.#sendingFailed(part, error);
    }
    this.#pump();
  }

  /** Large parts begin one after the other, even if none of their bytes leave. @param {number} turn of the last one */
  async #letMoreBegin(turn) {
    while (turn > 0) {
      await this.#means.clock.sleep(NEXT_MS);
      turn = this.#parallelism.waited(turn);
      this.#pump();
    }
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
    const { canHeal, passing } = error instanceof PartError ? error : { canHeal: false, passing: false };
    part.accidents = passing ? 0 : part.accidents + 1;
    if (error instanceof PartError && error.tooMuch && !gone) this.#parallelism.trouble(this.#means.clock.now());
    if (gone || !canHeal || part.accidents > ACCIDENTS) {
      this.#scheduler.done(part);
      if (!gone) void this.#giveUp(entry, error);
      return;
    }
    this.#scheduler.failed(part);
    entry.stumble(number);
    this.#means.changed(entry);
    void this.#patience.wait(part.failures).then(() => {
      this.#scheduler.again(part);
      this.#pump();
    });
  }

  // -- From the last byte to the link ------------------------------------------------------------------------------

  /** @param {Entry} entry all of whose parts are up */
  async #complete(entry) {
    const { api, changed, clock } = this.#means;
    const { number, stop } = entry;
    if (number === null) throw new Error('a file without a number cannot be whole');
    this.#begin(entry);
    try {
      if (entry.plan.partCount > 1) {
        await this.#checkUnchanged(entry);
        if (stop.signal.aborted) return;
        this.#expect(entry);
        // It may have been heard although no answer came, or not in time: the poll will tell.
        const ask = () => api.complete(number).catch((error) => (this.#poll.hurry(), Promise.reject(error)));
        await this.#keepTrying(ask, stop.signal);
        entry.ask(clock.now());
      }
      if (entry.state === 'uploading') entry.move('checking');
      this.#expect(entry);
    } catch (error) {
      if (stop.signal.aborted) return;
      await this.#notCompleted(entry, error);
    }
    changed(entry);
    this.#poll.hurry();
  }

  /**
   * @param {Entry} entry
   * @param {unknown} error of its completion, which a retry would not change
   */
  async #notCompleted(entry, error) {
    if (error instanceof ApiError && error.code === 'parts_missing' && error.parts.length > 0) {
      this.#sendAgain(entry, error.parts);
    } else await this.#giveUp(entry, error);
  }

  /**
   * Asks again for the completion of files without news for a long time, one after the other: the server may not have
   * known whether S3 got the request. Asking S3 twice does no harm.
   */
  async #completeAgain() {
    if (this.#completingAgain) return;
    const { api, clock, changed } = this.#means;
    this.#completingAgain = true;
    try {
      for (const entry of this.entries.filter((each) => each.overdue(clock.now()))) {
        const { number, stop } = entry;
        if (number === null || stop.signal.aborted) continue;
        entry.ask(clock.now());
        try {
          await api.complete(number);
        } catch (error) {
          // If the whole transfer is gone, the poll finds out, too.
          if (stop.signal.aborted || this.#ended || mayHeal(error) || isGone(error)) continue;
          await this.#notCompleted(entry, error);
          changed(entry);
        }
      }
    } finally {
      this.#completingAgain = false;
    }
  }

  /**
   * Its owner may have taken it back elsewhere, alone or with the whole transfer; otherwise it fails with this error.
   *
   * @param {Entry} entry
   * @param {unknown} error
   */
  async #giveUp(entry, error) {
    const { number, stop } = entry;
    this.#scheduler.remove(entry);
    if (number !== null && isAbsent(error)) await this.#keepTrying(() => this.#hearOf([number]), stop.signal).catch(() => {});
    if (!stop.signal.aborted) this.#fail(entry, problemOf(error));
  }

  /** @param {Entry} entry that S3 has, or will have in a moment */
  #expect(entry) {
    entry.expectedAt = this.#means.clock.now();
    // The last of all is worth a question of its own.
    if (this.#scheduler.exhausted) this.#poll.askAtOnce();
    else this.#poll.hurry();
  }

  /** Parts of two versions must not become one object. @param {Entry} entry */
  async #checkUnchanged(entry) {
    const file = await fileAt(entry.origin, entry.name);
    if (file && entry.state === 'uploading' && !entry.isFile(file)) this.#changedOnDisk(entry, file);
  }

  /**
   * @param {Entry} entry
   * @param {number[]} parts that S3 turned out not to have
   */
  #sendAgain(entry, parts) {
    entry.rounds += 1;
    if (entry.rounds > ACCIDENTS) {
      this.#fail(entry, { kind: 'refused' });
      return;
    }
    entry.miss(parts);
    this.#scheduler.add(entry);
    this.#pump();
  }

  /** One look at what the server knows. @returns {Promise<Outcome>} */
  async #look() {
    if (this.#ended) return 'enough';
    const before = this.phase;
    const status = await this.#ask(this.#toLookFor()).catch((error) => {
      if (mayHeal(error)) throw error;
      return this.#stopAsking(error);
    });
    if (!status) return 'enough';
    const changes = status.files.filter((file) => this.#learn(file)).length;
    if (status.more) return 'more';
    this.#serverReady = status.state === 'ready';
    this.expiresAt = status.expires_at;
    if (this.phase !== before) this.#means.changed(null);
    if (this.phase === 'ready') void this.#means.store.forget(this.id);
    void this.#completeAgain();
    if (this.phase !== 'checking' && !this.entries.some(({ awaited }) => awaited)) return 'enough';
    return changes > 0 ? 'changed' : 'same';
  }

  /**
   * What has changed since the last time.
   *
   * @param {number[]} [check] files to be looked for in S3 first
   */
  async #ask(check = []) {
    const status = await this.#means.api.status(this.#cursor, { check });
    this.#cursor = status.cursor;
    return status;
  }

  /** @param {number[]} check files to be looked for in S3 */
  async #hearOf(check) {
    for (const file of (await this.#ask(check)).files) this.#learn(file);
  }

  /** @param {unknown} error that will be the same next time @returns {null} */
  #stopAsking(error) {
    if (this.#ended) return null;
    if (isGone(error)) this.#end(error);
    else {
      this.problem = problemOf(error);
      this.#means.changed(null);
    }
    return null;
  }

  /**
   * Files that the server shall look for in S3: the last few as soon as they are expected, while of many the events
   * bring word sooner; and each whose event should have come long ago, again and again.
   *
   * @returns {number[]}
   */
  #toLookFor() {
    const now = this.#means.clock.now();
    const expected = this.entries.filter(({ awaited, expectedAt }) => awaited && expectedAt > 0);
    const last = this.#scheduler.exhausted && expected.length <= CHECKS_IN_CALL;
    const due = expected.filter(
      ({ expectedAt, lookedAt }) =>
        (last && lookedAt < expectedAt) || now - Math.max(expectedAt, lookedAt) >= EVENT_OVERDUE_MS,
    );
    return due.slice(0, CHECKS_IN_CALL).flatMap((entry) => {
      entry.lookedAt = now;
      return entry.number ?? [];
    });
  }

  /**
   * @param {Pick<FileStatus, 'number' | 'state' | 'reason' | 'public_url'>} file
   * @returns {boolean} whether that was news
   */
  #learn({ number, state, reason = '', public_url: publicUrl = '' }) {
    const entry = this.#numbered.get(number);
    if (!entry || entry.state === 'removed') return false;
    if (state === 'removed') {
      this.#takenBack(entry, number);
      return true;
    }
    // That a file wants no more parts may be heard before where it is.
    const placed = entry.publicUrl === '' && publicUrl !== '';
    if (placed) entry.publicUrl = publicUrl;
    if (state === 'stored' && entry.state !== 'stored') {
      entry.store();
      this.#scheduler.remove(entry);
    } else if (state === 'failed' && entry.state !== 'failed' && entry.state !== 'stored') {
      this.#fail(entry, { kind: 'rejected', message: reason });
    } else if (!placed) return false;
    this.#means.changed(entry);
    return true;
  }

  /**
   * @template T
   * @param {() => Promise<T>} request
   * @param {AbortSignal} [signal] that it is not wanted any more
   * @param {(error: unknown) => boolean} [passes] what else than a broken connection another try may overcome
   */
  async #keepTrying(request, signal, passes = () => false) {
    const worthwhile = (/** @type {unknown} */ error) => mayHeal(error) || passes(error);
    try {
      return await this.#patience.keepTrying(request, (error) => worthwhile(error) && !this.#ended && !signal?.aborted);
    } catch (error) {
      // Is it the file that is not there, or the whole transfer?
      if (this.id && isGone(error) && !this.#ended) await this.#ask().catch((again) => isGone(again) && this.#end(again));
      throw error;
    }
  }

  // -- When it goes wrong, or is not wanted any more ---------------------------------------------------------------

  /**
   * @param {Entry} entry
   * @param {Problem} problem
   */
  #fail(entry, problem) {
    if (this.#ended) return;
    entry.fail(problem);
    this.#scheduler.remove(entry);
    this.#means.changed(entry);
  }

  /** The transfer has expired, or was deleted elsewhere, or blocked. @param {unknown} [error] by which that was told */
  #end(error) {
    this.#ended = true;
    this.blocked = error instanceof ApiError && error.code === 'blocked';
    this.#scheduler.clear();
    this.problem = { kind: 'ended' };
    for (const entry of this.entries) {
      if (!entry.unsent && entry.state !== 'checking') continue;
      entry.fail(this.problem);
      this.#means.changed(entry);
    }
    this.#means.changed(null);
    void this.#means.store.forget(this.id);
  }

  /** Takes a file out that the server does not know any more. @param {Entry} entry */
  #drop(entry) {
    entry.remove();
    this.entries = this.entries.filter((other) => other !== entry);
    this.#means.changed(entry);
  }

  /**
   * Its owner has taken it out on another page. What was still to be sent stays in sight, so that nobody thinks that it was.
   *
   * @param {Entry} entry
   * @param {number} number that it had
   */
  #takenBack(entry, number) {
    this.#numbered.delete(number);
    entry.number = null;
    if (entry.state === 'stored') this.#drop(entry);
    else if (entry.state !== 'failed') this.#fail(entry, { kind: 'removed' });
    this.#poll.hurry();
  }

  /** Has the server take the file out under its present number. @param {Entry} entry */
  #forget({ number }) {
    if (number === null) return;
    this.#numbered.delete(number);
    this.#takenOut = Promise.all([this.#takenOut, this.#removeFile(number)]);
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
    const { changed } = this.#means;
    try {
      // It is all the more wanted when the transfer has been ended.
      await this.#patience.keepTrying(request, mayHeal);
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

/** @param {Entry[]} entries @returns {KeptFile[]} */
const kept = (entries) =>
  entries.map(({ number, name, size, plan: { partSize }, modified, origin }) => ({
    number, name, size, partSize, modified, origin,
  }));

/**
 * What a file is recognised by that has been moved out of its folder.
 *
 * @param {string} name
 * @param {number} size
 * @param {number | null} modified
 */
const looks = (name, size, modified) => `${size} ${modified} ${name.slice(name.lastIndexOf('/') + 1)}`;

/** What the server was told of a file. @param {{name: string, size: number}} file */
const told = ({ name, size }) => `${size} ${name.slice(-LONGEST_NAME)}`;

/** @param {Entry[]} entries @returns {Map<string, Entry[]>} those that have no number yet */
function byWhatIsTold(entries) {
  const map = new Map();
  for (const entry of entries) {
    if (entry.number === null) map.set(told(entry), [...(map.get(told(entry)) ?? []), entry]);
  }
  return map;
}

/** Neither S3 nor the server has what this was for. @param {unknown} error */
const isAbsent = (error) => (error instanceof PartError || error instanceof ApiError) && (error.status === 404 || error.status === 409);

/** @param {unknown} error */
const isBusy = (error) => error instanceof ApiError && error.code === 'conflict';

/**
 * @param {unknown} error
 * @returns {Problem}
 */
function problemOf(error) {
  if (error instanceof UnreadableError) return { kind: 'unreadable' };
  if (error instanceof PartError) {
    if (error.code === 'BadDigest') return { kind: 'changed' };
    return { kind: 'refused' };
  }
  if (error instanceof ApiError && error.code === 'sign_in_needed') return { kind: 'sign_in' };
  if (error instanceof ApiError && error.over) return problemOver(error.over, error.message);
  if (error instanceof ApiError) return { kind: 'refused', message: error.message };
  throw error;
}
