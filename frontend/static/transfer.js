/** The recipient's page: it works without script; this keeps it up to date while files are still on their way. */

import { Api, ApiError } from './engine/api.js';
import { clock } from './engine/clock.js';
import { network } from './engine/network.js';
import { Poll } from './engine/poll.js';
import { DownloadAll } from './page/download-all.js';
import { Received } from './page/received.js';
import { Viewer } from './page/viewer.js';
import * as words from './page/words.js';

/** @import {FileStatus} from './engine/api.js' */

/** The page's clock and the server's may differ by so much; as often it is looked whether the time is over. */
const LATE_MS = 10_000;
/** Of how many files on their way it is asked at one time how much has arrived: their sender has but a few under way. */
const MOST_ARRIVING = 10;

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const card = byId('card');
const summary = byId('summary');
const progress = /** @type {HTMLProgressElement | null} */ (document.getElementById('arrived'));
const { root = '', transfer = '', state, more } = card.dataset;
const name = document.querySelector('h1')?.textContent || transfer;
const api = new Api(root);
/** @type {Map<number, number>} bytes that S3 has of files that are on their way, by their numbers */
const arrived = new Map();
let quarter = 0;

const viewer = new Viewer();
const received = new Received(
  byId('rows'),
  { row: /** @type {HTMLTemplateElement} */ (byId('row')), folder: /** @type {HTMLTemplateElement} */ (byId('folder')) },
  {
    look: ({ name: called, kind, url }) => url && viewer.show({ name: called, kind, url }),
    zip: (folder) => void all.saveFolder(folder),
  },
);
const { tree } = received;
const all = new DownloadAll(byId('all'), tree.root, { clock, network, name, card, scope: new URL(`${root}t/`, document.baseURI).href });
const command = byId('command');
const [first] = [...tree.root.items()].flatMap(({ url }) => url ?? []);
command.textContent = `curl -fLOJ ${first ?? `${location.href.split('#')[0]}/files/1`}`;
byId('copy-command').addEventListener('click', async () => {
  await navigator.clipboard.writeText(command.textContent).catch(() => getSelection()?.selectAllChildren(command));
});

// The server has the words for what is over then.
const expires = Date.parse(document.querySelector('time')?.dateTime ?? '');
setInterval(() => Date.now() > expires + LATE_MS && location.reload(), LATE_MS);

for (const time of document.querySelectorAll('time')) time.textContent = words.momentText(time.dateTime);
all.update(state === 'ready');

if (state === 'uploading' || more !== undefined) new Poll(look, clock).hurry();

/** @returns {Promise<'changed' | 'same' | 'more' | 'enough'>} */
async function look() {
  const status = await api.status(card.dataset['cursor'] ?? '', { id: transfer }).catch(leave);
  card.dataset['cursor'] = status.cursor;
  for (const file of status.files) {
    if (file.state === 'removed') received.remove(file.number);
    else received.put(itemOf(file));
  }
  if (!status.more && status.state === 'uploading') await lookCloser();
  received.render();
  show(status);
  if (status.more) return 'more';
  if (status.state === 'ready') {
    all.update(true);
    return 'enough';
  }
  return status.files.length > 0 ? 'changed' : 'same';
}

/** How much there is of files that are sent in parts; what is not heard of is as before. */
async function lookCloser() {
  const coming = [...tree.root.items()].filter(({ state: its, size, partSize }) => its === 'pending' && size > partSize);
  const asked = coming.slice(0, MOST_ARRIVING);
  if (asked.length === 0) return;
  const { files } = await api.arriving(transfer, asked.map(({ number }) => number));
  for (const { number, bytes } of files) {
    const item = asked.find((one) => one.number === number);
    if (!item) continue;
    arrived.set(number, bytes);
    received.put({ ...item, text: words.fileStateText('pending', { share: bytes / item.size }) });
  }
}

/** @param {Awaited<ReturnType<Api['status']>>} status */
function show({ state: now, counts, more: unknown }) {
  const known = unknown ? null : { come: 0, all: tree.root.bytes };
  if (known) for (const { number, size, state: its } of tree.root.items()) known.come += its === 'stored' ? size : (arrived.get(number) ?? 0);
  summary.textContent = words.received.summary(now, counts, known);
  if (!progress) return;
  progress.hidden = now === 'ready';
  const share = known && known.all > 0 ? known.come / known.all : 0;
  progress.value = share;
  document.title = now === 'ready' ? name : `${words.percentText(share)} · ${name}`;
  // Not each of them: who has it read aloud would hear nothing else.
  const reached = now === 'ready' ? 4 : Math.min(3, Math.floor(share * 4));
  if (reached > quarter) byId('live').textContent = now === 'ready' ? words.received.ready() : words.received.progress(counts, known);
  quarter = reached;
}

/** @param {FileStatus} file */
function itemOf({ number, name: called, size, part_size: partSize, state: its, link, reason, downloads_left: left, shown_as: kind = '' }) {
  const url = link && left !== 0 ? new URL(root + link, document.baseURI).href : null;
  const share = (arrived.get(number) ?? 0) / size;
  return { number, name: called, size, partSize, url, kind, state: its, text: reason ?? words.fileStateText(its, { left, share }) };
}

/** It was deleted, has expired, or has got a password: the server says so. @param {unknown} error @returns {never} */
function leave(error) {
  if (error instanceof ApiError && [401, 404, 410].includes(error.status) && !all.busy) location.reload();
  throw error;
}
