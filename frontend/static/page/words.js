/**
 * Everything the pages' scripts say, in one place: another language is another module like this one. What stands
 * still on a page is in its template.
 */

import { bytes, count, day, deadline, duration, moment, percent } from './format.js';

/** @import {FileState, Status} from '../engine/api.js' */
/** @import {Entry, Problem} from '../engine/entry.js' */
/** @import {Kept, Mine} from '../engine/store.js' */
/** @import {Phase, Totals} from '../engine/transfer.js' */

/** @param {number} number */
const files = (number) => `${count(number)} ${number === 1 ? 'file' : 'files'}`;

/** @param {string} name cut, because a label is read aloud to its end */
const called = (name) => (name ? name.slice(0, 200) : noName);

export const noName = '(no name)';

/** @type {Record<Problem['kind'], (limit: number) => string>} what happened, and what to do now */
const PROBLEMS = {
  too_large: (limit) => `Too large: one file may have up to ${bytes(limit)}. Split it, or leave it out.`,
  unreadable: () =>
    'This file can’t be read. It may have been moved, changed or deleted: remove it here and add it again.',
  changed: () => 'This file has changed since it was chosen. Try again to send it as it is now, or remove it.',
  refused: () => 'This file was not accepted. Try again, or remove it.',
  rejected: () => 'What arrived is not what was sent. Try again.',
  ended: () => 'This transfer has expired or was deleted. Send the files again.',
  still_there: () =>
    'Sidestep couldn’t be reached to delete what had been sent. It will be deleted when the link ends.',
};

/**
 * @param {Problem} problem
 * @param {number} [limit] bytes that one file may have
 */
export const problemText = ({ kind, message }, limit = 0) => message || PROBLEMS[kind](limit);

/**
 * @param {Entry} entry
 * @param {number} limit bytes that one file may have
 */
export function stateText({ state, size, sentBytes, problem, troubled, absent }, limit) {
  if (state === 'failed' && problem) return problemText(problem, limit);
  if (state === 'uploading' && troubled) return 'Connection lost. Trying again…';
  if (absent) return 'Choose or drop it again';
  if (state === 'uploading') return sentBytes === size ? 'Finishing…' : percent(sentBytes / size);
  const texts = { waiting: 'Waiting', paused: 'Paused', checking: 'Finishing…', stored: 'Sent', failed: '', removed: '' };
  return texts[state];
}

/** How a recipient sees a file's state; that it is there, the button says. @type {Record<FileState, string>} */
export const fileStateText = { pending: 'On its way', stored: '', failed: 'Failed', removed: '' };

/**
 * @param {Phase} phase
 * @param {Totals} totals
 */
export function headline(phase, { files: total, stored, failed, absent }) {
  if (phase === 'sending') return `Sending ${files(total)}`;
  if (phase === 'paused') return absent > 0 ? `Waiting for ${files(absent)}` : 'Paused';
  if (phase === 'ended') return 'This transfer has ended';
  if (phase === 'checking') return 'Finishing…';
  if (phase === 'ready') return 'Your link is ready';
  return stored > 0 ? `${files(failed)} couldn’t be sent` : 'Nothing could be sent';
}

/**
 * @param {Phase} phase
 * @param {Totals} totals
 * @param {boolean} offline
 */
export function totalsText(phase, { files: total, failed, absent, bytes: all, sentBytes, speed, secondsLeft }, offline = false) {
  if (phase === 'ready') return `${files(total)}, ${bytes(all)}${failed > 0 ? `. ${files(failed)} left out.` : ''}`;
  if (phase === 'stuck') return 'Try again, or remove what failed.';
  if (phase === 'ended') return 'It has expired or was deleted, and can’t go on.';
  const parts = [`${bytes(sentBytes)} of ${bytes(all)}`];
  if (absent > 0 && phase === 'paused') {
    return `Choose or drop ${absent === 1 ? 'it' : 'them'} again, and sending goes on where it stopped.`;
  }
  if (offline && phase !== 'paused') return [...parts, 'You are offline. Sending goes on by itself when you are back.'].join(' · ');
  if (phase === 'sending' && speed !== null) parts.push(`${bytes(speed)}/s`);
  if (phase === 'sending' && secondsLeft !== null) parts.push(`${duration(secondsLeft)} left`);
  return parts.join(' · ');
}

/**
 * @param {Phase} phase
 * @param {string} expiresAt ISO 8601
 */
export function linkNote(phase, expiresAt) {
  if (phase === 'ready') return `Anyone with this link can download until ${day(expiresAt)}.`;
  if (phase === 'stuck') return 'Goes live when the failed files are sent or removed.';
  if (phase === 'ended') return 'This link doesn’t work any more.';
  return 'Goes live when the last file has arrived. You can share it already.';
}

export const title = 'Sidestep: send files of any size';
/**
 * @param {Phase} phase
 * @param {number} share
 */
export function titleFor(phase, share) {
  if (phase === 'ready') return 'Link ready · Sidestep';
  if (phase === 'stuck' || phase === 'ended') return 'Not sent · Sidestep';
  return `${phase === 'paused' ? 'Paused at ' : ''}${percent(share)} · Sidestep`;
}

