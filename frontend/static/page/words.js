/** Everything the pages' scripts say: which text of the catalogue when, and what stands in it. */

import { sentences, t } from './catalogue.js';
import { bytes, count, day, deadline, duration, moment, percent, stamp } from './format.js';

/** @import {Listed} from '../engine/api.js' */
/** @import {FileState, Status} from '../engine/api.js' */
/** @import {Entry, Problem} from '../engine/entry.js' */
/** @import {Kept, Mine} from '../engine/store.js' */
/** @import {Phase, Totals} from '../engine/transfer.js' */

/** @param {string} name cut, because a label is read aloud to its end */
const called = (name) => (name ? name.slice(0, 200) : noName());

export const noName = () => t('no_name');

/**
 * What happened, and what to do now.
 *
 * @param {Problem} problem
 */
export const problemText = ({ kind, message, most = 0, freeAt }) =>
  message || t(`problem.${kind}`, { n: most, size: bytes(most), moment: freeAt ? deadline(freeAt) : '' });

/** @param {Entry} entry */
export function stateText({ state, size, sentBytes, problem, troubled, absent }) {
  if (state === 'failed' && problem) return problemText(problem);
  if (state === 'uploading' && troubled) return t('state.troubled');
  if (absent) return t('state.absent');
  if (state === 'uploading') return sentBytes === size ? t('state.finishing') : percent(sentBytes / size);
  if (state === 'checking') return t('state.finishing');
  return state === 'failed' || state === 'removed' ? '' : t(`state.${state}`);
}

/**
 * How a recipient sees a file's state; that it is there, the button says.
 *
 * @param {FileState} state
 * @param {{left?: number | undefined, share?: number | undefined}} [known] downloads left, where there is a limit; how much of it has arrived
 */
export function fileStateText(state, { left, share } = {}) {
  if (state === 'pending' && share) return `${t('state.pending')} · ${percent(share)}`;
  if (state === 'pending' || state === 'failed') return t(`state.${state}`);
  if (state === 'removed' || left === undefined) return '';
  return left === 0 ? t('transfer.none_left') : t('transfer.downloads_left', { n: left });
}

/**
 * @param {Phase} phase
 * @param {Totals} totals
 */
export function headline(phase, { files, stored, failed, absent }) {
  if (phase === 'sending') return t('headline.sending', { n: files });
  if (phase === 'paused') return absent > 0 ? t('headline.waiting', { n: absent }) : t('headline.paused');
  if (phase === 'ended') return t('headline.ended');
  if (phase === 'checking') return t('state.finishing');
  if (phase === 'ready') return t('headline.ready');
  return stored > 0 ? t('headline.some_failed', { n: failed }) : t('headline.nothing');
}

/**
 * @param {Phase} phase
 * @param {Totals} totals
 * @param {boolean} offline
 */
export function totalsText(phase, { files, failed, absent, bytes: all, sentBytes, speed, secondsLeft }, offline = false) {
  if (phase === 'ready') {
    const ready = t('totals.ready', { n: files, size: bytes(all) });
    return failed > 0 ? `${ready} · ${t('totals.left_out', { n: failed })}` : ready;
  }
  if (phase === 'stuck' || phase === 'ended') return t(`totals.${phase}`);
  if (absent > 0 && phase === 'paused') return t('totals.absent', { n: absent });
  const parts = [t('totals.sent', { sent: bytes(sentBytes), all: bytes(all) })];
  if (offline && phase !== 'paused') return [...parts, t('totals.offline')].join(' · ');
  if (phase === 'sending' && speed !== null) parts.push(t('totals.speed', { size: bytes(speed) }));
  if (phase === 'sending' && secondsLeft !== null) parts.push(t('totals.left', { time: duration(secondsLeft) }));
  return parts.join(' · ');
}

/**
 * @param {Phase} phase
 * @param {string} expiresAt ISO 8601
 */
