/** Worker: sends parts. Handing 16 MiB to the network copies them, which would hold up the page's own thread. */

import { PartError, sendPart } from './part.js';

/** @import {Signed} from './signer.js' */

/**
 * @typedef {{id: number, signed: Signed, bytes: ArrayBuffer} | {id: number, stop: true}} Order
 * @typedef {{id: number, sent: number} | {id: number, done: true} | {id: number, status: number, code: string}} News
 */

const scope = /** @type {{postMessage(news: News): void}} */ (/** @type {unknown} */ (globalThis));
/** @type {Map<number, AbortController>} */
const underWay = new Map();

/** @param {MessageEvent<Order>} event */
async function onOrder({ data: order }) {
  const { id } = order;
  if ('stop' in order) {
    underWay.get(id)?.abort();
    return;
  }
  const stop = new AbortController();
  underWay.set(id, stop);
  try {
    const { signed, bytes } = order;
    await sendPart({ signed, bytes, signal: stop.signal, onProgress: (sent) => scope.postMessage({ id, sent }) });
    scope.postMessage({ id, done: true });
  } catch (error) {
    const { status, code } = error instanceof PartError ? error : new PartError(0, String(error));
    scope.postMessage({ id, status, code });
  } finally {
    underWay.delete(id);
  }
}

addEventListener('message', onOrder);
