/** The operators' page: every transfer, newest first, and a button that blocks one. */

import { Api, ApiError } from './engine/api.js';
import { Account } from './page/account.js';
import { operatorText } from './page/words.js';

/** @import {Listed} from './engine/api.js' */

const card = /** @type {HTMLElement} */ (document.getElementById('card'));
const { root = './', pool = '', client = '' } = card.dataset;
const home = new URL(root, document.baseURI).href;
const account = new Account({ pool, client, home });
const api = new Api(root, { identify: () => account.token() });
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const template = /** @type {HTMLTemplateElement} */ (byId('row'));
/** @type {string | null} where the next page begins */
let next = null;

byId('more').addEventListener('click', async () => {
  const [first] = await show();
  first?.querySelector('a')?.focus();
});
void show();

/** @returns {Promise<HTMLElement[]>} the rows that have come */
async function show() {
  try {
    const page = await api.listAll(next);
    next = page.next;
    const rows = page.transfers.map(rowOf);
    byId('rows').append(...rows);
    byId('none').hidden = byId('rows').childElementCount > 0;
    byId('more').hidden = next === null;
    byId('list').hidden = false;
    complain('');
    return rows;
  } catch (error) {
    const refused = error instanceof ApiError && [401, 404].includes(error.status);
    byId('home').hidden = !refused;
    complain(refused ? operatorText.only() : operatorText.failed());
    return [];
  }
}

/** @param {Listed} listed */
function rowOf(listed) {
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (row.querySelector(selector));
  const write = (/** @type {Listed} */ now) => {
    part('[data-part="line"]').textContent = operatorText.line(now);
    part('[data-part="reports"]').textContent = operatorText.reports(now);
    part('[data-part="reports"]').hidden = now.reports === 0;
    // A takedown that did not come to its end can be begun again; here and now it has only just begun.
    part('button').hidden = now !== listed || ['blocked', 'deleted'].includes(now.state);
  };
  part('code').textContent = listed.id;
  const open = /** @type {HTMLAnchorElement} */ (row.querySelector('a'));
  open.href = `${home}#transfer=${listed.id}`;
  open.ariaLabel = operatorText.open(listed);
  part('button').ariaLabel = operatorText.block(listed);
  part('button').addEventListener('click', async () => {
    if (!confirm(operatorText.reallyBlock())) return;
    try {
      await api.block(listed.id);
      complain('');
      write({ ...listed, state: 'blocking' });
      byId('live').textContent = operatorText.blocked(listed);
      open.focus();
    } catch {
      complain(operatorText.failed());
    }
  });
  write(listed);
  return row;
}

/** @param {string} text empty where nothing is wrong any more */
function complain(text) {
  byId('notice').textContent = text;
  byId('notice').hidden = text === '';
  // Its row may be far down.
  if (text) byId('notice').scrollIntoView({ block: 'nearest' });
}