export function linkNote(phase, expiresAt) {
  if (phase === 'ready') return t('link.ready', { day: day(expiresAt) });
  return phase === 'stuck' || phase === 'ended' ? t(`link.${phase}`) : t('link.coming');
}

export const title = () => t('page.upload.title');
/**
 * @param {Phase} phase
 * @param {number} share
 */
export function titleFor(phase, share) {
  if (phase === 'ready') return t('title.ready');
  if (phase === 'stuck' || phase === 'ended') return t('title.stuck');
  return t(phase === 'paused' ? 'title.paused' : 'title.sending', { percent: percent(share) });
}

export const said = {
  /** @param {number} n */
  started: (n) => t('said.started', { n }),
  /** @param {number} share */
  reached: (share) => t('said.reached', { percent: percent(share) }),
  ready: () => t('said.ready'),
  offline: () => t('totals.offline'),
  online: () => t('said.online'),
  paused: () => t('said.paused'),
  ended: () => t('said.ended'),
  discarded: () => t('said.discarded'),
  copied: () => t('said.copied'),
  /** @param {string} name @param {string} problem */
  failed: (name, problem) => t('said.failed', { name: called(name), problem }),
  cancelled: () => t('said.cancelled'),
  deleted: () => t('said.deleted'),
  /** @param {string} name */
  removed: (name) => t('said.removed', { name: called(name) }),
};

export const buttons = {
  copy: () => t('button.copy'),
  copied: () => t('button.copied'),
  addFiles: () => t('button.add_files'),
  chooseFiles: () => t('button.choose_files'),
  /** @param {string} name */
  copyPublic: (name) => t('button.copy_public', { name: called(name) }),
  /** @param {string} name */
  pauseOne: (name) => t('button.pause_one', { name: called(name) }),
  /** @param {string} name */
  resumeOne: (name) => t('button.resume_one', { name: called(name) }),
  /** @param {string} name */
  remove: (name) => t('button.remove_one', { name: called(name) }),
  /** @param {string} name */
  retry: (name) => t('button.retry_one', { name: called(name) }),
  /** @param {string} name */
  download: (name) => t('button.download_one', { name: called(name) }),
  /** @param {string} name */
  lookAt: (name) => t('button.look_at', { name: called(name) }),
  /** @param {number} n */
  more: (n) => t('button.more', { n }),
  /** @param {string} name */
  progress: (name) => t('label.progress', { name: called(name) }),
};

/** What is left of an earlier visit. */
export const unfinished = {
  /** @param {Kept} kept @param {boolean} busy whether another tab has it */
  headline: ({ files: [first, ...others] }, busy) => {
    const name = called(first?.name.split('/').pop() ?? '');
    const n = others.length;
    const what = n > 0 ? t('unfinished.several', { name, n }) : t('unfinished.one', { name });
    return busy ? t('unfinished.busy', { what, n: n + 1 }) : t('unfinished.interrupted', { what });
  },
  /** @param {Kept} kept @param {boolean} busy */
  note: ({ files, expiresAt }, busy) => {
    const size = bytes(files.reduce((sum, file) => sum + file.size, 0));
    return busy ? t('unfinished.leave_tab', { size }) : t('unfinished.until', { size, deadline: deadline(expiresAt) });
  },
};

export const optionTexts = {
  atOnce: () => t('options.at_once'),
  saving: () => t('options.saving'),
  notSaved: () => t('options.not_saved'),
  passwordSet: () => t('options.password_set'),
  /** @param {'title' | 'message' | 'expires_in' | 'max_downloads' | 'password' | 'no_password'} what */
  saved: (what) => t(`options.saved.${what}`),
};

export const shareTexts = {
  subject: () => t('share.subject'),
  /** @param {string} link */
  body: (link) => t('share.body', { link }),
};

export const notifyTexts = { ready: () => t('headline.ready') };

