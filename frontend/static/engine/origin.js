/**
 * Where a file can be had again after this visit: the handle that Chromium gives for what is dropped, of the file itself
 * or of the folder that its name begins with. A handle can be kept, but may be used only while the user allows it.
 */

/** @typedef {FileSystemFileHandle | FileSystemDirectoryHandle} Origin */

/**
 * @param {Origin | null} origin
 * @param {string} name the file's, as path below what was dropped
 * @returns {Promise<File | null>} as it is now; null if it cannot be had
 */
export async function fileAt(origin, name) {
  try {
    if (origin?.kind === 'file') return await origin.getFile();
    let folder = origin;
    const [, ...path] = name.split('/');
    const last = path.pop();
    for (const step of path) folder = (await folder?.getDirectoryHandle(step)) ?? null;
    return last === undefined || !folder ? null : await (await folder.getFileHandle(last)).getFile();
  } catch {
    return null;
  }
}

/**
 * Asks the user, if need be, for leave to read these again. To be called when they have just clicked.
 *
 * @param {Iterable<Origin | null>} origins
 */
export async function askLeave(origins) {
  for (const origin of new Set(origins)) {
    // TypeScript does not know these: https://wicg.github.io/file-system-access/#api-filesystemhandle
    const asking = /** @type {{requestPermission?: (how: {mode: 'read'}) => Promise<string>} | null} */ (
      /** @type {unknown} */ (origin)
    );
    await asking?.requestPermission?.({ mode: 'read' }).catch(() => 'denied');
  }
}
