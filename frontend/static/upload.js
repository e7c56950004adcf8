/** The upload page: puts engine and view together and keeps the one transfer that there is. */

import { Api, isGone } from './engine/api.js';
import { clock } from './engine/clock.js';
import { Hasher } from './engine/hasher.js';
import { network } from './engine/network.js';
import { askLeave } from './engine/origin.js';
import { Sender } from './engine/sender.js';
import { Store } from './engine/store.js';
import { Transfer } from './engine/transfer.js';
import { Account } from './page/account.js';
import { Awake } from './page/awake.js';
import { gatherDropped, gatherPicked } from './page/gather.js';
import { followFragment } from './page/languages.js';
import { LogDrawer } from './page/log.js';
import { showMine } from './page/mine.js';
import { OptionsDrawer } from './page/options.js';
import { View } from './page/view.js';
import * as words from './page/words.js';

/** @import {Kept, Mine} from './engine/store.js' */
/** @import {Item} from './engine/transfer.js' */

const card = /** @type {HTMLElement} */ (document.getElementById('card'));
const { root = './', maxFileBytes, maxTransferBytes, maxFiles, pool, client } = card.dataset;
const limits = {
  maxFileBytes: Number(maxFileBytes), maxTransferBytes: Number(maxTransferBytes), maxFiles: Number(maxFiles),
};

/** How often it is looked whether the time of what is shown is over. */
const EXPIRED_MS = 10_000;

/** Each hashes faster than networks send; the second one covers the first one's reading. */
const hasher = new Hasher(2);
const sender = new Sender();
const store = isSecureContext ? new Store({ indexedDB, locks: navigator.locks }) : null;
const awake = new Awake();
const home = new URL(root, document.baseURI).href;
const account = pool && client ? new Account({ pool, client, home }) : null;
const newApi = () => new Api(root, { identify: async () => account?.token() ?? null });
/** @type {Transfer | null} */
let transfer = null;
/** Whether what is picked next joins a transfer that is ready. */
let adding = false;
/** @type {Kept[]} what earlier visits have left and no other tab sends */
let unfinished = [];

followFragment();
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
    addMore: () => (adding = true),
    cancel: () => void cancel(),
    again: () => startOver(),
    entered: (phase) => {
      awake.want(phase === 'sending' || phase === 'checking');
      if (phase === 'ready') remember();
      if (phase === 'ended' && transfer && !transfer.blocked) void store?.disown(transfer.id);
    },
  },
);
const byId = (/** @type {string} */ id) => document.getElementById(id);
const options = new OptionsDrawer(/** @type {HTMLElement} */ (byId('options')), async (changes) => {
  await transfer?.change(changes);
  remember();
});
const log = new LogDrawer(/** @type {HTMLDetailsElement} */ (byId('log')), {
  downloads: async () => (await transfer?.log()) ?? { downloads: [], more: false },
  nameOf: (number) => transfer?.entries.find((entry) => entry.number === number)?.name ?? '',
  ownerLink: () => (transfer ? ownerLink(transfer) : ''),
});

setInterval(() => transfer?.expire(), EXPIRED_MS);
addEventListener('hashchange', () => void openFromAddress());
void begin();

async function begin() {
  if (account) {
    if (!(await account.arrive())) view.notice(words.signInFailed());
    view.admit(account, { signIn: () => void account.signIn(), signOut: () => account.signOut() });
  }
  view.takePicked();
  if (!(await openFromAddress())) await offer();
}

/** @param {AsyncIterable<Item[]>} batches */
async function addAll(batches) {
  let found = 0;
  for await (const items of batches) {
    found += items.length;
    await add(items);
  }
  if (found === 0) view.notice(words.nothingThere());
}

/** @param {Item[]} items */
async function add(items) {
  if (!store) {
    view.notice(words.insecure());
    return;
  }
  if (items.length === 0) return;
  if (account && !account.known) {
    view.notice(words.problemText({ kind: 'sign_in' }));
    return;
  }
  if (!transfer) await goOn(unfinished.find((kept) => kept.files.some((file) => items.some((item) => isSame(file, item)))));
  const full = transfer?.phase === 'ended' || (transfer?.phase === 'ready' && !adding);
  adding = false;
  if (!transfer || full) show(newTransfer(store));
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
    api: newApi(),
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
  options.show(null);
  log.close();
}

