/**
 * Files out of a drop, a pick or a paste, folders with all that is in them. A file of a folder keeps its path in its
 * name. Gives what it finds bit by bit: a large folder takes a while to walk, and sending need not wait for it.
 */

/** @import {Origin} from '../engine/origin.js' */
/** @import {Item} from '../engine/transfer.js' */

/** @param {Iterable<File>} files from an input, of files or of a folder */
export function gatherPicked(files) {
  return Array.from(files, (file) => ({ name: file.webkitRelativePath || file.name, file }));
}

/**
 * @param {DataTransfer} data of a drop or paste; it is read at once, because it is empty after the event
 * @returns {AsyncGenerator<Item[]>}
 */
export function gatherDropped(data) {
  const files = [];
  const found = [];
  for (const item of data.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    const file = entry ? null : item.getAsFile();
    if (entry) found.push({ entry, origin: handleOf(item) });
    else if (file) files.push(file);
  }
  return walkAll(found, gatherPicked(files));
}

/**
 * Only Chromium gives handles that can be kept. https://wicg.github.io/file-system-access/#api-datatransferitem
 *
 * @param {DataTransferItem & {getAsFileSystemHandle?: () => Promise<Origin | null>}} item
 * @returns {Promise<Origin | null>}
 */
const handleOf = async (item) => (await item.getAsFileSystemHandle?.().catch(() => null)) ?? null;

/**
 * @param {{entry: FileSystemEntry, origin: Promise<Origin | null>}[]} found
 * @param {Item[]} items to begin with
 * @returns {AsyncGenerator<Item[]>}
 */
async function* walkAll(found, items) {
  const origins = new Map(await Promise.all(found.map(async ({ entry, origin }) => /** @type {const} */ ([entry, await origin]))));
  yield* walk(found.map(({ entry }) => entry), (entry) => origins.get(entry) ?? null, items);
}

/**
 * @param {FileSystemEntry[]} entries
 * @param {(entry: FileSystemEntry) => Origin | null} originOf
 * @param {Item[]} [items] to begin with
 * @returns {AsyncGenerator<Item[]>}
 */
export async function* walk(entries, originOf = () => null, items = []) {
  const files = entries.filter((entry) => !isFolder(entry));
  const here = [...items, ...(await Promise.all(files.map((entry) => open(entry, originOf(entry)))))];
  if (here.length > 0) yield here;
  for (const folder of entries.filter(isFolder)) {
    const origin = originOf(folder);
    try {
      for await (const inside of list(folder)) yield* walk(inside, () => origin);
    } catch {
      yield [{ name: nameOf(folder), file: null }];
    }
  }
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemDirectoryEntry}
 */
const isFolder = (entry) => entry.isDirectory;

/** Path below what was dropped. @param {FileSystemEntry} entry */
const nameOf = (entry) => entry.fullPath.replace(/^\//, '');

/**
 * @param {FileSystemEntry} entry of a file
 * @param {Origin | null} origin
 * @returns {Promise<Item>}
 */
function open(entry, origin) {
  const name = nameOf(entry);
  return new Promise((resolve) =>
    /** @type {FileSystemFileEntry} */ (entry).file(
      (file) => resolve({ name, file, origin }),
      () => resolve({ name, file: null }),
    ),
  );
}

/**
 * @param {FileSystemDirectoryEntry} folder
 * @returns {AsyncGenerator<FileSystemEntry[]>}
 */
async function* list(folder) {
  const reader = folder.createReader();
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    // Chromium gives at most 100 at a time; only an empty answer means that there are no more.
    if (entries.length === 0) return;
    yield entries;
  }
}
