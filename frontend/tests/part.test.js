import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { PartError, sendPart } from '../static/engine/part.js';

/** Does what the test says instead of what a network says. */
class FakeXhr {
  /** @type {FakeXhr | null} */
  static last = null;
  status = 0;
  responseText = '';
  upload = { onprogress: (/** @type {{loaded: number}} */ _event) => {}, onload: () => {} };
  onloadend = () => {};
  /** @type {Record<string, string>} */
  headers = {};
  /** @type {unknown} */
  body = null;

  constructor() {
    FakeXhr.last = this;
  }

  open() {}
  /** @param {string} name @param {string} value */
  setRequestHeader(name, value) {
    this.headers[name] = value;
  }
  /** @param {unknown} body */
  send(body) {
    this.body = body;
  }
  abort() {
    this.end(0);
  }
  /** @param {number} status @param {string} [text] */
  end(status, text = '') {
    Object.assign(this, { status, responseText: text });
    this.onloadend();
  }
}

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  Object.assign(globalThis, { XMLHttpRequest: FakeXhr });
});
afterEach(() => {
  mock.timers.reset();
  Reflect.deleteProperty(globalThis, 'XMLHttpRequest');
});

function send({ signal = new AbortController().signal, onProgress = (/** @type {number} */ _bytes) => {} } = {}) {
  const signed = { url: 'https://s3/1', headers: { 'x-amz-checksum-sha256': 'abc' }, until: 0 };
  const bytes = new ArrayBuffer(8);
  const sent = sendPart({ signed, bytes, signal, onProgress });
  return { sent, bytes, xhr: /** @type {FakeXhr} */ (FakeXhr.last) };
}

/** @param {number} status @param {string} code @param {boolean} canHeal */
const partError = (status, code, canHeal) => (/** @type {unknown} */ error) =>
  error instanceof PartError && error.status === status && error.code === code && error.canHeal === canHeal;

test('sends the bytes with exactly the signed headers', async () => {
  const { sent, bytes, xhr } = send();
  xhr.end(200);
  await sent;
  assert(xhr.body instanceof Blob);
  assert.deepEqual(await xhr.body.arrayBuffer(), bytes);
  assert.deepEqual(xhr.headers, { 'x-amz-checksum-sha256': 'abc' });
});

test('an abort that nobody asked for is a failure that passes', async () => {
  const { sent, xhr } = send();
  const failed = assert.rejects(sent, (error) => error instanceof PartError && error.passing);
  xhr.abort();
  await failed;
});

test('412 counts as done', async () => {
  const { sent, xhr } = send();
  xhr.end(412, '<Error><Code>PreconditionFailed</Code></Error>');
  await sent;
});

test('reports how many bytes have left', () => {
  /** @type {number[]} */
  const progress = [];
  const { xhr } = send({ onProgress: (bytes) => progress.push(bytes) });
  xhr.upload.onprogress({ loaded: 4 });
  xhr.upload.onprogress({ loaded: 8 });
  assert.deepEqual(progress, [4, 8]);
});

for (const [status, code, canHeal] of /** @type {[number, string, boolean][]} */ ([
  [503, 'SlowDown', true],
  [500, 'InternalError', true],
  [403, 'AccessDenied', true],
  [400, 'ExpiredToken', true],
  [400, 'RequestTimeTooSkewed', true],
  [400, 'BadDigest', true],
  [400, 'EntityTooLarge', false],
  [404, 'NoSuchUpload', false],
  [409, 'ConditionalRequestConflict', true],
  [409, 'OperationAborted', true],
  [409, 'BucketNotEmpty', false],
])) {
  test(`${status} ${code} ${canHeal ? 'may heal' : 'cannot heal'}`, async () => {
    const { sent, xhr } = send();
    xhr.end(status, `<Error><Code>${code}</Code></Error>`);
    await assert.rejects(sent, partError(status, code, canHeal));
  });
}

test('an abort that nobody asked for may heal', async () => {
  const { sent, xhr } = send();
  xhr.abort();
  await assert.rejects(sent, partError(0, 'unknown', true));
});

test('stops at once when told to', async () => {
  const controller = new AbortController();
  const { sent } = send({ signal: controller.signal });
  controller.abort();
  await assert.rejects(sent, PartError);
});

test('does not even start what was stopped before', async () => {
  FakeXhr.last = null;
  const { sent } = send({ signal: AbortSignal.abort() });
  await assert.rejects(sent, partError(0, 'stopped', true));
  assert.equal(FakeXhr.last, null);
});
