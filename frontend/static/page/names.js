/** A file's name on the page: whatever it holds, it is text, it stays within its line, and it cannot dress up. */

import { noName } from './words.js';

/** Control characters, and those that turn the direction of what follows: `photo\u202Egpj.exe`. As in `backend/pages/render.py`. */
const CONTROLS = /([\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069])/u;

/**
 * @param {string} name file name, or path with `/` inside a folder
 * @returns {HTMLElement}
 */
export function nameElement(name) {
  const element = document.createElement('bdi');
  const base = name.lastIndexOf('/') + 1;
  const folder = document.createElement('span');
  folder.className = 'folder';
  folder.append(...pieces(name.slice(0, base)));
  element.append(...(base > 0 ? [folder] : []), ...pieces(name.slice(base) || (name ? '' : noName())));
  return element;
}

/**
 * Each control character in an isolated element of its own, where it has nothing to act upon.
 *
 * @param {string} text
 */
function pieces(text) {
  return text.split(CONTROLS).map((piece, index) => {
    if (index % 2 === 0) return piece;
    const control = document.createElement('bdi');
    control.className = 'control';
    control.textContent = piece;
    return control;
  });
}
