/** Ways to hand a live link on: the device's own share sheet, a mail draft, a QR code to be photographed. */

import { shareTexts } from './words.js';

export class Share {
  #box;
  #sheet;
  #mail;
  #showQr;
  #qr;
  #href = '';

  constructor() {
    const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    this.#box = byId('share');
    this.#sheet = /** @type {HTMLButtonElement} */ (byId('share-sheet'));
    this.#mail = /** @type {HTMLAnchorElement} */ (byId('mail'));
    this.#showQr = /** @type {HTMLButtonElement} */ (byId('show-qr'));
    this.#qr = /** @type {HTMLImageElement} */ (byId('qr'));
    // The user may close it again, which is no error.
    this.#sheet.addEventListener('click', () => void navigator.share({ url: this.#href }).catch(() => {}));
    this.#showQr.addEventListener('click', () => this.#toggle(this.#qr.hidden === true));
  }

  /** @param {string} href of the transfer's page; empty for none */
  show(href) {
    this.#href = href;
    this.#box.hidden = href === '';
    this.#sheet.hidden = !('share' in navigator);
    const query = `subject=${encodeURIComponent(shareTexts.subject())}&body=${encodeURIComponent(shareTexts.body(href))}`;
    this.#mail.href = `mailto:?${query}`;
    this.#toggle(false);
  }

  /** @param {boolean} shown */
  #toggle(shown) {
    if (shown) this.#qr.src = `${this.#href}/qr.svg?link=${encodeURIComponent(this.#href)}`;
    this.#qr.hidden = !shown;
    this.#showQr.ariaExpanded = String(shown);
  }
}
