/** Has the browser save a stream as a file while it comes: by a service worker, or from memory where there is none. */

import { scriptAddress } from '../engine/scripts.js';

/** More than this is not kept in memory. */
const MEMORY_BYTES = 2 ** 30;
/** Browsers end service workers that have heard nothing for 30 seconds. */
const ALIVE_MS = 10_000;

/** This browser can save nothing of that size. */
export class CannotSaveError extends Error {}

/**
 * @param {object} file
 * @param {ReadableStream<Uint8Array>} file.stream
 * @param {string} file.name
 * @param {number} file.size bytes
 * @param {string} scope absolute address of the folder whose pages download
 * @returns {Promise<'saved' | 'cancelled'>} once the browser has all of it, or wants no more
 * @throws what the stream throws, and CannotSaveError
 */
export async function save({ stream, name, size }, scope) {
  const worker = await workerFor(scope).catch(() => null);
  if (worker) return byWorker(worker, { stream, name, size }, scope);
  if (size > MEMORY_BYTES) throw new CannotSaveError();
  const href = URL.createObjectURL(await new Response(stream).blob());
  Object.assign(document.createElement('a'), { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
  return 'saved';
}

/** @param {string} scope @returns {Promise<ServiceWorker | null>} */
async function workerFor(scope) {
  const registration = await navigator.serviceWorker.register(scriptAddress('zip-sw.js'), { scope });
  const worker = registration.installing ?? registration.waiting ?? registration.active;
  if (!worker) return null;
  while (worker.state !== 'activated') {
    if (worker.state === 'redundant') return null;
    await new Promise((resolve) => worker.addEventListener('statechange', resolve, { once: true }));
  }
  return worker;
}

/**
 * @param {ServiceWorker} worker
 * @param {{stream: ReadableStream<Uint8Array>, name: string, size: number}} file
 * @param {string} scope
 * @returns {Promise<'saved' | 'cancelled'>}
 */
async function byWorker(worker, { stream, name, size }, scope) {
  const key = crypto.randomUUID();
  const { port1: port, port2 } = new MessageChannel();
  const reader = stream.getReader();
  const frame = document.createElement('iframe');
  const alive = setInterval(() => worker.postMessage({ key }), ALIVE_MS);
  try {
    return await new Promise((resolve, reject) => {
      const pass = async () => {
        const { value, done } = await reader.read();
        port.postMessage(done ? { end: true } : { chunk: value });
        if (done) resolve('saved');
      };
      port.onmessage = ({ data }) => {
        if (data.announced) {
          frame.hidden = true;
          frame.src = `${scope}zip/${key}`;
          document.body.append(frame);
        } else if (data.cancelled) resolve('cancelled');
        else pass().catch((error) => (port.postMessage({ failed: true }), reject(error)));
      };
      worker.postMessage({ key, name, size }, [port2]);
    });
  } finally {
    clearInterval(alive);
    await reader.cancel().catch(() => {});
    // The frame's end would end the download that it has begun, as long as that is not known to be one.
    setTimeout(() => frame.remove(), ALIVE_MS);
  }
}
