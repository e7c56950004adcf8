import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../static/engine/store.js';
import { settle } from './fakes.js';

/** Locks that several tabs share. */
class FakeLocks {
  /** @type {Map<string, Promise<unknown>>} */
  #held = new Map();

  /** @param {string} name @param {any[]} rest options, if any, and what to do with the lock @returns {Promise<any>} */
  async request(name, ...rest) {
    const use = rest.pop();
    if (this.#held.has(name) && rest[0]?.ifAvailable) return use(null);
    while (this.#held.has(name)) await this.#held.get(name);
    const used = Promise.resolve(use({ name })).finally(() => this.#held.delete(name));
    this.#held.set(name, used);
    return used;
  }
}

/** A browser that lets nothing be kept, as some do in private windows. */
const indexedDB = /** @type {IDBFactory} */ (
  /** @type {unknown} */ ({
    open() {
      const opening = { error: new Error('not here'), onerror: () => {} };
      setImmediate(() => opening.onerror());
      return opening;
    },
  })
);

/** @param {FakeLocks} locks */
const tabOf = (locks) => new Store({ indexedDB, locks: /** @type {any} */ (locks) });

const kept = { id: 'T', token: 't', link: 't/T', expiresAt: '2026-01-08T00:00:00Z', files: [] };

test('a transfer is one tab’s until that tab forgets it', async () => {
  const locks = new FakeLocks();
  const [first, second] = [tabOf(locks), tabOf(locks)];
  assert.equal(await first.claim('T'), true);
  assert.equal(await second.claim('T'), false);
  await first.forget('T');
  await settle();
  assert.equal(await second.claim('T'), true);
});

test('a tab can claim what it has', async () => {
  const tab = tabOf(new FakeLocks());
  assert.equal(await tab.claim('T'), true);
  assert.equal(await tab.claim('T'), true);
});

test('different transfers are claimed apart', async () => {
  const locks = new FakeLocks();
  assert.equal(await tabOf(locks).claim('T'), true);
  assert.equal(await tabOf(locks).claim('U'), true);
});

test('another tab hears when a transfer is let go', async () => {
  const locks = new FakeLocks();
  const [first, second] = [tabOf(locks), tabOf(locks)];
  await first.claim('T');
  let heard = false;
  void second.released('T').then(() => (heard = true));
  await settle();
  assert.equal(heard, false);
  first.release('T');
  await settle();
  assert.equal(heard, true);
});

test('where nothing can be kept, nothing is found and nothing breaks', async () => {
  const tab = tabOf(new FakeLocks());
  await tab.keep(kept);
  await tab.add('T', []);
  assert.deepEqual(await tab.unfinished(0), []);
  await tab.forget('T');
});

test('what is kept is claimed, so that no other tab offers to go on with it', async () => {
  const locks = new FakeLocks();
  await tabOf(locks).keep(kept);
  assert.equal(await tabOf(locks).claim('T'), false);
});
