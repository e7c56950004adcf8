/** Stand-ins for what the engine is handed: a clock turned by hand, a server, a hasher and a line that obey orders. */

import { ApiError } from '../static/engine/api.js';
import { MiB, planOf } from '../static/engine/plan.js';

/** @import {Sending} from '../static/engine/part.js' */
/** @import {FileState, NewFile, PartToSign} from '../static/engine/api.js' */

/** Lets everything run that waits for nothing but its turn. @returns {Promise<void>} */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Time passes only by `pass`; chance always says ½. */
export class FakeClock {
  #now = Date.UTC(2026, 0, 1);
  /** @type {{at: number, wake: () => void}[]} */
  #sleepers = [];
  /** @type {number[]} every sleep that was asked for, in ms */
  sleeps = [];

  now = () => this.#now;
  random = () => 0.5;

  /** @param {number} ms @returns {Promise<void>} */
  sleep = (ms) => {
    this.sleeps.push(ms);
    return new Promise((wake) => this.#sleepers.push({ at: this.#now + ms, wake }));
  };

  /** @param {number} ms */
  async pass(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = this.#sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#sleepers.splice(this.#sleepers.indexOf(next), 1);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settle();
    }
    this.#now = end;
  }
}

/** A connection that is there or not, as the test says. */
export class FakeNetwork {
  online = true;
  /** @type {(() => void)[]} */
  #listeners = [];

  /** @param {() => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** @param {boolean} [online] also without a change: the page is seen again, the computer wakes up */
  stir(online = this.online) {
    this.online = online;
    for (const listener of this.#listeners) listener();
  }
}

/** What would survive this visit. */
export class FakeStore {
  /** @type {Map<string, import('../static/engine/store.js').Kept>} */
  transfers = new Map();

  /** @param {import('../static/engine/store.js').Kept} kept */
  async keep(kept) {
    this.transfers.set(kept.id, kept);
  }

  /** @param {string} id @param {import('../static/engine/store.js').KeptFile[]} files */
  async add(id, files) {
    this.transfers.get(id)?.files.push(...files);
  }

  /** @type {import('../static/engine/store.js').KeptFile[]} */
  untold = [];

  /** @param {string} _id @param {import('../static/engine/store.js').KeptFile[]} files */
  async addUntold(_id, files) {
    this.untold = files;
  }

  /** @param {string} id @param {string} expiresAt */
  async extend(id, expiresAt) {
    const kept = this.transfers.get(id);
    if (kept) this.transfers.set(id, { ...kept, expiresAt });
  }

  /** @param {string} id */
  async forget(id) {
    this.transfers.delete(id);
  }
}

/** A file that weighs nothing, whatever its size. @param {number} size @param {string} [name] @param {number} [lastModified] */
export function fakeFile(size, name = 'a.bin', lastModified = 1) {
  return /** @type {File} */ (
    /** @type {unknown} */ ({ name, size, lastModified, type: '', slice: (/** @type {number} */ start, /** @type {number} */ end) => ({ size: end - start }) })
  );
}

/** The server's side of the API, for one transfer. `broken` says which calls fail, and how often. */
export class FakeApi {
  skew = 0;
  /** @type {string[]} */
  calls = [];
  /** @type {{name?: string, size: number, state: FileState, reason?: string, public_url?: string}[]} */
  files = [];
  /** @type {Record<string, ApiError[]>} */
  broken = {};
  /** @type {PartToSign[][]} */
  signed = [];
  /** @type {number[][]} files that were to be looked for in S3 */
  checked = [];
  #told = 0;
  removed = false;
  #clock;

  /** @param {FakeClock} clock */
  constructor(clock) {
    this.#clock = clock;
  }

  /** @param {NewFile[]} files @param {PartToSign[]} parts */
  async create(files, parts) {
    await this.#call('create');
    const planned = this.#number(files);
    return {
      id: 'T', owner_token: 'secret', link: 't/T', expires_at: '2026-01-08T00:00:00Z', cursor: '0', files: planned, urls: this.#urls(parts),
    };
  }

