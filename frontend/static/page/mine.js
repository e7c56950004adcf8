/** The list of what was sent from this device and can still be downloaded. */

import { mineText } from './words.js';

/** @import {Mine} from '../engine/store.js' */

/**
 * @param {HTMLElement} section
 * @param {HTMLTemplateElement} template of one row
 * @param {Mine[]} all
 * @param {(mine: Mine) => string} linkTo its owner's page
 */
export function showMine(section, template, all, linkTo) {
  const rows = all.map((mine) => {
    const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
    const write = (/** @type {string} */ selector, /** @type {string} */ text) => {
      /** @type {HTMLElement} */ (row.querySelector(selector)).textContent = text;
    };
    write('.name', mineText.name(mine));
    write('.fine', mineText.note(mine));
    const open = /** @type {HTMLAnchorElement} */ (row.querySelector('a'));
    open.href = linkTo(mine);
    open.ariaLabel = mineText.open(mine);
    return row;
  });
  section.querySelector('.rows')?.replaceChildren(...rows);
  section.hidden = rows.length === 0;
}