export const logTexts = {
  /** @param {number} n @param {boolean} more */
  summary: (n, more) => (n === 0 ? t('log.none') : t(more ? 'log.latest' : 'log.all', { n })),
  /** @param {string} at @param {string} size @param {string} source */
  line: (at, size, source) => `${at} · ${size} · ${source}`,
  unreachable: () => t('log.unreachable'),
  copied: () => t('log.copied'),
};

/** All files as one zip. */
export const allTexts = {
  /** @param {string} size */
  download: (size) => t('all.download', { size }),
  cancel: () => t('all.cancel'),
  /** @param {number} share @param {number} come @param {number} all bytes, both */
  progress: (share, come, all) => t('all.progress', { percent: percent(share), come: bytes(come), all: bytes(all) }),
  /** @param {number} n */
  saved: (n) => t('all.saved', { n }),
  cancelled: () => t('all.cancelled'),
  /** @param {'too_large' | 'gone' | 'failed'} problem */
  problem: (problem) => t(`all.${problem}`),
};

/** What was sent from this device. */
export const mineText = {
  /** @param {Mine} mine */
  name: ({ name }) => called(name),
  /** @param {Mine} mine */
  note: ({ files, bytes: size, expiresAt }) => t('mine.note', { n: files, size: bytes(size), deadline: deadline(expiresAt) }),
  /** @param {Mine} mine */
  open: ({ name }) => t('button.open_one', { name: called(name) }),
};

export const operatorText = {
  /** @param {Listed} listed */
  line: ({ state, files, bytes: size, downloads, created, expires_at: expiresAt, sender }) =>
    t('operator.line', {
      state: t(`operator.state.${state}`),
      files: t('files', { n: files }),
      size: bytes(size),
      downloads: t('operator.downloads', { n: downloads }),
      created: stamp(created),
      deadline: stamp(expiresAt),
      sender: sender ?? '–',
    }),
  /** @param {Listed} listed */
  reports: ({ reports }) => t('operator.reports', { n: reports }),
  /** @param {Listed} listed */
  open: ({ id }) => t('button.open_one', { name: id }),
  /** @param {Listed} listed */
  block: ({ id }) => t('button.block_one', { name: id }),
  /** @param {Listed} listed */
  blocked: ({ id }) => t('operator.blocked', { name: id }),
  only: () => t('operator.only'),
  failed: () => t('operator.failed'),
  reallyBlock: () => t('operator.really_block'),
};

/** @param {number} n those left out @param {number} most */
export const tooMany = (n, most) => t('notice.too_many', { n, most: t('files', { n: most }) });
export const nothingThere = () => t('notice.nothing_there');
export const copyByHand = () => t('notice.copy_by_hand');
export const reallyDelete = () => t('notice.really_delete');
export const insecure = () => t('notice.insecure');
export const signInFailed = () => t('notice.sign_in_failed');

/** What a recipient sees and hears of the whole. */
export const received = {
  /**
   * @param {Status['state']} state
   * @param {Status['counts']} counts
   * @param {{come: number, all: number} | null} known null while not all files are known
   */
  summary: (state, counts, known) =>
    state === 'ready' ? t('files', { n: counts.files }) : sentences(received.progress(counts, known), t('transfer.updates')),
  /**
   * @param {Status['counts']} counts
   * @param {{come: number, all: number} | null} known
   */
  progress: ({ files, stored }, known) =>
    sentences(
      known ? t('transfer.share', { percent: percent(known.all > 0 ? known.come / known.all : 0), come: bytes(known.come), all: bytes(known.all) }) : '',
      files > 1 ? t('transfer.arrived', { n: files, stored: count(stored) }) : '',
    ),
  ready: () => t('transfer.ready'),
  /** @param {number} n files @param {number} size */
  folder: (n, size) => `${t('files', { n })} · ${bytes(size)}`,
  /** @param {string} name @param {number} size */
  zip: (name, size) => t('button.zip', { name: called(name), size: bytes(size) }),
};

export { bytes as sizeText, moment as momentText, percent as percentText };
