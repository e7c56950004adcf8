/** Worker: reads a slice, hashes it if asked to, and hands the bytes over without copying them. */

/**
 * @typedef {{id: number, slice: Blob, hash: boolean}} Order
 * @typedef {{id: number, bytes: ArrayBuffer, sha256: string} | {id: number, error: string}} Answer
 */

const scope = /** @type {{postMessage(answer: Answer, transfer?: Transferable[]): void}} */ (
  /** @type {unknown} */ (globalThis)
);

/** @param {MessageEvent<Order>} event */
async function onOrder({ data: { id, slice, hash } }) {
  try {
    const bytes = await slice.arrayBuffer();
    const sha256 = hash ? base64(await crypto.subtle.digest('SHA-256', bytes)) : '';
    scope.postMessage({ id, bytes, sha256 }, [bytes]);
  } catch (error) {
    scope.postMessage({ id, error: String(error) });
  }
}

/** @param {ArrayBuffer} digest */
function base64(digest) {
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}

addEventListener('message', onOrder);
