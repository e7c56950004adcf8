/**
 * Shows a file before it is downloaded, from the bucket's origin and as what the server knows to be harmless. Text comes in
 * a frame that may do nothing; a PDF in a tab of its own, because browsers' readers do not work in such a frame.
 */

import { nameElement } from './names.js';

/** @type {Record<string, (src: string) => HTMLElement>} */
const SHOW = {
  image: (src) => Object.assign(document.createElement('img'), { src, alt: '' }),
  audio: (src) => Object.assign(document.createElement('audio'), { src, controls: true, autoplay: true }),
  video: (src) => Object.assign(document.createElement('video'), { src, controls: true, autoplay: true }),
  text: (src) => {
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', '');
    frame.src = src;
    return frame;
  },
};

export class Viewer {
  #dialog;
  #name;
  #body;

  constructor() {
    const byId = (/** @type {string} */ id) => document.getElementById(id);
    this.#dialog = /** @type {HTMLDialogElement} */ (byId('viewer'));
    this.#name = /** @type {HTMLElement} */ (byId('viewer-name'));
    this.#body = /** @type {HTMLElement} */ (byId('viewer-body'));
    // What plays or loads must not go on behind a closed dialog.
    this.#dialog.addEventListener('close', () => this.#body.replaceChildren());
    this.#dialog.addEventListener('click', ({ target }) => target === this.#dialog && this.#dialog.close());
  }

  /** @param {{name: string, kind: string, url: string}} file `url`: of its download */
  show({ name, kind, url }) {
    const src = `${url}?show=true`;
    const make = SHOW[kind];
    if (!make) {
      open(src, '_blank', 'noopener');
      return;
    }
    this.#name.replaceChildren(nameElement(name));
    const content = make(src);
    if (content instanceof HTMLIFrameElement) content.title = name;
    this.#body.replaceChildren(content);
    this.#dialog.showModal();
  }
}
