import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Api, ApiError } from '../static/engine/api.js';

const CREATED = { id: 'T', owner_token: 'secret', link: 't/T', files: [], urls: [], cursor: '0', expires_at: '' };

/** @param {...(Response | Error)} answers one for each request */
function setUp(...answers) {
  /** @type {{address: string, init: RequestInit}[]} */
  const requests = [];
  const ask = /** @type {typeof fetch} */ (
    async (address, init = {}) => {
      requests.push({ address: String(address), init });
      const answer = answers.shift();
      if (!(answer instanceof Response)) throw answer ?? new Error('unexpected');
      return answer;
    }
  );
  return { api: new Api('../', { fetch: ask, now: () => Date.UTC(2026, 0, 1) }), requests };
}

/** @param {unknown} body @param {ResponseInit} [init] */
const json = (body, init) => new Response(JSON.stringify(body), init);

test('the owner’s token goes with whatever is asked of the own transfer, and with nothing else', async () => {
  const { api, requests } = setUp(json(CREATED), json({ urls: [], settled: [] }), json({}), json({}));
  await api.create([], []);
  await api.sign([]);
  await api.status('7');
  await api.status('', { id: 'other', check: [1, 2] });
  const tokens = requests.map(({ init }) => /** @type {Record<string, string>} */ (init.headers)['authorization']);
  assert.deepEqual(tokens, [undefined, 'Bearer secret', 'Bearer secret', undefined]);
  assert.equal(requests[2]?.address, '../api/transfers/T?since=7&urls=false');
  assert.equal(requests[3]?.address, '../api/transfers/other?since=&check=1%2C2');
});

test('an error has the server’s code and words, and its missing parts', async () => {
  const body = { error: { code: 'parts_missing', message: 'Some are missing.', request_id: 'r', parts: [2, 5] } };
  const { api } = setUp(json(body, { status: 409 }));
  await assert.rejects(api.complete(1), (error) => {
    assert(error instanceof ApiError);
    const { status, code, message, parts, canHeal } = error;
    assert.deepEqual({ status, code, message, parts, canHeal }, {
      status: 409, code: 'parts_missing', message: 'Some are missing.', parts: [2, 5], canHeal: false,
    });
    return true;
  });
});

test('a limit of the day is told with its time, and does not heal in a moment', async () => {
  const free_at = '2026-11-25T00:00:00Z';
  const error = { code: 'over_daily_limit', message: 'Today’s.', limit: 'max_bytes_per_day', most: 7, free_at };
  const { api } = setUp(json({ error }, { status: 429 }));
  await assert.rejects(api.create([], []), (problem) => {
    assert(problem instanceof ApiError);
    assert.deepEqual(problem.over, { limit: 'max_bytes_per_day', most: 7, freeAt: free_at });
    assert(!problem.canHeal);
    return true;
  });
});

for (const [what, answer] of /** @type {[string, Response | Error][]} */ ([
  ['no answer', new TypeError('Failed to fetch')],
  ['a gateway’s page', new Response('<html>', { status: 502 })],
  ['a success that is not JSON', new Response('<html>')],
  ['too many requests', json({ error: {} }, { status: 429 })],
])) {
  test(`${what} may heal`, async () => {
    await assert.rejects(setUp(answer).api.complete(1), (error) => error instanceof ApiError && error.canHeal);
  });
}

test('an empty answer to a deletion is fine', async () => {
  assert.equal(await setUp(new Response(null, { status: 204 })).api.remove(), null);
});

test('knows how far the server’s clock is ahead', async () => {
  const { api } = setUp(json(CREATED, { headers: { date: 'Thu, 01 Jan 2026 01:00:00 GMT' } }));
  await api.create([], []);
  assert.equal(api.skew, 3_600_000);
});
