/**
 * Service worker: turns what a page makes into a download that the browser saves while it is made, whatever its size. The
 * page announces it with a port, then has a frame ask for `…/zip/<key>`; the answer's body comes by that port, chunk by
 * chunk, only when the browser wants more (`page/saving.js`).
 */

/** @typedef {{port: MessagePort, name: string, size: number}} Announced */

const scope = /** @type {any} */ (self);
/** @type {Map<string, Announced>} */
const announced = new Map();

scope.addEventListener('install', () => scope.skipWaiting());
scope.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener('message', (/** @type {any} */ { data, ports: [port] }) => {
  // What comes without a port only keeps this worker alive.
  if (!port) return;
  announced.set(data.key, { ...data, port });
  port.postMessage({ announced: true });
});

scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const key = new URL(event.request.url).pathname.split('/zip/')[1];
  const download = key ? announced.get(key) : undefined;
  if (!key || !download) return;
  announced.delete(key);
  event.respondWith(answer(download));
});

/** @param {Announced} download */
function answer({ port, name, size }) {
  const body = new ReadableStream(
    {
      start(controller) {
        port.onmessage = ({ data }) => {
          if (data.chunk) controller.enqueue(data.chunk);
          else if (data.end) controller.close();
          else controller.error(new Error('the page has given up'));
        };
      },
      pull: () => port.postMessage({ more: true }),
      cancel: () => port.postMessage({ cancelled: true }),
    },
    { highWaterMark: 2 },
  );
  const headers = {
    'content-type': 'application/zip',
    'content-length': String(size),
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name)}`,
    'content-security-policy': "default-src 'none'",
  };
  return new Response(body, { headers });
}
