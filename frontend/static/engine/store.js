/**
 * What survives this visit: unfinished transfers, with what is needed to go on with them, in IndexedDB; and the lock by
 * which two tabs do not send the same one. A browser that keeps nothing still sends.
 */

/** @import {Origin} from './origin.js' */

/**
 * @typedef {object} KeptFile
 * @property {number | null} number null for one that the server has not been told of
 * @property {string} name
 * @property {number} size bytes
 * @property {number} partSize bytes
 * @property {number | null} modified ms
 * @property {Origin | null} origin
 *
 * @typedef {object} KeptTransfer
 * @property {string} id
 * @property {string} token the owner's
 * @property {string} link
 * @property {string} expiresAt ISO 8601
 *
 * @typedef {KeptTransfer & {files: KeptFile[]}} Kept
 *
 * What is remembered of a transfer that was sent from here, for as long as it lives.
 * @typedef {object} Mine
 * @property {string} id
 * @property {string} token the owner's
 * @property {string} expiresAt ISO 8601
 * @property {string} name its title, or that of its first file
 * @property {number} files
 * @property {number} bytes
 * @property {number} at ms, when it was begun
 */

const NAME = 'sidestep';
const TRANSFERS = 'transfers';
/**
 * Of each transfer one record for the files that the server was told of at one time, under `[id, first number]`, and one
 * for those that it has yet to be told of, under `[id, 0]`.
 */
const FILES = 'files';
/** All that were sent from here, finished or not, by id. */
const MINE = 'mine';

/** @param {string} id */
const filesOf = (id) => IDBKeyRange.bound([id], [id, []]);
/** @param {string} id */
const lockOf = (id) => `${NAME}/${id}`;

export class Store {
  #locks;
  /** @type {Promise<IDBDatabase>} */
  #opened;
  /** @type {Map<string, () => void>} */
  #releases = new Map();

  /** @param {{indexedDB: IDBFactory, locks: Pick<LockManager, 'request'>}} means */
  constructor({ indexedDB, locks }) {
    this.#locks = locks;
    this.#opened = new Promise((resolve, reject) => {
      const opening = indexedDB.open(NAME, 2);
      opening.onupgradeneeded = ({ oldVersion }) => {
        if (oldVersion < 1) {
          opening.result.createObjectStore(TRANSFERS, { keyPath: 'id' });
          opening.result.createObjectStore(FILES);
        }
        opening.result.createObjectStore(MINE, { keyPath: 'id' });
      };
      opening.onsuccess = () => resolve(opening.result);
      opening.onerror = () => reject(opening.error);
    });
    // Whoever uses it is told; that nobody does is no error.
    this.#opened.catch(() => {});
  }

  /** Keeps a transfer that this tab has begun. @param {Kept} kept */
  async keep({ files, ...transfer }) {
    await this.claim(transfer.id);
    await this.#write((stores) => {
      stores.transfers.put(transfer);
      stores.files.put(files, [transfer.id, files[0]?.number ?? 0]);
    });
  }

  /**
   * @param {string} id
   * @param {KeptFile[]} files
   */
  async add(id, files) {
    await this.#write((stores) => stores.files.put(files, [id, files[0]?.number ?? 0]));
  }

  /**
   * @param {string} id
   * @param {KeptFile[]} files all that the server has not been told of
   */
  async addUntold(id, files) {
    await this.#write((stores) => stores.files.put(files, [id, 0]));
  }

  /** The transfer lives until then. @param {string} id @param {string} expiresAt ISO 8601 */
  async extend(id, expiresAt) {
    await this.#write(({ transfers, mine }) => {
      for (const store of [transfers, mine]) {
        const asked = store.get(id);
        asked.onsuccess = () => asked.result && store.put({ ...asked.result, expiresAt });
      }
    });
  }

  /** @param {Mine} mine */
  async remember(mine) {
    await this.#write((stores) => stores.mine.put(mine));
  }

  /** @param {string} id of a transfer that is no more */
  async disown(id) {
    await this.#write((stores) => stores.mine.delete(id));
  }

  /** Transfers sent from here that still live, newest first. @param {number} now ms @returns {Promise<Mine[]>} */
  async mine(now) {
    try {
      /** @type {Mine[]} */
      const all = await answer((await this.#opened).transaction(MINE).objectStore(MINE).getAll());
      const over = all.filter(({ expiresAt }) => Date.parse(expiresAt) <= now);
      for (const { id } of over) await this.disown(id);
      return all.filter((mine) => !over.includes(mine)).sort((a, b) => b.at - a.at);
    } catch {
      return [];
    }
  }

  /** Forgets a transfer, and lets go of it. @param {string} id */
  async forget(id) {
    await this.#write((stores) => {
      stores.transfers.delete(id);
      stores.files.delete(filesOf(id));
    });
    this.#releases.get(id)?.();
  }

  /** Unfinished transfers that can still go on; what has expired is forgotten. @param {number} now ms @returns {Promise<Kept[]>} */
  async unfinished(now) {
    try {
      const database = await this.#opened;
      const reading = database.transaction([TRANSFERS, FILES]);
      /** @type {KeptTransfer[]} */
      const transfers = await answer(reading.objectStore(TRANSFERS).getAll());
      /** @type {KeptFile[][][]} */
      const files = await Promise.all(
        transfers.map(({ id }) => answer(database.transaction(FILES).objectStore(FILES).getAll(filesOf(id)))),
      );
      const live = transfers.map((transfer, index) => ({ ...transfer, files: files[index]?.flat() ?? [] }));
      for (const { id } of live.filter(({ expiresAt }) => Date.parse(expiresAt) <= now)) await this.forget(id);
      return live.filter(({ expiresAt }) => Date.parse(expiresAt) > now);
    } catch {
      return [];
    }
  }

  /**
   * Makes a transfer this tab's, until it is forgotten or the tab is closed.
   *
   * @param {string} id
   * @returns {Promise<boolean>} false if it is another tab's
   */
  claim(id) {
    if (this.#releases.has(id)) return Promise.resolve(true);
    return new Promise((resolve) => {
      void this.#locks.request(lockOf(id), { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        if (!lock) return undefined;
        return new Promise((release) => this.#releases.set(id, () => (this.#releases.delete(id), release(null))));
      });
    });
  }

  /** Lets go of a transfer, without forgetting it. @param {string} id */
  release(id) {
    this.#releases.get(id)?.();
  }

  /** Waits until no tab has it any more. @param {string} id @returns {Promise<unknown>} */
  released(id) {
    return this.#locks.request(lockOf(id), () => {});
  }

  /** @param {(stores: {transfers: IDBObjectStore, files: IDBObjectStore, mine: IDBObjectStore}) => void} write */
  async #write(write) {
    try {
      const writing = (await this.#opened).transaction([TRANSFERS, FILES, MINE], 'readwrite');
      write({
        transfers: writing.objectStore(TRANSFERS), files: writing.objectStore(FILES), mine: writing.objectStore(MINE),
      });
      await new Promise((resolve, reject) => {
        writing.oncomplete = resolve;
        writing.onabort = () => reject(writing.error);
      });
    } catch {
      // Full, or not allowed in a private window: sending goes on, only not after a reload.
    }
  }
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
