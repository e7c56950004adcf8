/** The recipient's page: it works without script; this keeps it up to date while files are still on their way. */

import { Api } from './engine/api.js';
import { clock } from './engine/clock.js';
import { network } from './engine/network.js';
import { Poll } from './engine/poll.js';
import { DownloadAll } from './page/download-all.js';
import { nameElement } from './page/names.js';
import { Viewer } from './page/viewer.js';
import * as words from './page/words.js';

/** @import {FileStatus} from './engine/api.js' */
/** @import {Offered} from './page/download-all.js' */

/** The page's clock and the server's may differ by so much; as often it is looked whether the time is over. */
const LATE_MS = 10_000;

const card = /** @type {HTMLElement} */ (document.getElementById('card'));
const list = /** @type {HTMLElement} */ (document.getElementById('rows'));
const summary = /** @type {HTMLElement} */ (document.getElementById('summary'));
const template = /** @type {HTMLTemplateElement} */ (document.getElementById('row'));
const { root = '', transfer = '', state, more } = card.dataset;
const api = new Api(root);
/** @type {Map<number, HTMLElement>} by the file's number */
const rows = new Map();
/** @type {Map<number, Offered>} what can be downloaded */
const offered = new Map();
for (const row of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll('.row'))) {
  const { number, size } = row.dataset;
  rows.set(Number(number), row);
  const link = row.querySelector('a');
  const name = row.querySelector('.name')?.textContent ?? '';
  if (link && !link.hidden) offered.set(Number(number), { name, size: Number(size), url: link.href });
}
const all = new DownloadAll(/** @type {HTMLElement} */ (document.getElementById('all')), () => [...offered.values()], {
  clock,
  network,
  name: document.querySelector('h1')?.textContent || transfer,
  scope: new URL(`${root}t/`, document.baseURI).href,
});
const viewer = new Viewer();
list.addEventListener('click', ({ target }) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (target).closest('[data-act="look"]'));
  const file = offered.get(Number(/** @type {HTMLElement | null} */ (button?.closest('.row'))?.dataset['number']));
  if (button && file) viewer.show({ ...file, kind: button.dataset['kind'] ?? '' });
});
const copyCommand = document.getElementById('copy-command');
const command = document.getElementById('command');
if (command) {
  const link = [...offered.values()][0]?.url ?? `${location.href.split('#')[0]}/files/1`;
  command.textContent = `curl -LOJ ${link}`;
  copyCommand?.addEventListener('click', async () => {
    await navigator.clipboard.writeText(command.textContent).catch(() => getSelection()?.selectAllChildren(command));
  });
}

for (const bdi of list.querySelectorAll('.name > bdi')) bdi.replaceWith(nameElement(bdi.textContent));
// The server has the words for what is over then.
const expires = Date.parse(document.querySelector('time')?.dateTime ?? '');
setInterval(() => Date.now() > expires + LATE_MS && location.reload(), LATE_MS);

for (const time of document.querySelectorAll('time')) time.textContent = words.momentText(time.dateTime);
if (state === 'ready') all.update();

if (state === 'uploading' || more !== undefined) new Poll(look, clock).hurry();

/** @returns {Promise<'changed' | 'same' | 'more' | 'enough'>} */
async function look() {
  const status = await api.status(card.dataset['cursor'] ?? '', { id: transfer });
  card.dataset['cursor'] = status.cursor;
  for (const file of status.files) show(file);
  summary.textContent = words.recipientSummary(status.state, status.counts);
  if (status.more) return 'more';
  if (status.state === 'ready') {
    all.update();
    return 'enough';
  }
  return status.files.length > 0 ? 'changed' : 'same';
}

/** @param {FileStatus} file */
function show({ number, name, size, state, link, reason, downloads_left: left, shown_as: kind }) {
  const existing = rows.get(number);
  if (state === 'removed') {
    existing?.remove();
    rows.delete(number);
    offered.delete(number);
    return;
  }
  const row = /** @type {HTMLElement} */ (existing ?? template.content.firstElementChild?.cloneNode(true));
  row.dataset['number'] = String(number);
  row.dataset['state'] = state;
  if (!existing) {
    row.querySelector('.name')?.replaceChildren(nameElement(name));
    write(row, '.size', words.sizeText(size));
    rows.set(number, row);
    list.append(row);
  }
  write(row, '.state', reason ?? words.fileStateText(state, left));
  const download = row.querySelector('a');
  if (download && link && left !== 0) {
    offered.set(number, { name, size, url: new URL(root + link, document.baseURI).href });
    const ariaLabel = words.buttons.download(name);
    Object.assign(download, { href: root + link, hidden: false, download: '', ariaLabel });
    download.dataset['testid'] = 'download';
    const look = /** @type {HTMLButtonElement} */ (row.querySelector('[data-act="look"]'));
    look.hidden = !kind;
    look.dataset['kind'] = kind ?? '';
    look.ariaLabel = words.buttons.lookAt(name);
  }
}

/**
 * @param {HTMLElement} row
 * @param {string} selector
 * @param {string} text
 */
function write(row, selector, text) {
  const target = row.querySelector(selector);
  if (target) target.textContent = text;
}
