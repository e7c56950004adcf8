/** The upload page: puts engine and view together and keeps the one transfer that there is. */

import { Api } from './engine/api.js';
import { clock } from './engine/clock.js';
import { Hasher } from './engine/hasher.js';
import { network } from './engine/network.js';
import { askLeave } from './engine/origin.js';
import { Sender } from './engine/sender.js';
import { Store } from './engine/store.js';
import { Transfer } from './engine/transfer.js';
import { Awake } from './page/awake.js';
import { gatherDropped, gatherPicked } from './page/gather.js';
import { View } from './page/view.js';
import * as words from './page/words.js';

/** @import {Kept} from './engine/store.js' */
/** @import {Item} from './engine/transfer.js' */

const { root = './', maxFileBytes, maxFiles } = /** @type {HTMLElement} */ (document.getElementById('card')).dataset;
const limits = { maxFileBytes: Number(maxFileBytes), maxFiles: Number(maxFiles) };

/** Each hashes faster than networks send; the second one covers the first one's reading. */
const hasher = new Hasher(2);
const sender = new Sender();
const store = isSecureContext ? new Store({ indexedDB, locks: navigator.locks }) : null;
const awake = new Awake();
/** @type {Transfer | null} */
let transfer = null;
/** @type {Kept[]} what earlier visits have left and no other tab sends */
let unfinished = [];

const view = new View(
  {
    pick: (files) => void add(gatherPicked(files)),
    drop: (data) => void addAll(gatherDropped(data)),
    retry: (entry) => transfer?.retry(entry),
    remove: (entry) => {
      transfer?.remove(entry);
      view.say(words.said.removed(entry.name));
      if (transfer?.entries.length === 0) void cancel();
    },
    pause: (entry) => transfer?.pause(entry),
    resume: (entry) => transfer?.resume(entry),
    pauseAll: () => transfer?.pauseAll(),
    resumeAll: () => transfer?.resumeAll(),
    goOn: (id) => void goOn(unfinished.find((kept) => kept.id === id)),
    discard: (id) => void discard(unfinished.find((kept) => kept.id === id)),
    cancel: () => void cancel(),
    again: () => startOver(),
    entered: (phase) => awake.want(phase === 'sending' || phase === 'checking'),
  },
  limits.maxFileBytes,
);

void offer();

/** @param {AsyncIterable<Item[]>} batches */
async function addAll(batches) {
  let found = 0;
  for await (const items of batches) {
    found += items.length;
    await add(items);
  }
  if (found === 0) view.notice(words.nothingThere);
}

/** @param {Item[]} items */
async function add(items) {
  if (!store) {
    view.notice(words.insecure);
    return;
  }
  if (items.length === 0) return;
  if (!transfer) await goOn(unfinished.find((kept) => kept.files.some((file) => items.some((item) => isSame(file, item)))));
  if (!transfer || transfer.phase === 'ready' || transfer.phase === 'ended') show(newTransfer(store));
  const leftOut = transfer?.add(items) ?? 0;
  if (leftOut > 0) view.notice(words.tooMany(leftOut, limits.maxFiles));
}

/**
 * @param {Kept['files'][number]} kept
 * @param {Item} item
 */
const isSame = ({ name, size, modified }, { name: itsName, file }) =>
  name === itsName && size === file?.size && modified === file.lastModified;

/** @param {Store} kept where it is kept */
function newTransfer(kept) {
  const made = new Transfer({
    api: new Api(root),
    hasher,
    send: sender.send,
    clock,
    network,
    store: kept,
    ...limits,
    changed: (entry) => {
      if (transfer === made) view.changed(entry);
    },
  });
  return made;
}

/** @param {Transfer} begun */
function show(begun) {
  transfer = begun;
  view.show(begun);
}

function startOver() {
  transfer = null;
  awake.want(false);
  view.show(null);
  view.focusStart();
  void offer();
}

async function cancel() {
  const given = transfer;
  const cancelled = given?.cancel();
  startOver();
  await cancelled;
  if (given?.problem) view.notice(words.problemText(given.problem));
  else view.say(words.said.cancelled);
}

/** Shows what earlier visits have left, and what of it other tabs are sending. */
async function offer() {
  const all = (await store?.unfinished(clock.now())) ?? [];
  const offers = await Promise.all(all.map(async (kept) => ({ kept, busy: !(await free(kept.id)) })));
  unfinished = offers.filter(({ busy }) => !busy).map(({ kept }) => kept);
  if (transfer) return;
  view.offer(offers);
}

/** Whether no other tab sends it; if one does, looks again when it has let go. @param {string} id */
async function free(id) {
  const claimed = (await store?.claim(id)) ?? false;
  if (claimed) store?.release(id);
  else void store?.released(id).then(offer);
  return claimed;
}

/** @param {Kept | undefined} kept */
async function goOn(kept) {
  if (!kept || !store) return;
  if (!(await store.claim(kept.id))) {
    await offer();
    return;
  }
  if (transfer) return;
  const taken = newTransfer(store);
  show(taken);
  taken.adopt(kept);
  // It has just been clicked, so the browser may ask; whoever does not answer can bring the files all the same.
  void taken.goOn(askLeave(kept.files.map(({ origin }) => origin)));
}

/** @param {Kept | undefined} kept */
async function discard(kept) {
  if (!kept || !store || !(await store.claim(kept.id))) return;
  const taken = newTransfer(store);
  taken.adopt(kept);
  const cancelled = taken.cancel();
  view.focusStart();
  await offer();
  await cancelled;
  if (taken.problem) view.notice(words.problemText(taken.problem));
  else view.say(words.said.discarded);
}

addEventListener('beforeunload', (event) => {
  if (transfer?.unsent) event.preventDefault();
});
