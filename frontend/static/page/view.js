/**
 * The upload page as people see and hear it: the only module that touches it, with its list. It is told that
 * something has changed, and looks at the transfer at most once a frame; of requests it knows nothing.
 */

import { List } from './list.js';
import { Notify } from './notify.js';
import { Share } from './share.js';
import * as words from './words.js';

/** @import {Entry} from '../engine/entry.js' */
/** @import {Kept} from '../engine/store.js' */
/** @import {Phase, Totals, Transfer} from '../engine/transfer.js' */

/**
 * @typedef {object} Actions
 * @property {(files: FileList) => void} pick
 * @property {(data: DataTransfer) => void} drop
 * @property {(entry: Entry) => void} retry
 * @property {(entry: Entry) => void} remove
 * @property {(entry: Entry) => void} pause
 * @property {(entry: Entry) => void} resume
 * @property {() => void} pauseAll
 * @property {() => void} resumeAll
 * @property {(id: string) => void} goOn with what an earlier visit has left
 * @property {(id: string) => void} discard
 * @property {(phase: Phase) => void} entered called when another phase is shown
 * @property {() => void} addMore what is picked next joins the transfer that is shown, ready as it is
 * @property {() => void} cancel
 * @property {() => void} again
 */

/** Frames do not come while the tab is hidden, but its title shows the percent. */
const HIDDEN_FRAME_MS = 1000;
/** Figures that change faster than this cannot be read. */
const FIGURES_MS = 500;
const COPIED_MS = 2000;

export class View {
  #actions;
  #list;
  #page;
  #share = new Share();
  #notify = new Notify(element('notify', HTMLButtonElement));
  /** @type {Transfer | null} */
  #transfer = null;
  /** @type {Set<Entry>} */
  #changed = new Set();
  #scheduled = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} while the figures stay as they are */
  #resting;
  /** @type {Phase | 'idle'} */
  #phase = 'idle';
  #quarter = 0;
  #offline = false;

