/**
 * How a file is cut into parts: the rule of backend/rules/transfer.py, known here so that hashing can begin before the server
 * has been asked. No part is sliced or even listed before it is needed: a file may have 10,000.
 */

export const MiB = 1024 * 1024;

const LEAST_PART = 16 * MiB;
const MOST_PARTS = 10_000;

/**
 * @typedef {object} Plan
 * @property {number} size bytes of the file
 * @property {number} partSize bytes of every part but the last
 * @property {number} partCount at least 1: an empty file is one empty part
 */

/**
 * @param {number} size bytes
 * @returns {Plan}
 */
export function planOf(size) {
  const partSize = Math.max(LEAST_PART, Math.ceil(Math.ceil(size / MOST_PARTS) / MiB) * MiB);
  return { size, partSize, partCount: Math.max(1, Math.ceil(size / partSize)) };
}

/**
 * @param {Plan} plan
 * @param {number} number 1 for the first part
 * @returns {{start: number, end: number}} byte range, `end` exclusive
 */
export function rangeOf({ size, partSize }, number) {
  return { start: (number - 1) * partSize, end: Math.min(number * partSize, size) };
}
