/**
 * Addresses of scripts that are started as workers. The pages' policy takes none that was not made here (Trusted Types,
 * where the browser has them), so that no text from elsewhere can become one.
 */

const OURS = new URL('../', import.meta.url).href;

/** @type {{createScriptURL(address: string): string} | undefined} */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy('sidestep', { createScriptURL: checked });

/**
 * @param {string} path of a module, relative to the static files' root
 * @returns {string} for Worker and ServiceWorkerContainer
 */
export function scriptAddress(path) {
  const { href } = new URL(path, OURS);
  return policy ? policy.createScriptURL(href) : href;
}

/** @param {string} address */
function checked(address) {
  if (!address.startsWith(OURS)) throw new TypeError(`${address} is no script of ours`);
  return address;
}
