/**
 * Several files as one zip, made by the browser while they arrive: names that are safe to unpack, and streams that go on
 * where a broken connection ended them. Of the zip format it knows nothing.
 */

/** @import {Patience} from './retry.js' */

/** What Windows takes for something else in a name, and what no name should hold. */
const UNSAFE = /[\u0000-\u001f\u007f<>:"|?*\\\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
/** Names that Windows has for devices, as in `backend/rules/transfer.py`. */
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])( *\..*)?$/iu;

/** One step of a path. Windows drops dots and spaces at its end, so that `.. ` would lead up. @param {string} step */
function safeStep(step) {
  const bare = step.replace(UNSAFE, '_').replace(/[. ]+$/u, '');
  return DEVICE.test(bare) ? `_${bare}` : bare;
}

/**
 * Paths that unpack below the folder they are unpacked in, on every system, no two the same and none a folder of another.
 *
 * @param {string[]} names as their sender called them
 * @returns {string[]}
 */
export function entryNames(names) {
  /** @type {Set<string>} as systems compare them that do not tell upper case from lower; folders end in `/` */
  const taken = new Set();
  return names.map((name) => {
    const steps = name.split('/').map(safeStep).filter(Boolean);
    const base = steps.pop() ?? 'file';
    let path = '';
    for (const step of steps) {
      path += `${free(step, (one) => taken.has(key(path + one)))}/`;
      taken.add(key(path));
    }
    path += free(base, (one) => taken.has(key(path + one)) || taken.has(key(`${path + one}/`)));
    taken.add(key(path));
    return path;
  });
}

/** @param {string} path */
const key = (path) => path.toLowerCase();

/**
 * @param {string} name
 * @param {(name: string) => boolean} taken
 * @returns {string} the name itself, or with a number before what it ends in
 */
function free(name, taken) {
  const dot = name.indexOf('.', 1);
  const [stem, ending] = dot < 0 ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
  let found = name;
  for (let copy = 2; taken(found); copy += 1) found = `${stem} (${copy})${ending}`;
  return found;
}

/** What the archive of a transfer is called. @param {string} title as its sender wrote it */
export const archiveName = (title) => `${entryNames([title.replaceAll('/', '_')])[0]}.zip`;

/** The file cannot be had any more: its limit is reached, or the transfer has ended. */
export class GoneError extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`the server answered ${status}`);
    this.status = status;
  }
}

/**
 * Reads a file to its end, whatever happens to the connections.
 *
 * @param {object} file
 * @param {string} file.url
 * @param {number} file.size bytes
 * @param {object} means
 * @param {(url: string, init: RequestInit) => Promise<Response>} means.fetch
 * @param {Pick<Patience, 'wait'>} means.patience
 * @param {AbortSignal} means.signal that nobody wants it any more
 * @param {(bytes: number) => void} means.onBytes called with how many more have come
 * @returns {AsyncGenerator<Uint8Array<ArrayBuffer>, void>}
 * @throws {GoneError}
 */
export async function* bytesOf({ url, size }, { fetch: ask, patience, signal, onBytes }) {
  let offset = 0;
  let failures = 0;
  for (;;) {
    try {
      const headers = offset > 0 ? { range: `bytes=${offset}-` } : undefined;
      const answer = await ask(url, { cache: 'no-store', signal, ...(headers && { headers }) });
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) throw new GoneError(answer.status);
      // Whoever answers a range with the whole would have the beginning twice.
      if (!answer.ok || (offset > 0 && answer.status !== 206)) throw new Error(`the server answered ${answer.status}`);
      for await (const chunk of /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (answer.body)) {
        offset += chunk.byteLength;
        failures = 0;
        onBytes(chunk.byteLength);
        yield chunk;
      }
      if (offset >= size) return;
      throw new Error('the answer ended too soon');
    } catch (error) {
      if (error instanceof GoneError || signal.aborted) throw error;
      failures += 1;
      await patience.wait(failures);
    }
  }
}
