/** Tells a sender who is looking elsewhere that the link is live, if they have asked for it and the browser allows it. */

import { notifyTexts } from './words.js';

export class Notify {
  #button;

  /** @param {HTMLButtonElement} button by which it is asked for */
  constructor(button) {
    this.#button = button;
    button.addEventListener('click', async () => {
      await Notification.requestPermission();
      this.offer(true);
    });
  }

  /** @param {boolean} sending whether there is something to wait for */
  offer(sending) {
    this.#button.hidden = !sending || !('Notification' in globalThis) || Notification.permission !== 'default';
  }

  /** @param {string} link that is live now */
  ready(link) {
    if (!document.hidden || !('Notification' in globalThis) || Notification.permission !== 'granted') return;
    const notification = new Notification(notifyTexts.ready(), { body: link });
    notification.onclick = () => (focus(), notification.close());
  }
}
