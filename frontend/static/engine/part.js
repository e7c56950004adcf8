/**
 * One part on its way: one PUT to S3. By XMLHttpRequest, because fetch has no upload progress. Tries once; what a
 * failure means is in PartError.
 */

/** @import {Signed} from './signer.js' */

/** S3's codes of a 400 that a fresh URL, or only another try, puts right. */
const HEALING_400 = ['ExpiredToken', 'RequestTimeTooSkewed', 'RequestTimeout', 'BadDigest', 'IncompleteBody'];
/**
 * S3's codes of a 409 while another write to the same key is in progress, such as an earlier try whose response was
 * lost. S3 says to retry: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html (If-None-Match).
 */
const PASSING_409 = ['ConditionalRequestConflict', 'OperationAborted'];

export class PartError extends Error {
  /**
   * @param {number} status 0 if there was no answer
   * @param {string} code S3's, or ours for what did not come from S3
   */
  constructor(status, code) {
    super(`${status} ${code}`);
    this.name = 'PartError';
    this.status = status;
    this.code = code;
  }

  /** Whether the network or S3 is in trouble, which passes: no try is counted against the part. */
  get passing() {
    const { status, code } = this;
    return status === 0 || status === 408 || status === 429 || status >= 500 || (status === 409 && PASSING_409.includes(code));
  }

  /** Whether another try with a fresh URL may well succeed. */
  get canHeal() {
    const { status, code, passing } = this;
    return passing || status === 403 || (status === 400 && HEALING_400.includes(code));
  }

  /** Whether less at one time may be what helps. */
  get tooMuch() {
    const { status, code } = this;
    return status === 503 || status === 429 || status === 408 || code === 'stalled' || code === 'RequestTimeout';
  }
}

/**
 * @typedef {object} Sending
 * @property {Signed} signed
 * @property {ArrayBuffer} bytes
 * @property {AbortSignal} signal aborts the request at once
 * @property {(bytes: number) => void} onProgress bytes that have left so far; all of them when the body is out
 */

/** @typedef {(sending: Sending) => Promise<void>} Send resolves when S3 has the part, rejects with a PartError */

/** @type {Send} */
export function sendPart({ signed, bytes, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new PartError(0, 'stopped'));
      return;
    }
    const xhr = new XMLHttpRequest();
    const stop = () => xhr.abort();
    xhr.open('PUT', signed.url);
    for (const [name, value] of Object.entries(signed.headers)) xhr.setRequestHeader(name, value);
    xhr.upload.onprogress = ({ loaded }) => onProgress(loaded);
    xhr.upload.onload = () => onProgress(bytes.byteLength);
    xhr.onloadend = () => {
      signal.removeEventListener('abort', stop);
      // 412: an earlier try did land, its answer was lost.
      if ((xhr.status >= 200 && xhr.status < 300) || xhr.status === 412) resolve();
      else reject(new PartError(xhr.status, codeIn(xhr.responseText)));
    };
    signal.addEventListener('abort', stop);
    // Not the file's slice, on whose second one Safari hangs; and not the buffer, which DevTools and what drives
    // browsers through it copy as text (100 MiB: 25 s instead of 2 s).
    xhr.send(new Blob([bytes]));
  });
}

/** @param {string} xml S3's error document */
function codeIn(xml) {
  return /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? 'unknown';
}
