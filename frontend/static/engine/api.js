/** Sidestep's own API: JSON there and back, every failure an ApiError. Knows nothing of S3. */

/**
 * @typedef {object} NewFile
 * @property {string} name file name, or path with `/` inside a folder
 * @property {number} size bytes
 * @property {string} type
 * @property {number} [part_size] bytes
 *
 * @typedef {{file: number, number: number, sha256: string}} PartToSign
 * @typedef {{file: number, number: number, url: string, headers: Record<string, string>, expires_at: string}} SignedUrl
 * @typedef {{number: number, part_size: number, part_count: number}} PlannedFile
 * @typedef {'pending' | 'stored' | 'failed' | 'removed'} FileState
 * @typedef {{files: PlannedFile[]}} Added
 * @typedef {{id: string, owner_token: string, link: string, expires_at: string, cursor: string}} NewTransfer
 * @typedef {NewTransfer & Added & {urls: SignedUrl[]}} Created
 * @typedef {{urls: SignedUrl[], settled: {file: number, state: FileState}[]}} SignedParts `settled`: files that want no
 *   parts any more, because the answer to a PUT that landed was lost
 *
 * @typedef {object} FileStatus
 * @property {number} number
 * @property {string} name
 * @property {number} size
 * @property {number} part_size
 * @property {FileState} state
 * @property {string | null} link
 * @property {string} [public_url] good for everybody, where the operator allows that
 * @property {string} [reason] words for people
 * @property {number} [downloads_left] where there is a limit
 * @property {string} [shown_as] how it can be looked at
 *
 * @typedef {object} Status
 * @property {'uploading' | 'ready'} state
 * @property {string | null} link
 * @property {string} expires_at
 * @property {{files: number, stored: number, failed: number}} counts
 * @property {FileStatus[]} files
 * @property {string} cursor
 * @property {boolean} more
 * @property {number} next_number what the next file that is added gets
 * @property {string} title
 * @property {string} message
 * @property {number | null} max_downloads of each file
 * @property {boolean} has_password
 *
 * @typedef {Pick<Status, 'title' | 'message' | 'expires_at' | 'max_downloads' | 'has_password'>} Saved
 *
 * @typedef {object} Options what is left out stays; null lifts a limit or the password
 * @property {string} [title]
 * @property {string} [message]
 * @property {number} [expires_in] seconds
 * @property {number | null} [max_downloads]
 * @property {string | null} [password]
 *
 * @typedef {{id: string, title: string, name: string, created: string, expires_at: string, files: number, bytes: number}} Sent
 *
 * @typedef {{id: string, state: string, files: number, bytes: number, downloads: number, reports: number,
 *   created: string, expires_at: string, sender: string | null}} Listed
 *
 * @typedef {{at: string, file: number, bytes: number, source: string}} Download
 *
 * @typedef {object} Over
 * @property {string} limit the operator's setting
 * @property {number} most what it allows, in files, bytes or transfers
 * @property {string} [freeAt] ISO 8601, when a limit of the day is free again
 */

/** The gateway answers within 29 s; what takes longer is not coming. */
const UNANSWERED_MS = 45_000;

/** An answer that was not what was asked for; `status` is 0 when there was no answer at all. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message words for people
   * @param {number[]} [parts] the part numbers that a 409 `parts_missing` lists
   * @param {Over | null} [over] the limit that this would be more than
   */
  constructor(status, code, message, parts = [], over = null) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.parts = parts;
    this.over = over;
  }

  /** Whether the same request may well succeed a little later; with a limit of the day it is not a little. */
  get canHeal() {
    return !this.over && (this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500);
  }
}

/** Never was, or was deleted or blocked; or, for who is not its owner, expired. @param {unknown} error */
export const isGone = (error) => error instanceof ApiError && (error.status === 404 || error.status === 410);

/** @param {unknown} error */
export const mayHeal = (error) => error instanceof ApiError && error.canHeal;

export class Api {
  #root;
  #fetch;
  #now;
  #identify;
  #token = '';
  #id = '';

  /**
   * @param {string} root address of the app, ending in `/`
   * @param {{fetch?: typeof fetch, now?: () => number, identify?: () => Promise<string | null>}} [means] `identify`
   *   gives what tells the server whose account asks, where there are accounts
   */
  constructor(
    root, { fetch: ask = (...request) => fetch(...request), now = Date.now, identify = async () => null } = {},
  ) {
    this.#root = root;
    this.#fetch = ask;
    this.#now = now;
    this.#identify = identify;
  }

  /** How far the server's clock is ahead of ours, in ms: a wrong clock here must not make fresh URLs look expired. */
  skew = 0;

  /**
   * @param {NewFile[]} files at most 1,000
   * @param {PartToSign[]} parts at most 100
   * @returns {Promise<Created>}
   */
  async create(files, parts) {
    const created = await this.#ask('POST', 'api/transfers', { account: true, body: { files, parts } });
    this.#id = created.id;
    this.#token = created.owner_token;
    return created;
  }

  /** What the account has sent and can still be downloaded, newest first. @returns {Promise<{transfers: Sent[]}>} */
  sent() {
    return this.#ask('GET', 'api/transfers', { account: true });
  }