  /** @param {NewFile[]} files @param {number} first */
  async add(files, first) {
    await this.#call('add');
    if (first !== this.files.length + 1) throw apiError(409, 'conflict');
    return { files: this.#number(files) };
  }

  /** @param {PartToSign[]} parts */
  async sign(parts) {
    this.signed.push(parts);
    await this.#call('sign');
    const state = (/** @type {number} */ file) => this.files[file - 1]?.state ?? 'removed';
    const settled = [...new Set(parts.map(({ file }) => file))].filter((file) => state(file) !== 'pending');
    return {
      urls: this.#urls(parts.filter(({ file }) => !settled.includes(file))),
      settled: settled.map((file) => ({ file, state: state(file) })),
    };
  }

  adopted = '';
  /** @type {Record<number, {number: number, size: number, sha256: string}[]>} parts that S3 has, by file */
  has = {};
  /** @type {Set<number>} files whose parts S3 has made one object of */
  closed = new Set();

  /** @param {{id: string}} kept */
  adopt({ id }) {
    this.adopted = id;
  }

  /** @param {number} file */
  async parts(file) {
    await this.#call('parts');
    return { parts: this.has[file] ?? [], closed: this.closed.has(file) };
  }

  /** Completions that S3 will not hear of, although the server has answered. */
  unheard = 0;

  /** @param {number} file */
  async complete(file) {
    await this.#call('complete');
    if (this.unheard > 0) this.unheard -= 1;
    else this.store(file);
  }

  /** @param {number} file */
  async removeFile(file) {
    await this.#call(`removeFile ${file}`);
    this.files[file - 1] = { size: 0, state: 'removed' };
  }

  /** @type {import('../static/engine/api.js').Options} */
  options = {};

  /** @param {import('../static/engine/api.js').Options} options */
  async change(options) {
    await this.#call('change');
    Object.assign(this.options, options);
    return { title: options.title ?? '', message: '', expires_at: '2026-02-01T00:00:00Z', max_downloads: null, has_password: false };
  }

  async log() {
    await this.#call('log');
    return { downloads: [], more: false };
  }

  async remove() {
    await this.#call('remove');
    this.removed = true;
  }

  /** @param {string} _cursor @param {{check?: number[]}} [what] */
  async status(_cursor, { check = [] } = {}) {
    await this.#call('status');
    if (check.length > 0) this.checked.push(check);
    const live = this.files.filter(({ state }) => state !== 'removed');
    return {
      state: live.every(({ state }) => state === 'stored') ? /** @type {const} */ ('ready') : /** @type {const} */ ('uploading'),
      link: null, expires_at: '2026-01-08T00:00:00Z', cursor: String((this.#told += 1)), more: false,
      counts: { files: live.length, stored: 0, failed: 0 }, next_number: this.files.length + 1,
      title: '', message: '', max_downloads: null, has_password: false,
      files: this.files.map((file, index) => ({ number: index + 1, name: '', link: null, part_size: 16 * MiB, ...file })),
    };
  }

  /** S3 has told the links function. @param {number} file */
  store(file) {
    const kept = this.files[file - 1];
    if (kept?.state === 'pending') kept.state = 'stored';
  }

  /** @param {string} name */
  async #call(name) {
    this.calls.push(name);
    await null;
    const error = this.broken[name]?.shift();
    if (error) throw error;
  }

  /** @param {NewFile[]} files */
  #number(files) {
    return files.map(({ size, part_size }) => {
      const number = this.files.push({ size, state: 'pending' });
      const { partSize, partCount } = planOf(size);
      return { number, part_size: part_size ?? partSize, part_count: partCount };
    });
  }

  /** @param {PartToSign[]} parts */
  #urls(parts) {
    const expires_at = new Date(this.#clock.now() + 900_000).toISOString();
    return parts.map(({ file, number }) => ({ file, number, url: `${file}/${number}`, headers: {}, expires_at }));
  }
}

/** Hashes at once; `unreadable` makes it fail. */
export class FakeHasher {
  unreadable = false;
  reads = 0;

  /** @param {Blob} slice @param {boolean} hash */
  async read({ size }, hash) {
    this.reads += 1;
    await null;
    if (this.unreadable) throw new (await import('../static/engine/hasher.js')).UnreadableError('gone');
    return { bytes: /** @type {ArrayBuffer} */ ({ byteLength: size }), sha256: hash ? 'hash' : '' };
  }
}

/** Holds every PUT until the test says what becomes of it. */
export class FakeLine {
  /** @type {(Sending & {arrive: () => void, fail: (error: Error) => void})[]} on their way */
  puts = [];
  /** @type {string[]} every URL that was ever tried */
  tried = [];

  /** @param {Sending} sending @returns {Promise<void>} */
  send = (sending) =>
    new Promise((resolve, reject) => {
      const { url } = sending.signed;
      this.tried.push(url);
      const over = () => this.puts.splice(this.puts.findIndex((put) => put.signed === sending.signed), 1);
      const put = {
        ...sending,
        arrive: () => (over(), resolve()),
        fail: (/** @type {Error} */ error) => (over(), reject(error)),
      };
      this.puts.push(put);
      sending.signal.addEventListener('abort', () => this.puts.includes(put) && put.fail(new Error('aborted')));
    });
}

/** @param {number} status @param {string} [code] @param {number[]} [parts] */
export const apiError = (status, code = 'x', parts = []) => new ApiError(status, code, '', parts);

/** A worker that notes its orders and says what the test says. */
export class FakeWorker {
  /** @type {any[]} */
  orders = [];
  ended = false;
  /** @type {(event: {data: any}) => void} */
  onmessage = () => {};
  onerror = () => {};

  /** @param {any} order @param {Transferable[]} transfer */
  postMessage(order, transfer) {
    this.orders.push(structuredClone(order, { transfer }));
  }

  terminate() {
    this.ended = true;
  }
}
