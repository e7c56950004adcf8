/** The upload page: puts engine and view together and keeps the one transfer that there is. */

import { Api } from './engine/api.js';
import { clock } from './engine/clock.js';
import { Hasher } from './engine/hasher.js';
import { sendPart } from './engine/part.js';
import { Transfer } from './engine/transfer.js';
import { gatherDropped, gatherPicked } from './page/gather.js';
import { View } from './page/view.js';
import * as words from './page/words.js';

/** @import {Item} from './engine/transfer.js' */

const { root = './', maxFileBytes, maxFiles } = /** @type {HTMLElement} */ (document.getElementById('card')).dataset;
const limits = { maxFileBytes: Number(maxFileBytes), maxFiles: Number(maxFiles) };

/** Each hashes faster than networks send; the second one covers the first one's reading. */
const hasher = new Hasher(2);
/** @type {Transfer | null} */
let transfer = null;

const view = new View(
  {
    pick: (files) => add(gatherPicked(files)),
    drop: (data) => void addAll(gatherDropped(data)),
    retry: (entry) => transfer?.retry(entry),
    remove: (entry) => {
      transfer?.remove(entry);
      view.say(words.said.removed(entry.name));
      if (transfer?.entries.length === 0) void cancel();
    },
    cancel: () => void cancel(),
    again: () => startOver(),
  },
  limits.maxFileBytes,
);

/** @param {AsyncIterable<Item[]>} batches */
async function addAll(batches) {
  let found = 0;
  for await (const items of batches) {
    found += items.length;
    add(items);
  }
  if (found === 0) view.notice(words.nothingThere);
}

/** @param {Item[]} items */
function add(items) {
  if (!isSecureContext) {
    view.notice(words.insecure);
    return;
  }
  if (items.length === 0) return;
  if (!transfer || transfer.phase === 'ready') start();
  const leftOut = transfer?.add(items) ?? 0;
  if (leftOut > 0) view.notice(words.tooMany(leftOut, limits.maxFiles));
}

function start() {
  const begun = new Transfer({
    api: new Api(root),
    hasher,
    send: sendPart,
    clock,
    ...limits,
    changed: (entry) => {
      if (transfer === begun) view.changed(entry);
    },
  });
  transfer = begun;
  view.show(begun);
}

function startOver() {
  transfer = null;
  view.show(null);
  view.focusStart();
}

async function cancel() {
  const cancelled = transfer;
  startOver();
  await cancelled?.cancel();
  if (cancelled?.problem) view.notice(words.problemText(cancelled.problem));
  else view.say(words.said.cancelled);
}

addEventListener('beforeunload', (event) => {
  if (transfer?.unsent) event.preventDefault();
});
