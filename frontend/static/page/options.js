/** The drawer in which the sender says more about a transfer, while it uploads and after: each field is saved at once. */

import { ApiError } from '../engine/api.js';
import { optionTexts as texts } from './words.js';

/** @import {Options, Saved} from '../engine/api.js' */

/** @typedef {'title' | 'message' | 'expires_in' | 'max_downloads' | 'password'} Name */

export class OptionsDrawer {
  #form;
  #save;
  #note;
  /** @type {HTMLButtonElement | null} none where no transfer can have a password */
  #noPassword;

  /**
   * @param {HTMLElement} drawer
   * @param {(options: Options) => Promise<void>} save
   */
  constructor(drawer, save) {
    this.#form = /** @type {HTMLFormElement} */ (drawer.querySelector('form'));
    this.#note = /** @type {HTMLElement} */ (drawer.querySelector('[data-part="note"]'));
    this.#noPassword = drawer.querySelector('[data-act="no-password"]');
    this.#save = save;
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', ({ target }) => {
      const field = /** @type {HTMLInputElement} */ (target);
      const name = /** @type {Name} */ (field.name);
      if (name === 'password' && field.value === '') return;
      void this.#send(name, valueOf(name, field.value));
    });
    this.#noPassword?.addEventListener('click', () => void this.#send('password', null));
  }

  /** Shows a transfer's options, or those that a new one has. @param {Saved | null} saved */
  show(saved) {
    this.#form.reset();
    this.#note.textContent = texts.atOnce();
    this.#showPassword(saved?.has_password === true);
    if (!saved) return;
    this.#field('title').value = saved.title;
    this.#field('message').value = saved.message;
    // When it ends stands beside the link; what was chosen once says little by now.
    this.#field('expires_in').value = '';
    if (this.#field('max_downloads')) this.#field('max_downloads').value = String(saved.max_downloads ?? '');
  }

  /** @param {boolean} set whether there is one */
  #showPassword(set) {
    if (!this.#noPassword) return;
    this.#noPassword.hidden = !set;
    this.#field('password').placeholder = set ? texts.passwordSet() : '';
  }

  /**
   * @param {Name} name
   * @param {string | number | null} value
   */
  async #send(name, value) {
    this.#note.textContent = texts.saving();
    this.#note.classList.remove('wrong');
    try {
      await this.#save({ [name]: value });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#note.textContent = error.message || texts.notSaved();
      this.#note.classList.add('wrong');
      return;
    }
    this.#note.textContent = texts.saved(value === null && name === 'password' ? 'no_password' : name);
    if (name !== 'password') return;
    const field = this.#field('password');
    field.value = '';
    if (value === null) field.focus();
    this.#showPassword(value !== null);
  }

  /** @param {Name} name */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.#form.elements.namedItem(name));
  }
}

/**
 * @param {Name} name
 * @param {string} text
 */
function valueOf(name, text) {
  if (name === 'expires_in') return Number(text);
  if (name === 'max_downloads') return text === '' ? null : Number(text);
  return text;
}