export const said = {
  /** @param {number} number */
  started: (number) => `Sending ${files(number)}.`,
  /** @param {number} share */
  reached: (share) => `${percent(share)} sent.`,
  ready: 'All files have arrived. The link is live.',
  offline: 'You are offline. Sending goes on by itself when you are back.',
  online: 'You are online again.',
  paused: 'Paused.',
  ended: 'This transfer has expired or was deleted.',
  discarded: 'Discarded. Nothing was kept.',
  copied: 'Link copied.',
  /** @param {string} name @param {string} problem */
  failed: (name, problem) => `${called(name)}: ${problem}`,
  cancelled: 'Cancelled. Nothing was kept.',
  deleted: 'Deleted. The link does not work any more.',
  /** @param {string} name */
  removed: (name) => `${called(name)} removed.`,
};

export const buttons = {
  copy: 'Copy link',
  copied: 'Copied',
  pause: 'Pause',
  resume: 'Resume',
  addFiles: 'Add files',
  chooseFiles: 'Choose files',
  /** @param {string} name */
  pauseOne: (name) => `Pause ${called(name)}`,
  /** @param {string} name */
  resumeOne: (name) => `Resume ${called(name)}`,
  /** @param {string} name */
  remove: (name) => `Remove ${called(name)}`,
  /** @param {string} name */
  retry: (name) => `Try again: ${called(name)}`,
  /** @param {string} name */
  download: (name) => `Download ${called(name)}`,
  /** @param {number} number */
  more: (number) => `${files(number)} more`,
  /** @param {string} name */
  progress: (name) => `${called(name)}: sent`,
};

/** What is left of an earlier visit. */
export const unfinished = {
  /** @param {Kept} kept @param {boolean} busy whether another tab has it */
  headline: ({ files: [first, ...others] }, busy) => {
    const name = called(first?.name.split('/').pop() ?? '');
    const what = others.length > 0 ? `“${name}” and ${count(others.length)} more ${others.length === 1 ? 'file' : 'files'}` : `“${name}”`;
    if (busy) return `${what} ${others.length > 0 ? 'are' : 'is'} being sent in another tab`;
    return `Sending ${what} was interrupted`;
  },
  /** @param {Kept} kept @param {boolean} busy */
  note: ({ files: all, expiresAt }, busy) => {
    const size = bytes(all.reduce((sum, file) => sum + file.size, 0));
    return busy ? `${size} in all. Leave that tab open.` : `${size} in all. You can go on until ${deadline(expiresAt)}.`;
  },
};

export const optionTexts = {
  atOnce: 'Each change is saved at once.',
  saving: 'Saving…',
  notSaved: 'This could not be saved. Change it again to retry.',
  passwordSet: 'A password is set. Type to change it.',
  saved: {
    title: 'Title saved.',
    message: 'Message saved.',
    expires_in: 'Expiry saved.',
    max_downloads: 'Download limit saved.',
    password: 'Password saved. Tell it to those who get the link.',
    noPassword: 'Password removed.',
  },
};

export const shareTexts = {
  subject: 'Files for you',
  /** @param {string} link */
  body: (link) => `Here are files for you:\n\n${link}\n`,
};

export const logTexts = {
  /** @param {number} number @param {boolean} more */
  summary: (number, more) => {
    if (number === 0) return 'Nobody has downloaded anything yet.';
    return `${more ? 'The latest ' : ''}${count(number)} ${number === 1 ? 'download' : 'downloads'}, newest first.`;
  },
  /** @param {string} moment @param {string} size @param {string} source */
  line: (moment, size, source) => `${moment} · ${size} · ${source}`,
  unreachable: 'The downloads could not be loaded. Close this and open it again.',
  copied: 'Private link copied.',
};

/** All files as one zip. */
export const allTexts = {
  /** @param {string} size */
  download: (size) => `Download all as one zip (${size})`,
  cancel: 'Cancel the download',
  /** @param {string} share @param {string} come @param {string} total */
  progress: (share, come, total) => `${share}: ${come} of ${total}. Leave this page open until it is done.`,
  /** @param {number} number */
  saved: (number) => `${files(number)} saved as one zip.`,
  cancelled: 'Cancelled.',
  tooLarge: 'This browser can’t save so much as one file. Download the files one by one.',
  gone: 'A file can’t be downloaded any more: its limit is reached, or the transfer has ended.',
  failed: 'This did not work. Try again, or download the files one by one.',
};

/** What was sent from this device. */
export const mineText = {
  /** @param {Mine} mine */
  name: ({ name }) => called(name),
  /** @param {Mine} mine */
  note: ({ files: all, bytes: size, expiresAt }) => `${files(all)}, ${bytes(size)} · until ${deadline(expiresAt)}`,
  /** @param {Mine} mine */
  open: ({ name }) => `Open ${called(name)}`,
};

/** @param {number} leftOut @param {number} most */
export const tooMany = (leftOut, most) =>
  `One transfer holds up to ${files(most)}; ${count(leftOut)} were left out. ` +
  'Send them as another transfer, or as one archive.';
export const nothingThere = 'There was no file in that. Drop or choose files or folders.';
export const copyByHand = 'Your browser didn’t allow copying. The link is selected: copy it with your keyboard.';
export const reallyDelete = 'Delete these files for everybody? The link stops working at once.';
export const insecure = 'Sidestep needs a secure address. Open this page by https and try again.';

/**
 * @param {Status['state']} state
 * @param {Status['counts']} counts
 */
export function recipientSummary(state, { files: total, stored }) {
  if (state === 'ready') return files(total);
  return `${count(stored)} of ${files(total)} ${total === 1 ? 'has' : 'have'} arrived. This page updates by itself.`;
}

export { bytes as sizeText, moment as momentText, percent as percentText };
