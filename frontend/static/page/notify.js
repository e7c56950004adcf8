/** Tells a sender who is looking elsewhere that the link is live, if they have asked for it and the browser allows it. */

import { notifyTexts } from './words.js';

export class Notify {
  #button;
  /** Kept, because to ask for it holds up the page until another process has answered. @type {string} */
  #permission = 'denied';

  /** @param {HTMLButtonElement} button by which it is asked for */
  constructor(button) {
    this.#button = button;
    void navigator.permissions?.query({ name: 'notifications' }).then(({ state }) => (this.#permission = state));
    button.addEventListener('click', async () => {
      this.#permission = await Notification.requestPermission();
      this.offer(true);
    });
  }

  /** @param {boolean} sending whether there is something to wait for */
  offer(sending) {
    this.#button.hidden = !sending || this.#permission !== 'prompt';
  }

  /** @param {string} link that is live now */
  ready(link) {
    if (!document.hidden || this.#permission !== 'granted') return;
    const notification = new Notification(notifyTexts.ready(), { body: link });
    notification.onclick = () => (focus(), notification.close());
  }
}