function startOver() {
  transfer = null;
  adding = false;
  // Another transfer's private link must not stand in the address of what comes next.
  if (location.hash) history.replaceState(null, '', location.pathname + location.search);
  awake.want(false);
  view.show(null);
  view.focusStart();
  void offer();
}

async function cancel() {
  const given = transfer;
  const wasReady = given?.phase === 'ready';
  const cancelled = given?.cancel();
  if (given) await store?.disown(given.id);
  startOver();
  await cancelled;
  // The account's list is the server's, which knows of it only now.
  if (account) await offer();
  if (given?.problem) view.notice(words.problemText(given.problem));
  else view.say(wasReady ? words.said.deleted() : words.said.cancelled());
}

/** @param {{id: string, token: string}} owned */
const ownerLink = ({ id, token }) => `${home}#${token ? `owner=${token}&` : ''}transfer=${id}`;

/** Keeps what is needed to come back to the transfer, for as long as it lives. */
function remember() {
  if (!transfer?.id || transfer.phase === 'ended') return;
  const { id, token, expiresAt, entries } = transfer;
  const { files, bytes } = transfer.totals();
  const name = transfer.options?.title || entries[0]?.name.split('/').pop() || '';
  void store?.remember({ id, token, expiresAt, name, files, bytes, at: clock.now() });
}

/** Opens the transfer whose private link this page was opened by. @returns {Promise<boolean>} whether there is one */
async function openFromAddress() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const [shown, id] = [asked.get('owner'), asked.get('transfer')];
  if (!id || !store || !(shown || account?.known)) return false;
  if (transfer?.id === id) return true;
  const token = shown ?? (await claimed(id));
  if (!token) return false;
  // What of it this device has yet to send, it knows best.
  const kept = (await store.unfinished(clock.now())).find((one) => one.id === id);
  if (kept && (await store.claim(id))) {
    unfinished = [kept];
    await goOn(kept);
    return true;
  }
  const opened = newTransfer(store);
  opened.adopt({ id, token, link: `t/${id}`, expiresAt: '', files: [] });
  await opened.goOn();
  show(opened);
  for (const entry of opened.entries) view.changed(entry);
  view.changed(null);
  options.show(opened.options);
  return true;
}

/** @param {string} id of what the account has sent @returns {Promise<string | null>} an owner token for it */
async function claimed(id) {
  try {
    return (await newApi().claim(id)).owner_token;
  } catch (error) {
    view.notice(words.problemText({ kind: isGone(error) ? 'ended' : 'refused' }));
    return null;
  }
}

/** @returns {Promise<Mine[]>} what was sent from this device, or, where there are accounts, with this one */
async function mine() {
  if (!account) return (await store?.mine(clock.now())) ?? [];
  if (!account.known) return [];
  const { transfers } = await newApi().sent().catch(() => ({ transfers: [] }));
  return transfers.map(({ id, title, name, files, bytes, expires_at: expiresAt, created }) => (
    { id, token: '', name: title || name, files, bytes, expiresAt, at: Date.parse(created) }
  ));
}

/** Shows what earlier visits have left, and what of it other tabs are sending. */
async function offer() {
  const all = (await store?.unfinished(clock.now())) ?? [];
  const offers = await Promise.all(all.map(async (kept) => ({ kept, busy: !(await free(kept.id)) })));
  unfinished = offers.filter(({ busy }) => !busy).map(({ kept }) => kept);
  const listed = await mine();
  if (transfer) return;
  view.offer(offers);
  const sent = listed.filter(({ id }) => !all.some((kept) => kept.id === id));
  showMine(
    /** @type {HTMLElement} */ (byId('mine')), /** @type {HTMLTemplateElement} */ (byId('mine-one')), sent, ownerLink,
  );
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
  else view.say(words.said.discarded());
}

addEventListener('beforeunload', (event) => {
  if (transfer?.unsent) event.preventDefault();
});