  /**
   * Every transfer, newest first; operators only.
   *
   * @param {string | null} cursor the `next` of an earlier answer
   * @returns {Promise<{transfers: Listed[], next: string | null}>}
   */
  listAll(cursor) {
    return this.#ask('GET', `api/operator/transfers?${new URLSearchParams(cursor ? { cursor } : {})}`, { account: true });
  }

  /** Closes a transfer to everybody at once; operators only. @param {string} id */
  block(id) {
    return this.#ask('POST', `api/operator/transfers/${id}/block`, { account: true });
  }

  /** Gives the account an owner token for what it has sent. @param {string} id @returns {Promise<{owner_token: string}>} */
  claim(id) {
    return this.#ask('POST', `api/transfers/${id}/owner`, { account: true });
  }

  /** Speaks of this transfer from now on. @param {{id: string, token: string}} kept from an earlier visit */
  adopt({ id, token }) {
    this.#id = id;
    this.#token = token;
  }

  /**
   * @param {NewFile[]} files at most 1,000
   * @param {number} first the number that the first of them should get; 409 where others have been added
   * @returns {Promise<Added>}
   */
  add(files, first) {
    return this.#ask('POST', `${this.#transfer}/files`, { owner: true, body: { files, first } });
  }

  /**
   * @param {PartToSign[]} parts at most 100
   * @returns {Promise<SignedParts>}
   */
  sign(parts) {
    return this.#ask('POST', `${this.#transfer}/parts`, { owner: true, body: { parts } });
  }

  /**
   * What S3 has of a file of several parts.
   *
   * @param {number} file
   * @returns {Promise<{parts: {number: number, size: number, sha256: string | null}[], closed: boolean}>} `closed`: it is one object now
   */
  parts(file) {
    return this.#ask('GET', `${this.#transfer}/files/${file}/parts`, { owner: true });
  }

  /** @param {number} file */
  complete(file) {
    return this.#ask('POST', `${this.#transfer}/files/${file}/complete`, { owner: true });
  }

  /** @param {number} file */
  removeFile(file) {
    return this.#ask('DELETE', `${this.#transfer}/files/${file}`, { owner: true });
  }

  /** @param {Options} options @returns {Promise<Saved>} */
  change(options) {
    return this.#ask('PATCH', this.#transfer, { owner: true, body: options });
  }

  /** Who downloaded what, newest first. @returns {Promise<{downloads: Download[], more: boolean}>} */
  log() {
    return this.#ask('GET', `${this.#transfer}/log`, { owner: true });
  }

  remove() {
    return this.#ask('DELETE', this.#transfer, { owner: true });
  }

  /**
   * What has changed since the cursor.
   *
   * @param {string} cursor
   * @param {{id?: string, check?: number[]}} [what] another's transfer; files to look for in S3 before answering, at
   *   most 20, because nothing has been heard of them although S3 must have them
   * @returns {Promise<Status>}
   */
  status(cursor, { id = this.#id, check = [] } = {}) {
    const query = new URLSearchParams({ since: cursor });
    if (check.length > 0) query.set('check', check.join(','));
    // The owner needs no password; but the server would sign a download of every file each time.
    const owner = this.#token !== '' && id === this.#id;
    if (owner) query.set('urls', 'false');
    return this.#ask('GET', `api/transfers/${id}?${query}`, { owner });
  }

  /**
   * How much S3 has of files that are sent in parts, of those that are on their way.
   *
   * @param {string} id
   * @param {number[]} files at most 10
   * @returns {Promise<{files: {number: number, bytes: number}[]}>}
   */
  arriving(id, files) {
    return this.#ask('GET', `api/transfers/${id}/arriving?files=${files.join(',')}`);
  }

  get #transfer() {
    return `api/transfers/${this.#id}`;
  }

  /**
   * @param {string} method
   * @param {string} path below the root
   * @param {{owner?: boolean, account?: boolean, body?: unknown}} [how]
   * @returns {Promise<any>} the answer's JSON; null for 204
   * @throws {ApiError}
   */
  async #ask(method, path, { owner = false, account = false, body } = {}) {
    /** @type {Record<string, string>} */
    const headers = { accept: 'application/json' };
    if (owner) headers['authorization'] = `Bearer ${this.#token}`;
    const identity = account ? await this.#identify() : null;
    if (identity) headers['authorization'] = identity;
    if (body !== undefined) headers['content-type'] = 'application/json';
    let response, text;
    try {
      response = await this.#fetch(this.#root + path, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        cache: 'no-store',
        signal: AbortSignal.timeout(UNANSWERED_MS),
      });
      text = await response.text();
    } catch {
      throw new ApiError(0, 'no_answer', '');
    }
    const date = Date.parse(response.headers.get('date') ?? '');
    if (date) this.skew = date - this.#now();
    if (response.status === 204) return null;
    const answer = parsed(text);
    if (response.ok && answer) return answer;
    const { code = 'unknown', message = '', parts = [], limit, most, free_at: freeAt } = answer?.error ?? {};
    throw new ApiError(response.ok ? 502 : response.status, code, message, parts, limit ? { limit, most, freeAt } : null);
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
