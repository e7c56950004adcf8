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

byId('more').addEventListener('click', () => void show());
void show();

async function show() {
  try {
    const page = await api.listAll(next);
    next = page.next;
    byId('rows').append(...page.transfers.map(rowOf));
    byId('more').hidden = next === null;
  } catch (error) {
    say(error instanceof ApiError && [401, 404].includes(error.status) ? operatorText.only() : operatorText.failed());
  }
}

/** @param {Listed} listed */
function rowOf(listed) {
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (row.querySelector(selector));
  const write = (/** @type {Listed} */ now) => {
    part('.fine').textContent = operatorText.line(now);
    part('button').hidden = ['blocked', 'blocking', 'deleted'].includes(now.state);
  };
  part('.name').textContent = listed.id;
  const open = /** @type {HTMLAnchorElement} */ (row.querySelector('a'));
  open.href = `${home}#transfer=${listed.id}`;
  part('button').addEventListener('click', async () => {
    if (!confirm(operatorText.reallyBlock())) return;
    try {
      await api.block(listed.id);
      write({ ...listed, state: 'blocking' });
    } catch {
      say(operatorText.failed());
    }
  });
  write(listed);
  return row;
}

/** @param {string} text */
function say(text) {
  byId('notice').textContent = text;
  byId('notice').hidden = false;
}
