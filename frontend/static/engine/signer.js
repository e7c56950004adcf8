/**
 * Gets the parts their URLs: many in one call and just ahead of need, because a URL is short-lived and a call costs
 * a round trip. An expired URL is simply asked for again.
 */

import { LOOKAHEAD } from './scheduler.js';

/** @import {PartToSign, SignedParts, SignedUrl} from './api.js' */
/** @import {Part, Scheduler} from './scheduler.js' */

/**
 * @typedef {object} Signed
 * @property {string} url
 * @property {Record<string, string>} headers to be sent exactly so
 * @property {number} until ms of our clock; not to be used later than this
 */

export const MOST_IN_CALL = 100;
/**
 * What is worth a call, in shares of the lookahead: 20 large parts, so that with the first ones, whose URLs come with the
 * create call, a file needs at most one call for 16 parts; and so few that the line never runs out while it is made.
 */
const BATCH = (LOOKAHEAD * 5) / 8;
/** Sending must not only begin before a URL expires, a connection may have to be made first. */
const MARGIN_MS = 30_000;

/**
 * @param {Part} part
 * @param {number | null} [file] its file's number, where the file does not know it yet
 * @returns {PartToSign}
 */
export function toSign({ entry, number, sha256 }, file = entry.number) {
  if (file === null || sha256 === null) throw new Error('only a hashed part of a known file can be signed');
  return { file, number, sha256 };
}

/**
 * The parts to ask for now; none while a larger batch is worth waiting for.
 *
 * @param {Pick<Scheduler, 'line' | 'starving' | 'allHashed'>} scheduler
 * @returns {Part[]}
 */
export function batchFor(scheduler) {
  const unsigned = scheduler.line.filter(({ sha256, signed, entry }) => sha256 && !signed && entry.number !== null);
  const parts = unsigned.slice(0, MOST_IN_CALL);
  const full = parts.length === MOST_IN_CALL || parts.reduce((sum, part) => sum + part.share, 0) >= BATCH;
  return full || scheduler.starving || scheduler.allHashed ? parts : [];
}

export class Signer {
  #sign;
  #now;
  #asking = false;

  /**
   * @param {(parts: PartToSign[]) => Promise<SignedParts>} sign
   * @param {() => number} now the server's time in ms
   */
  constructor(sign, now) {
    this.#sign = sign;
    this.#now = now;
  }

  /**
   * Asks for what is worth asking for, one call at a time.
   *
   * @param {Scheduler} scheduler
   * @returns {Promise<{parts: Part[], settled?: SignedParts['settled'], error?: unknown} | null>} what it asked for,
   *   and what came of it besides URLs; null if nothing was worth a call
   */
  async refill(scheduler) {
    this.#forgetExpired(scheduler.line);
    const parts = this.#asking ? [] : batchFor(scheduler);
    if (parts.length === 0) return null;
    this.#asking = true;
    try {
      const { urls, settled } = await this.#sign(parts.map((part) => toSign(part)));
      this.accept(parts, urls);
      return { parts, settled };
    } catch (error) {
      return { parts, error };
    } finally {
      this.#asking = false;
    }
  }

  /**
   * @param {readonly Part[]} parts
   * @param {SignedUrl[]} urls for some of them, in any order
   */
  accept(parts, urls) {
    const wanted = new Map(parts.map((part) => [`${part.entry.number}/${part.number}`, part]));
    for (const { file, number, url, headers, expires_at } of urls) {
      const part = wanted.get(`${file}/${number}`);
      if (part) part.signed = { url, headers, until: Date.parse(expires_at) - MARGIN_MS };
    }
  }

  /** @param {readonly Part[]} line */
  #forgetExpired(line) {
    for (const part of line) if (part.signed && part.signed.until <= this.#now()) part.signed = null;
  }
}