  /** @param {Actions} actions */
  constructor(actions) {
    const page = {
      card: element('card', HTMLElement),
      start: element('start', HTMLElement),
      unfinished: element('unfinished', HTMLElement),
      unfinishedOne: element('unfinished-one', HTMLTemplateElement),
      sending: element('sending', HTMLElement),
      notice: element('notice', HTMLElement),
      headline: element('headline', HTMLElement),
      percent: element('percent', HTMLElement),
      total: element('total', HTMLProgressElement),
      totals: element('totals', HTMLElement),
      link: element('link', HTMLElement),
      address: element('address', HTMLElement),
      linkNote: element('link-note', HTMLElement),
      copy: element('copy', HTMLButtonElement),
      more: element('more', HTMLElement),
      add: element('add', HTMLElement),
      pauseAll: element('pause-all', HTMLButtonElement),
      resumeAll: element('resume-all', HTMLButtonElement),
      cancel: element('cancel', HTMLButtonElement),
      again: element('again', HTMLButtonElement),
      addMore: element('add-more', HTMLButtonElement),
      delete: element('delete', HTMLButtonElement),
      options: element('options', HTMLDetailsElement),
      log: element('log', HTMLDetailsElement),
      live: element('live', HTMLElement),
      files: element('files', HTMLInputElement),
      folder: element('folder', HTMLInputElement),
    };
    this.#page = page;
    this.#actions = actions;
    this.#list = new List(
      element('rows', HTMLElement),
      element('rows-more', HTMLButtonElement),
      element('row', HTMLTemplateElement),
      { ...actions, copy: (address) => void this.#copied(address), showMore: () => this.changed(null) },
    );
    for (const input of [page.files, page.folder]) input.addEventListener('change', () => this.takePicked());
    page.copy.addEventListener('click', () => void this.#copy());
    page.pauseAll.addEventListener('click', actions.pauseAll);
    page.resumeAll.addEventListener('click', actions.resumeAll);
    page.cancel.addEventListener('click', actions.cancel);
    page.again.addEventListener('click', actions.again);
    page.addMore.addEventListener('click', () => (actions.addMore(), page.files.click()));
    page.delete.addEventListener('click', () => confirm(words.reallyDelete()) && actions.cancel());
    document.addEventListener('visibilitychange', () => this.#render());
    this.#takeDrops(actions.drop);
  }

  /**
   * Opens the page to who has signed in, and offers that to others.
   *
   * @param {{known: boolean, operator: boolean}} account
   * @param {{signIn: () => void, signOut: () => void}} actions
   */
  admit({ known, operator }, { signIn, signOut }) {
    element('all-transfers', HTMLElement).hidden = !operator;
    element('door', HTMLElement).hidden = known;
    this.#page.start.hidden = !known;
    element('sign-in', HTMLButtonElement).addEventListener('click', signIn);
    element('sign-out', HTMLButtonElement).addEventListener('click', signOut);
  }

  /** Takes what has been picked, also while this script was still on its way. */
  takePicked() {
    for (const input of [this.#page.files, this.#page.folder]) {
      if (input.files?.length) this.#actions.pick(input.files);
      // So that the same file can be picked again.
      input.value = '';
    }
  }

  /** Shows this transfer from now on; null shows the beginning. @param {Transfer | null} transfer */
  show(transfer) {
    this.#transfer = transfer;
    this.#changed.clear();
    this.#list.clear();
    this.#phase = 'idle';
    this.#quarter = 0;
    this.#rest(0);
    const { card, start, sending, link, address, options, log } = this.#page;
    for (const drawer of [options, log]) Object.assign(drawer, { hidden: true, open: false });
    this.#share.show('');
    card.dataset['phase'] = 'idle';
    start.hidden = transfer !== null;
    sending.hidden = transfer === null;
    link.hidden = true;
    address.replaceChildren();
    document.title = words.title();
    this.notice('');
  }

  /** Shows what earlier visits have left. @param {{kept: Kept, busy: boolean}[]} unfinished */
  offer(unfinished) {
    const { unfinished: list, unfinishedOne } = this.#page;
    const items = unfinished.map(({ kept, busy }) => {
      const item = /** @type {HTMLElement} */ (unfinishedOne.content.firstElementChild?.cloneNode(true));
      write(/** @type {HTMLElement} */ (item.querySelector('.name')), words.unfinished.headline(kept, busy));
      write(/** @type {HTMLElement} */ (item.querySelector('.fine')), words.unfinished.note(kept, busy));
      /** @type {HTMLElement} */ (item.querySelector('.choices')).hidden = busy;
      for (const button of item.querySelectorAll('button')) {
        const act = button.dataset['act'] === 'continue' ? this.#actions.goOn : this.#actions.discard;
        button.addEventListener('click', () => act(kept.id));
      }
      return item;
    });
    list.replaceChildren(...items);
    list.hidden = items.length === 0;
  }

  /** @param {Entry | null} entry null if it is the transfer as a whole */
  changed(entry) {
    if (entry) this.#changed.add(entry);
    if (this.#scheduled) return;
    this.#scheduled = true;
    const frame = () => {
      this.#scheduled = false;
      this.#render();
    };
    if (document.hidden) setTimeout(frame, HIDDEN_FRAME_MS);
    else requestAnimationFrame(frame);
  }

  /** @param {string} text what to say above everything; nothing to take it away */
  notice(text) {
    this.#page.notice.textContent = text;
    this.#page.notice.hidden = text === '';
  }

  /** @param {string} text said by screen readers as soon as they have finished their sentence */
  say(text) {
    this.#page.live.textContent = text;
  }

  focusStart() {
    this.#page.files.focus();
  }

  #render() {
    const transfer = this.#transfer;
    if (!transfer) return;
    for (const entry of this.#changed) if (entry.state === 'failed' && entry.problem) this.#sayFailed(entry);
    if (this.#list.render(this.#changed)) this.changed(null);
    this.#changed.clear();
    const { phase } = transfer;
    const totals = transfer.totals();
    this.#renderTotals(phase, totals, transfer.offline);
    this.#renderPauses(totals);
    this.#renderLink(transfer, phase);
    if (transfer.problem) this.notice(words.problemText(transfer.problem));
    if (phase !== this.#phase) this.#enter(phase, totals);
    else if (phase === 'sending') this.#sayQuarter(totals);
  }

  /**
   * @param {Phase} phase
   * @param {Totals} totals
   * @param {boolean} offline
   */
  #renderTotals(phase, totals, offline) {
    const { headline, percent, total, totals: figures } = this.#page;
    const share = totals.bytes > 0 ? totals.sentBytes / totals.bytes : Number(phase !== 'sending');
    total.value = share;
    // What S3 has of files that are not at hand is not counted before they are.
    write(percent, phase === 'paused' && totals.absent > 0 ? '' : words.percentText(share));
    write(headline, words.headline(phase, totals));
    document.title = words.titleFor(phase, share);
    const text = words.totalsText(phase, totals, offline);
    if (phase === this.#phase && offline === this.#offline && this.#resting) return;
    if (offline !== this.#offline) this.say(offline ? words.said.offline() : words.said.online());
    this.#offline = offline;
    // Looked at again without news, too: these may be behind the bar, and what has stalled gets slower.
    this.#rest(phase === 'sending' || text !== figures.textContent ? FIGURES_MS : 0);
    write(figures, text);
  }

  /** Leaves the figures as they are. @param {number} ms after which they are looked at; not at all if 0 */
  #rest(ms) {
    clearTimeout(this.#resting);
    const over = () => {
      this.#resting = undefined;
      this.changed(null);
    };
    this.#resting = ms > 0 ? setTimeout(over, ms) : undefined;
  }

  /** @param {Totals} totals */
  #renderPauses({ pausable, paused, absent }) {
    const { add, pauseAll, resumeAll } = this.#page;
    const { activeElement } = document;
    pauseAll.hidden = pausable === 0;
    resumeAll.hidden = pausable > 0 || paused === absent;
    // The one has taken the other's place under the finger.
    if (activeElement === pauseAll && pauseAll.hidden && !resumeAll.hidden) resumeAll.focus();
    if (activeElement === resumeAll && resumeAll.hidden && !pauseAll.hidden) pauseAll.focus();
    add.classList.toggle('primary', absent > 0);
    add.classList.toggle('quiet', absent === 0);
    write(/** @type {HTMLElement} */ (add.querySelector('span')), absent > 0 ? words.buttons.chooseFiles() : words.buttons.addFiles());
  }

  /**
   * @param {Transfer} transfer
   * @param {Phase} phase
   */
  #renderLink({ link, expiresAt }, phase) {
    const { link: box, address, linkNote, options, log } = this.#page;
    if (!link) return;
    box.hidden = false;
    options.hidden = log.hidden = phase === 'ended';
    write(linkNote, words.linkNote(phase, expiresAt));
    const href = new URL(link, document.baseURI).href;
    const live = phase === 'ready';
    if (address.textContent === href && (address.firstElementChild !== null) === live) return;
    if (live) {
      const anchor = Object.assign(document.createElement('a'), { href, textContent: href });
      anchor.dataset['testid'] = 'transfer-link';
      address.replaceChildren(anchor);
    } else address.textContent = href;
    this.#share.show(live ? href : '');
  }

  /**
   * @param {Phase} phase
   * @param {Totals} totals
   */
  #enter(phase, totals) {
    const { card, copy, more, cancel, again, addMore, delete: deletes } = this.#page;
    const over = phase === 'ready' || phase === 'ended';
    const before = this.#phase;
    this.#phase = phase;
    card.dataset['phase'] = phase;
    const ready = phase === 'ready';
    copy.classList.toggle('primary', ready);
    more.hidden = over;
    cancel.hidden = over;
    again.hidden = !over;
    addMore.hidden = deletes.hidden = !ready;
    this.#notify.offer(phase === 'sending' || phase === 'checking');
    this.#actions.entered(phase);
    if (phase === 'paused') this.say(words.said.paused());
    if (phase === 'ended') this.say(words.said.ended());
    if (phase === 'sending' && before !== 'checking') this.say(words.said.started(totals.files));
    if (ready) {
      this.#notify.ready(this.#page.address.textContent);
      this.say(words.said.ready());
      copy.focus();
    }
  }

  /** @param {Totals} totals */
  #sayQuarter({ sentBytes, bytes }) {
    const quarter = bytes > 0 ? Math.floor((sentBytes / bytes) * 4) : 0;
    if (quarter > this.#quarter && quarter < 4) this.say(words.said.reached(quarter / 4));
    this.#quarter = quarter;
  }

  /** @param {Entry} entry */
  #sayFailed({ name, problem }) {
    if (problem) this.say(words.said.failed(name, words.problemText(problem)));
  }

  async #copy() {
    const { address, copy } = this.#page;
    const label = /** @type {HTMLElement} */ (copy.querySelector('span'));
    if (!(await this.#copied(address))) return;
    label.textContent = words.buttons.copied();
    setTimeout(() => (label.textContent = words.buttons.copy()), COPIED_MS);
  }

  /** @param {HTMLElement} address whose text is wanted @returns {Promise<boolean>} whether the browser let us */
  async #copied(address) {
    try {
      await navigator.clipboard.writeText(address.textContent);
    } catch {
      getSelection()?.selectAllChildren(address);
      this.notice(words.copyByHand());
      return false;
    }
    this.say(words.said.copied());
    return true;
  }

  /** The whole window takes files. @param {(data: DataTransfer) => void} drop */
  #takeDrops(drop) {
    const { classList } = document.body;
    /** @param {DragEvent} event */
    const hasFiles = ({ dataTransfer }) => dataTransfer?.types.includes('Files') ?? false;
    addEventListener('dragover', (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (event.dataTransfer) event.dataTransfer.dropEffect = 'copy';
      classList.add('dragging');
    });
    addEventListener('dragleave', ({ relatedTarget }) => {
      if (relatedTarget === null) classList.remove('dragging');
    });
    addEventListener('drop', (event) => {
      classList.remove('dragging');
      if (!event.dataTransfer || !hasFiles(event)) return;
      event.preventDefault();
      drop(event.dataTransfer);
    });
    addEventListener('paste', ({ clipboardData }) => {
      if (clipboardData?.types.includes('Files')) drop(clipboardData);
    });
  }
}

/**
 * @param {HTMLElement} target
 * @param {string} text
 */
function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * @template {HTMLElement} E
 * @param {string} id
 * @param {new () => E} type
 * @returns {E}
 */
function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}
