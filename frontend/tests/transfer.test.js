import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ApiError } from '../static/engine/api.js';
import { PartError } from '../static/engine/part.js';
import { MiB } from '../static/engine/plan.js';
import { Transfer } from '../static/engine/transfer.js';
import { FakeApi, FakeClock, FakeHasher, FakeLine, FakeNetwork, FakeStore, apiError, fakeFile, settle } from './fakes.js';

/** @param {number[]} sizes of the files that are added at once */
async function setUp(...sizes) {
  const clock = new FakeClock();
  const api = new FakeApi(clock);
  const hasher = new FakeHasher();
  const line = new FakeLine();
  const network = new FakeNetwork();
  const store = new FakeStore();
  const transfer = new Transfer({
    api, hasher, clock, network, store, send: line.send, maxFileBytes: 1024 * MiB, maxTransferBytes: 2048 * MiB, maxFiles: 10_000, changed: () => {},
  });
  transfer.add(sizes.map((size, index) => ({ name: `${index}`, file: fakeFile(size) })));
  await settle();
  return { clock, network, store, api, hasher, line, transfer };
}

/** @typedef {Awaited<ReturnType<typeof setUp>>} World */

/** Lets all that is on its way arrive, and S3 say so. @param {World} world */
async function arrive({ api, line, transfer }) {
  while (line.puts.length > 0) {
    const put = line.puts[0];
    put?.arrive();
    await settle();
    const file = Number(put?.signed.url.split('/')[0]);
    if (transfer.entries.some(({ number, plan }) => number === file && plan.partCount === 1)) api.store(file);
  }
}

/** @param {Transfer} transfer */
const states = (transfer) => transfer.entries.map(({ state }) => state);
/** @param {Transfer} transfer */
const kinds = (transfer) => transfer.entries.map(({ problem }) => problem?.kind);
/** @param {FakeApi} api @param {string} call */
const count = (api, call) => api.calls.filter((name) => name === call).length;

test('a small file needs one round trip before its first byte', async () => {
  const { api, line } = await setUp(15 * MiB);
  assert.deepEqual(api.calls, ['create']);
  assert.equal(line.puts.length, 1);
});

test('a small file is behind its link after the first poll, which waits for nothing', async () => {
  const world = await setUp(10);
  world.api.store(1);
  world.line.puts[0]?.arrive();
  await settle();
  assert.equal(world.transfer.phase, 'ready');
  assert.deepEqual(world.api.calls, ['create', 'status']);
});

test('the link has its address from the create call on', async () => {
  const { transfer } = await setUp(10);
  assert.equal(transfer.link, 't/T');
  assert.equal(transfer.phase, 'sending');
});

/**
 * Lets all connections be in use: large parts begin a little apart.
 *
 * @param {{clock: FakeClock}} world
 */
async function underWay({ clock }) {
  for (let since = 0; since <= 1500; since += 250) await clock.pass(250);
}

test('a large file is sent six parts at a time, completed and confirmed', async () => {
  const world = await setUp(200 * MiB);
  assert.equal(world.line.puts.length, 2);
  await underWay(world);
  assert.equal(world.line.puts.length, 6);
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(count(world.api, 'complete'), 1);
  assert.equal(world.transfer.phase, 'ready');
  assert.equal(new Set(world.line.tried).size, 13);
});

test('whatever is sent, all connections come into use although nothing arrives', async () => {
  const some = fc.array(fc.constantFrom(1, MiB, 5 * MiB, 17 * MiB, 40 * MiB, 100 * MiB), { minLength: 1, maxLength: 8 });
  const times = fc.array(fc.nat(400), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(some, times, async (sizes, hashMs) => {
      const world = await setUp();
      const { hasher, clock, transfer, line } = world;
      const read = hasher.read.bind(hasher);
      hasher.read = async (slice, hash) => {
        await clock.sleep(hashMs[hasher.reads % hashMs.length] ?? 0);
        return read(slice, hash);
      };
      transfer.add(sizes.map((size, index) => ({ name: `${index}`, file: fakeFile(size) })));
      await clock.pass(4000);
      const parts = transfer.entries.reduce((sum, { plan }) => sum + plan.partCount, 0);
      assert.equal(line.puts.length, Math.min(6, parts));
    }),
  );
});

test('a file of 1 GiB is signed in no more than one call per 16 parts', async () => {
  const world = await setUp(1024 * MiB);
  await arrive(world);
  assert.equal(world.line.tried.length, 64);
  assert(world.api.signed.length <= 4, `${world.api.signed.length} calls`);
});

test('as fast as people hash and send, 1 GiB takes one signing call for 16 parts, and the link is never idle', async () => {
  const world = await setUp();
  const { clock, hasher, line, transfer } = world;
  const [hashMs, stepMs, bytesAStep] = [60, 50, 2.5e6];
  const workers = [0, 0];
  hasher.read = async ({ size }) => {
    workers.sort((a, b) => a - b);
    workers[0] = Math.max(workers[0] ?? 0, clock.now()) + hashMs;
    await clock.sleep((workers[0] ?? 0) - clock.now());
    return { bytes: /** @type {ArrayBuffer} */ ({ byteLength: size }), sha256: 'hash' };
  };
  transfer.add([{ name: 'a', file: fakeFile(1024 * MiB) }]);
  await clock.pass(1000);
  /** @type {Map<string, number>} */
  const sent = new Map();
  let idle = 0;
  while (transfer.phase === 'sending' && !transfer.entries[0]?.whole) {
    const under = [...line.puts];
    if (under.length === 0) idle += 1;
    for (const put of under) {
      const { url } = put.signed;
      sent.set(url, Math.min(16 * MiB, (sent.get(url) ?? 0) + bytesAStep / under.length));
      put.onProgress(sent.get(url) ?? 0);
      if (sent.get(url) === 16 * MiB) put.arrive();
    }
    await clock.pass(stepMs);
    assert(idle < 3, 'the link is idle');
  }
  assert.equal(line.tried.length, 64);
  const calls = count(world.api, 'create') + world.api.signed.length;
  assert(calls <= 64 / 16, `${calls} calls`);
});

test('a thousand small files are named in two calls and signed a hundred at a time', async () => {
  const world = await setUp(...Array(1000).fill(10));
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
  assert.equal(count(world.api, 'create') + count(world.api, 'add'), 2);
  assert(world.api.signed.length <= 12, `${world.api.signed.length} calls`);
});

test('an empty file is sent and stored', async () => {
  const world = await setUp(0);
  await arrive(world);
  await world.clock.pass(150);
  assert.deepEqual(states(world.transfer), ['stored']);
});

test('files added to a running transfer go behind the same link', async () => {
  const world = await setUp(10);
  world.transfer.add([{ name: 'later', file: fakeFile(20) }]);
  await settle();
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
  assert.deepEqual(world.api.files.map(({ size }) => size), [10, 20]);
});

test('a part whose connection breaks is sent again without end, each time with a fresh URL', async () => {
  const world = await setUp(10);
  const { clock, api, line, transfer } = world;
  for (let tries = 0; tries < 40; tries += 1) {
    line.puts[0]?.fail(new PartError(tries % 2 ? 503 : 0, 'unknown'));
    await clock.pass(20_000);
  }
  assert.deepEqual(states(transfer), ['uploading']);
  assert.equal(transfer.entries[0]?.troubled, true);
  assert.equal(api.signed.length, 40);
  await arrive(world);
  await clock.pass(150);
  assert.equal(transfer.phase, 'ready');
});

test('whose sign-in has ended is told so, and goes on after signing in again', async () => {
  const { api, clock, transfer } = await setUp();
  api.broken['create'] = [apiError(401, 'sign_in_needed')];
  transfer.add([{ name: 'a', file: fakeFile(10) }]);
  await settle();
  assert.deepEqual(kinds(transfer), ['sign_in']);
  const [entry] = transfer.entries;
  if (entry) transfer.retry(entry);
  await clock.pass(0);
  assert.deepEqual(states(transfer), ['uploading']);
});

test('a part that S3 refuses four times with fresh URLs fails its file in words', async () => {
  const { clock, line, transfer } = await setUp(10);
  for (let tries = 0; tries < 4; tries += 1) {
    line.puts[0]?.fail(new PartError(403, 'AccessDenied'));
    await clock.pass(20_000);
  }
  assert.equal(line.tried.length, 4);
  assert.deepEqual(kinds(transfer), ['refused']);
  assert.equal(transfer.phase, 'stuck');
});

test('a refusal now and then between broken connections is an accident', async () => {
  const { clock, line, transfer } = await setUp(10);
  for (let tries = 0; tries < 12; tries += 1) {
    line.puts[0]?.fail(tries % 3 ? new PartError(403, 'AccessDenied') : new PartError(0, 'unknown'));
    await clock.pass(20_000);
  }
  assert.deepEqual(states(transfer), ['uploading']);
});

test('a PUT that meets another write to its key is made again until S3 takes it', async () => {
  const world = await setUp(10);
  for (let tries = 0; tries < 9; tries += 1) {
    world.line.puts[0]?.fail(new PartError(409, 'ConditionalRequestConflict'));
    await world.clock.pass(20_000);
  }
  assert.deepEqual(states(world.transfer), ['uploading']);
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
});

test('waits longer after each failure', async () => {
  const { clock, line } = await setUp(10);
  for (let tries = 0; tries < 4; tries += 1) {
    line.puts[0]?.fail(new PartError(0, 'unknown'));
    await clock.pass(20_000);
  }
  assert.deepEqual(clock.sleeps.filter((ms) => ms !== 250), [375, 750, 1500, 3000]);
});

test('offline it waits and says so, and back online it goes on at once', async () => {
  const world = await setUp(10);
  world.network.stir(false);
  assert.equal(world.transfer.offline, true);
  world.line.puts[0]?.fail(new PartError(0, 'unknown'));
  await world.clock.pass(60 * 60_000);
  assert.equal(world.line.tried.length, 1);
  world.network.stir(true);
  await settle();
  assert.equal(world.line.tried.length, 2);
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
});

test('a file is looked for when S3 has it, and if nothing comes of it every ten seconds', async () => {
  const world = await setUp(10);
  world.line.puts[0]?.arrive();
  await settle();
  assert.deepEqual(world.api.checked, [[1]]);
  await world.clock.pass(9_900);
  assert.deepEqual(world.api.checked, [[1]]);
  await world.clock.pass(8_000);
  assert.deepEqual(world.api.checked, [[1], [1]]);
  await world.clock.pass(6_000);
  assert.equal(world.api.checked.length, 3);
});

test('the last file is looked for as soon as its bytes have left, before S3 has answered', async () => {
  const world = await setUp(10);
  world.line.puts[0]?.onProgress(10);
  await settle();
  assert.deepEqual(world.api.checked, [[1]]);
  world.api.store(1);
  await world.clock.pass(2_000);
  assert.equal(world.transfer.phase, 'ready');
});

test('of many files the events bring word; only those overdue are looked for', async () => {
  const world = await setUp(...Array.from({ length: 30 }, () => 10));
  for (let sent = 0; sent < 30; sent += 1) {
    world.line.puts[0]?.arrive();
    await settle();
  }
  await world.clock.pass(9_000);
  assert.deepEqual(world.api.checked.flat(), []);
  await world.clock.pass(8_000);
  assert.equal(world.api.checked[0]?.length, 20);
});

test('a refusal that cannot heal fails that file at once and no other', async () => {
  const world = await setUp(10, 20);
  world.line.puts[0]?.fail(new PartError(404, 'NoSuchUpload'));
  await settle();
  await arrive(world);
  await world.clock.pass(150);
  assert.deepEqual(states(world.transfer), ['failed', 'stored']);
  assert.deepEqual(kinds(world.transfer), ['refused', undefined]);
  assert.equal(world.transfer.phase, 'stuck');
});

test('a file refused by S3 starts afresh when tried again', async () => {
  const world = await setUp(10);
  world.line.puts[0]?.fail(new PartError(404, 'NoSuchUpload'));
  await settle();
  const [entry] = world.transfer.entries;
  assert(entry);
  world.transfer.retry(entry);
  await settle();
  await arrive(world);
  await world.clock.pass(150);
  assert.deepEqual(world.api.files.map(({ state }) => state), ['removed', 'stored']);
  assert.equal(world.transfer.phase, 'ready');
});

test('a file that starts afresh is told of when its old self is out, whose bytes count until then', async () => {
  const world = await setUp(10);
  world.line.puts[0]?.fail(new PartError(404, 'NoSuchUpload'));
  await settle();
  world.api.broken['removeFile 1'] = [apiError(503)];
  const [entry] = world.transfer.entries;
  assert(entry);
  world.transfer.retry(entry);
  await settle();
  assert.equal(count(world.api, 'add'), 0);
  await world.clock.pass(1000);
  assert.deepEqual(world.api.calls.filter((name) => /add|remove/.test(name)), ['removeFile 1', 'removeFile 1', 'add']);
});

test('parts that S3 turns out not to have are sent again', async () => {
  const world = await setUp(40 * MiB);
  world.api.broken['complete'] = [apiError(409, 'parts_missing', [2])];
  await arrive(world);
  await world.clock.pass(150);
  assert.deepEqual(world.line.tried.filter((url) => url === '1/2').length, 2);
  assert.equal(world.transfer.phase, 'ready');
});

test('a file whose parts are missing for ever fails', async () => {
  const world = await setUp(40 * MiB);
  world.api.broken['complete'] = Array.from({ length: 9 }, () => apiError(409, 'parts_missing', [2]));
  await arrive(world);
  assert.deepEqual(kinds(world.transfer), ['refused']);
});

test('complete is asked for again when the gateway gave up', async () => {
  const world = await setUp(40 * MiB);
  world.api.broken['complete'] = [apiError(504)];
  await arrive(world);
  await world.clock.pass(1000);
  assert.equal(world.transfer.phase, 'ready');
});

test('a completion that S3 has not heard of is asked for again, ever later and without end', async () => {
  const world = await setUp(40 * MiB);
  world.api.unheard = 12;
  await arrive(world);
  await settle();
  /** @type {number[]} */
  const minutes = [];
  for (let seconds = 0; world.transfer.phase !== 'ready' && seconds < 4000; seconds += 1) {
    const before = count(world.api, 'complete');
    await world.clock.pass(1000);
    if (count(world.api, 'complete') > before) minutes.push(Math.round(seconds / 6) / 10);
  }
  assert.equal(world.transfer.phase, 'ready');
  assert(minutes[0] !== undefined && minutes[0] <= 0.3, `first after ${minutes[0]} minutes`);
  assert(minutes.length === 12 && minutes.every((at, i) => i === 0 || at - (minutes[i - 1] ?? 0) <= 5.1), `${minutes}`);
});

test('files whose completion nobody has heard of are asked for again one at a time', async () => {
  const world = await setUp(...Array(30).fill(40 * MiB));
  const { api, transfer, clock } = world;
  api.unheard = 30;
  await arrive(world);
  await settle();
  assert(transfer.entries.every(({ state }) => state === 'checking'));
  const complete = api.complete.bind(api);
  const asking = { now: 0, most: 0 };
  api.complete = async (file) => {
    asking.now += 1;
    asking.most = Math.max(asking.most, asking.now);
    await clock.sleep(100);
    await complete(file).finally(() => (asking.now -= 1));
  };
  await clock.pass(20_000);
  assert.equal(transfer.phase, 'ready');
  assert.equal(asking.most, 1);
});

test('a file of one part is not completed, however long nothing is heard of it', async () => {
  const world = await setUp(10);
  world.line.puts[0]?.arrive();
  await world.clock.pass(60_000);
  assert.equal(world.transfer.phase, 'checking');
  assert.equal(count(world.api, 'complete'), 0);
});

test('a completion that is asked for again while the server is in trouble fails no file', async () => {
  const world = await setUp(40 * MiB);
  world.api.unheard = 1;
  await arrive(world);
  await settle();
  world.api.broken['complete'] = [apiError(503), apiError(0)];
  await world.clock.pass(80_000);
  assert.equal(world.transfer.phase, 'ready');
});

test('an upload that S3 makes the server begin again is sent again from its first part, by fresh URLs', async () => {
  const world = await setUp(40 * MiB);
  world.api.unheard = 1;
  await arrive(world);
  await settle();
  assert.deepEqual([world.transfer.phase, world.transfer.totals().sentBytes], ['checking', 40 * MiB]);
  const signed = world.api.signed.length;
  world.api.broken['complete'] = [apiError(409, 'parts_missing', [1, 2, 3])];
  await world.clock.pass(15_000);
  assert.deepEqual([world.transfer.phase, world.transfer.totals().sentBytes], ['sending', 0]);
  assert(world.api.signed.length > signed);
  assert.deepEqual(world.api.signed.slice(signed).flat().map(({ number }) => number), [1, 2, 3]);
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
  assert.deepEqual(world.line.tried, ['1/1', '1/2', '1/3', '1/1', '1/2', '1/3']);
});

test('a file that was removed elsewhere while its completion is asked for again says so', async () => {
  const world = await setUp(40 * MiB);
  world.api.unheard = 1;
  await arrive(world);
  await settle();
  world.api.broken['complete'] = [apiError(409, 'conflict')];
  world.api.broken['status'] = Array.from({ length: 8 }, () => apiError(503));
  world.api.files[0] = { size: 0, state: 'removed' };
  await world.clock.pass(60_000);
  assert.deepEqual(kinds(world.transfer), ['removed']);
});

test('a file larger than allowed is refused before anything is sent, others go on', async () => {
  const { line, api, transfer } = await setUp(1025 * MiB, 10);
  assert.deepEqual(kinds(transfer), ['too_large', undefined]);
  assert.equal(api.files.length, 1);
  assert.equal(line.puts.length, 1);
});

test('what would be more than a transfer may have is refused before anything is sent, others go on', async () => {
  const { api, transfer } = await setUp(1024 * MiB, 1024 * MiB, 1, 0);
  assert.deepEqual(kinds(transfer), [undefined, undefined, 'transfer_too_large', undefined]);
  assert.equal(api.files.length, 3);
  const [first] = transfer.entries;
  assert(first);
  transfer.remove(first);
  transfer.add([{ name: 'b', file: fakeFile(1024 * MiB) }]);
  assert.equal(kinds(transfer).at(-1), undefined);
});

test('over a limit of the day nothing is asked again by itself, and a try that is wanted is made', async () => {
  const world = await setUp();
  const freeAt = '2026-01-02T00:00:00Z';
  const over = { limit: 'max_transfers_per_day_per_sender', most: 1000, freeAt };
  world.api.broken['create'] = [new ApiError(429, 'over_daily_limit', 'English.', [], over)];
  world.transfer.add([{ name: 'a', file: fakeFile(10) }]);
  await world.clock.pass(60_000);
  assert.deepEqual(world.api.calls, ['create']);
  const [entry] = world.transfer.entries;
  assert(entry);
  assert.deepEqual(entry.problem, { kind: 'sender_transfers', most: 1000, freeAt });
  world.transfer.retry(entry);
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
});

test('of a limit that it does not know the page says what the server says', async () => {
  const world = await setUp();
  world.api.broken['create'] = [new ApiError(422, 'over_limit', 'Too blue.', [], { limit: 'max_blue', most: 1 })];
  world.transfer.add([{ name: 'a', file: fakeFile(10) }]);
  await settle();
  assert.deepEqual(world.transfer.entries[0]?.problem, { kind: 'refused', message: 'Too blue.' });
});

test('a file that cannot be read fails in words', async () => {
  const world = await setUp();
  world.hasher.unreadable = true;
  world.transfer.add([{ name: 'gone', file: fakeFile(10) }]);
  await settle();
  assert.deepEqual(kinds(world.transfer), ['unreadable']);
  assert.deepEqual(world.api.calls, []);
});

test('files over the most that a transfer may hold are left out and counted', async () => {
  const { transfer } = await setUp();
  const items = Array.from({ length: 10_003 }, () => ({ name: 'a', file: fakeFile(1) }));
  assert.equal(transfer.add(items), 3);
});

test('a cancelled file stops at once and is taken out of S3, others go on', async () => {
  const world = await setUp(40 * MiB, 10);
  const [entry] = world.transfer.entries;
  assert(entry);
  world.transfer.remove(entry);
  await settle();
  assert.equal(count(world.api, 'removeFile 1'), 1);
  assert.deepEqual(world.line.puts.map(({ signed }) => signed.url), ['2/1']);
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
});

test('a cancelled transfer stops at once and is deleted', async () => {
  const world = await setUp(40 * MiB, 10);
  await underWay(world);
  await world.transfer.cancel();
  await settle();
  assert.deepEqual(world.line.puts, []);
  assert(world.api.removed);
  await world.clock.pass(60_000);
  assert.equal(world.line.tried.length, 4);
});

test('a transfer cancelled during the create call is deleted after it', async () => {
  const world = await setUp();
  world.transfer.add([{ name: 'a', file: fakeFile(10) }]);
  await world.transfer.cancel();
  await world.clock.pass(1000);
  assert.equal(world.api.removed, world.api.calls.includes('create'));
  assert.deepEqual(world.line.tried, []);
});

test('files whose numbers were lost with an answer are not told twice', async () => {
  const world = await setUp(10);
  world.transfer.add([{ name: 'b', file: fakeFile(20) }, { name: 'b', file: fakeFile(20) }]);
  world.api.broken['add'] = [apiError(0), apiError(409, 'conflict')];
  world.api.files.push({ name: 'b', size: 20, state: 'pending' }, { name: 'b', size: 20, state: 'pending' });
  await world.clock.pass(2000);
  await arrive(world);
  await world.clock.pass(1000);
  assert.deepEqual(world.api.files.map(({ state }) => state), ['stored', 'stored', 'stored']);
  assert.equal(world.transfer.phase, 'ready');
});

test('files that another page has added meanwhile are left alone, and ours come after them', async () => {
  const world = await setUp(10);
  world.api.files.push({ name: 'theirs', size: 20, state: 'pending' });
  world.transfer.add([{ name: 'ours', file: fakeFile(30) }]);
  await world.clock.pass(2000);
  await arrive(world);
  await world.clock.pass(500);
  assert.deepEqual(world.api.files.map(({ state }) => state), ['stored', 'pending', 'stored']);
  assert.equal(world.transfer.entries[1]?.number, 3);
});

test('a file that the links function rejects fails with its reason', async () => {
  const world = await setUp(10);
  world.line.puts[0]?.arrive();
  world.api.files[0] = { size: 10, state: 'failed', reason: 'It has another size.' };
  await world.clock.pass(150);
  assert.deepEqual(world.transfer.entries[0]?.problem, { kind: 'rejected', message: 'It has another size.' });
});

test('a file that S3 has although every answer was lost is stored', async () => {
  const world = await setUp(10, 20);
  world.line.puts[0]?.fail(new PartError(0, 'unknown'));
  world.api.store(1);
  await settle();
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
  await world.clock.pass(60_000);
  assert.equal(world.line.tried.length, 2);
});

test('a file’s public address may be heard of after its being stored', async () => {
  const world = await setUp(10, 20);
  world.line.puts[0]?.arrive();
  world.api.files[0] = { size: 10, state: 'stored' };
  await world.clock.pass(500);
  assert.equal(world.transfer.entries[0]?.state, 'stored');
  world.api.files[0] = { size: 10, state: 'stored', public_url: 'https://bucket/files/T/1' };
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.entries[0]?.publicUrl, 'https://bucket/files/T/1');
});

test('nothing is lost while the server is away', async () => {
  const world = await setUp();
  world.api.broken['create'] = Array.from({ length: 9 }, () => apiError(0));
  world.transfer.add([{ name: 'a', file: fakeFile(10) }]);
  await world.clock.pass(5 * 60_000);
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
});

test('leaving loses something until the last file is completed', async () => {
  const world = await setUp(10);
  assert(world.transfer.unsent);
  await arrive(world);
  assert(!world.transfer.unsent);
});

test('the totals leave out what failed', async () => {
  const { transfer } = await setUp(1025 * MiB, 10);
  const { files, failed, bytes } = transfer.totals();
  assert.deepEqual({ files, failed, bytes }, { files: 1, failed: 1, bytes: 10 });
});

/** A world in which an earlier visit has left files of these sizes behind. @param {number[]} sizes */
async function setUpLeft(...sizes) {
  const world = await setUp();
  const { api, store, transfer } = world;
  for (const size of sizes) api.files.push({ size, state: 'pending' });
  const files = sizes.map((size, index) => ({
    number: index + 1, name: `${index}`, size, partSize: 16 * MiB, modified: 1, origin: originOf(fakeFile(size)),
  }));
  const kept = { id: 'T', token: 'secret', link: 't/T', expiresAt: '2026-01-08T00:00:00Z', files };
  await store.keep(kept);
  transfer.adopt(kept);
  return { ...world, kept };
}

/** @param {File | null} file that is there now @returns {any} */
const originOf = (file) => ({ kind: 'file', getFile: async () => file ?? Promise.reject(new DOMException('', 'NotFoundError')) });

/** @param {number[]} numbers @param {number} last @param {number} rest bytes of the last */
const partsOf = (numbers, last = 0, rest = 0) =>
  numbers.map((number) => ({ number, size: number === last ? rest : 16 * MiB, sha256: 'hash' }));

test('what S3 has from an earlier visit is compared and not sent again, what it lacks goes first', async () => {
  const world = await setUpLeft(64 * MiB);
  world.api.has[1] = partsOf([1, 3]);
  void world.transfer.goOn();
  await settle();
  await settle();
  assert.deepEqual(world.line.tried, ['1/2', '1/4']);
  assert.equal(world.hasher.reads, 4);
  await arrive(world);
  await world.clock.pass(150);
  assert.equal(world.transfer.phase, 'ready');
  assert.equal(world.line.tried.length, 2);
  assert.equal(world.store.transfers.size, 0);
});

test('what an earlier visit could not complete is completed, and that is asked for again, too', async () => {
  const world = await setUpLeft(40 * MiB);
  world.api.has[1] = partsOf([1, 2, 3], 3, 8 * MiB);
  world.api.unheard = 1;
  void world.transfer.goOn();
  await settle();
  await settle();
  assert.deepEqual([count(world.api, 'complete'), world.transfer.phase], [1, 'checking']);
  await world.clock.pass(15_000);
  assert.deepEqual([count(world.api, 'complete'), world.transfer.phase], [2, 'ready']);
  assert.deepEqual(world.line.tried, []);
});

test('a part that S3 has otherwise is sent again', async () => {
  const world = await setUpLeft(40 * MiB);
  world.api.has[1] = partsOf([1, 2]).map((part) => (part.number === 2 ? { ...part, sha256: 'other' } : part));
  void world.transfer.goOn();
  await settle();
  await settle();
  assert.deepEqual(world.line.tried.toSorted(), ['1/2', '1/3']);
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
});

test('found parts count as sent, but not for how fast it goes', async () => {
  const world = await setUpLeft(64 * MiB);
  world.api.has[1] = partsOf([1, 2, 3]);
  world.transfer.totals();
  void world.transfer.goOn();
  await world.clock.pass(5000);
  const { sentBytes, speed } = world.transfer.totals();
  assert.deepEqual({ sentBytes, speed }, { sentBytes: 48 * MiB, speed: 0 });
});

test('a file that cannot be had again waits to be brought, and is recognised', async () => {
  const world = await setUpLeft(10, 20);
  for (const entry of world.transfer.entries) entry.origin = null;
  await world.transfer.goOn();
  assert.deepEqual(states(world.transfer), ['paused', 'paused']);
  assert.equal(world.transfer.phase, 'paused');
  assert.equal(world.transfer.totals().absent, 2);
  world.transfer.resumeAll();
  assert.deepEqual(states(world.transfer), ['paused', 'paused']);
  assert.equal(world.transfer.add([{ name: 'folder/0', file: fakeFile(10, '0') }, { name: '1', file: fakeFile(20) }]), 0);
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.entries.length, 2);
  assert.equal(world.transfer.phase, 'ready');
});

test('a file that has changed since says so, and is sent as it is now if asked to', async () => {
  const world = await setUpLeft(40 * MiB);
  for (const entry of world.transfer.entries) entry.origin = originOf(fakeFile(50 * MiB, '0', 2));
  await world.transfer.goOn();
  assert.deepEqual(kinds(world.transfer), ['changed']);
  const [entry] = world.transfer.entries;
  assert(entry);
  world.transfer.retry(entry);
  await settle();
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
  assert.deepEqual(world.api.files.map(({ size, state }) => [size, state]), [[0, 'removed'], [50 * MiB, 'stored']]);
});

test('a file that changes while it is sent does not become an object of two versions', async () => {
  const world = await setUp();
  const now = { file: fakeFile(40 * MiB) };
  const origin = /** @type {any} */ ({ kind: 'file', getFile: async () => now.file });
  world.transfer.add([{ name: 'a', file: now.file, origin }]);
  await settle();
  now.file = fakeFile(40 * MiB, 'a', 2);
  await arrive(world);
  assert.deepEqual(kinds(world.transfer), ['changed']);
  assert.equal(count(world.api, 'complete'), 0);
});

test('files stored or removed meanwhile are not sent', async () => {
  const world = await setUpLeft(10, 20, 30);
  world.api.store(1);
  const status = world.api.status.bind(world.api);
  world.api.status = async (...asked) => {
    const told = await status(...asked);
    return { ...told, files: told.files.filter(({ number }) => number !== 2) };
  };
  await world.transfer.goOn();
  await settle();
  assert.deepEqual(world.transfer.entries.map(({ name, state }) => [name, state]), [['0', 'stored'], ['2', 'uploading']]);
});

test('a file that an earlier visit has sent is not sent again when all are brought', async () => {
  const world = await setUpLeft(10, 20);
  for (const entry of world.transfer.entries) entry.origin = null;
  world.api.store(1);
  await world.transfer.goOn();
  const items = [{ name: '0', file: fakeFile(10) }, { name: '1', file: fakeFile(20) }];
  world.transfer.add([...items, { name: '0', file: fakeFile(10, '0', 2) }]);
  assert.deepEqual(world.transfer.entries.map(({ name, number }) => [name, number]), [['0', 1], ['1', 2], ['0', null]]);
});

test('an answer lost while going on costs no file', async () => {
  const world = await setUpLeft(40 * MiB);
  world.api.closed.add(1);
  world.api.broken['parts'] = [apiError(503)];
  const status = world.api.status.bind(world.api);
  let asked = 0;
  world.api.status = async (...what) => {
    asked += 1;
    if (asked === 1 || asked === 3) throw apiError(500);
    if (asked === 4) world.api.store(1);
    return status(...what);
  };
  void world.transfer.goOn();
  await world.clock.pass(5000);
  assert.deepEqual(states(world.transfer), ['stored']);
  assert.deepEqual(world.line.tried, []);
});

test('a transfer that has ended meanwhile says so and is forgotten', async () => {
  const world = await setUpLeft(10);
  world.api.broken['status'] = [apiError(404)];
  await world.transfer.goOn();
  assert.equal(world.transfer.phase, 'ended');
  assert.deepEqual(kinds(world.transfer), ['ended']);
  assert.equal(world.store.transfers.size, 0);
});

test('a transfer that an operator has blocked is told from one that is gone: it may be given back', async () => {
  for (const code of ['blocked', 'not_found']) {
    const world = await setUpLeft(10);
    world.api.broken['status'] = [apiError(code === 'blocked' ? 410 : 404, code)];
    await world.transfer.goOn();
    assert.equal(world.transfer.phase, 'ended');
    assert.equal(world.transfer.blocked, code === 'blocked');
  }
});

test('a transfer that ends while it is sent says so, once, and stops', async () => {
  const world = await setUp(40 * MiB, 10);
  world.api.broken['complete'] = [apiError(404)];
  world.api.broken['status'] = Array.from({ length: 9 }, () => apiError(404));
  await arrive(world);
  await world.clock.pass(60_000);
  assert.equal(world.transfer.phase, 'ended');
  assert.equal(world.transfer.problem?.kind, 'ended');
});

test('a transfer that was deleted elsewhere says so as soon as S3 has no place for a part of it', async () => {
  const world = await setUp(100 * MiB);
  await underWay(world);
  world.api.broken['status'] = Array.from({ length: 99 }, () => apiError(404));
  for (const put of [...world.line.puts]) put.fail(new PartError(404, 'NoSuchUpload'));
  await settle();
  assert.equal(world.transfer.phase, 'ended');
  assert.deepEqual(kinds(world.transfer), ['ended']);
  assert.deepEqual(world.line.puts, []);
  assert.equal(count(world.api, 'status'), 2);
});

test('a file that was removed elsewhere says so, holds nobody up, and can be sent after all', async () => {
  const world = await setUp(100 * MiB, 10);
  world.api.files[0] = { size: 0, state: 'removed' };
  world.line.puts[0]?.fail(new PartError(404, 'NoSuchUpload'));
  await settle();
  assert.deepEqual(kinds(world.transfer), ['removed', undefined]);
  world.api.store(2);
  await arrive(world);
  await world.clock.pass(1000);
  assert.equal(world.transfer.phase, 'ready');
  const [entry] = world.transfer.entries;
  assert(entry);
  world.transfer.retry(entry);
  await settle();
  await arrive(world);
  await world.clock.pass(1000);
  assert.equal(world.transfer.phase, 'ready');
  assert.deepEqual(world.api.files.map(({ state }) => state), ['removed', 'stored', 'stored']);
  assert.equal(count(world.api, 'removeFile 1'), 0);
});

test('that a file was removed elsewhere is heard from the signing call', async () => {
  const world = await setUp(1000 * MiB);
  await underWay(world);
  world.api.files[0] = { size: 0, state: 'removed' };
  while (world.line.puts.length > 0) {
    world.line.puts[0]?.arrive();
    await settle();
  }
  assert.deepEqual(kinds(world.transfer), ['removed']);
  assert(world.line.tried.length < 40, 'and no more is sent');
});

test('and from its completion', async () => {
  const world = await setUp(40 * MiB);
  world.api.broken['complete'] = [apiError(409, 'conflict')];
  world.api.files[0] = { size: 0, state: 'removed' };
  await arrive(world);
  assert.deepEqual(kinds(world.transfer), ['removed']);
});

test('and what is heard late of it does not fail it once it is sent after all', async () => {
  const world = await setUp(40 * MiB);
  const { api, clock, transfer } = world;
  const status = api.status.bind(api);
  api.status = async (cursor, what) => {
    if (what?.check?.[0] === 1) await clock.sleep(1000);
    return status(cursor, what);
  };
  api.files[0] = { size: 0, state: 'removed' };
  world.line.puts[0]?.fail(new PartError(404, 'NoSuchUpload'));
  transfer.add([{ name: 'b', file: fakeFile(10) }]);
  await settle();
  world.line.puts.find(({ signed }) => signed.url === '2/1')?.arrive();
  await clock.pass(300);
  const [entry] = transfer.entries;
  assert(entry);
  assert.deepEqual(kinds(transfer), ['removed', undefined]);
  transfer.retry(entry);
  await clock.pass(1000);
  assert.deepEqual(states(transfer)[0], 'uploading');
});

test('a file that was sent and then removed elsewhere is there no more', async () => {
  const world = await setUp(10, 20);
  world.api.store(1);
  world.line.puts[0]?.arrive();
  await world.clock.pass(500);
  assert.deepEqual(states(world.transfer), ['stored', 'uploading']);
  world.api.files[0] = { size: 0, state: 'removed' };
  await arrive(world);
  await world.clock.pass(500);
  assert.deepEqual(states(world.transfer), ['stored']);
  assert.equal(world.transfer.phase, 'ready');
});

test('what is needed to go on is kept until the transfer is ready', async () => {
  const world = await setUp(10, 20);
  world.transfer.add([{ name: 'later', file: fakeFile(30) }]);
  await settle();
  const kept = world.store.transfers.get('T');
  assert.deepEqual(kept?.files.map(({ number, size }) => [number, size]), [[1, 10], [2, 20], [3, 30]]);
  assert.equal(kept?.token, 'secret');
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.store.transfers.size, 0);
});

test('a cancelled transfer is not kept', async () => {
  const world = await setUp(10);
  await world.transfer.cancel();
  assert.equal(world.store.transfers.size, 0);
});

test('a paused file sends nothing and keeps what has arrived, and goes on where it was', async () => {
  const world = await setUp(96 * MiB, 10);
  world.line.puts[0]?.arrive();
  await settle();
  const [entry] = world.transfer.entries;
  assert(entry);
  world.transfer.pause(entry);
  await settle();
  assert.equal(world.line.puts.filter(({ signed }) => signed.url.startsWith('1/')).length, 0);
  assert.equal(world.transfer.phase, 'sending');
  await arrive(world);
  assert.deepEqual(states(world.transfer), ['paused', 'checking']);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'paused');
  world.transfer.resume(entry);
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
  assert.equal(world.line.tried.filter((url) => url === '1/1').length, 1);
});

test('everything can be paused, also before the server has been told of it', async () => {
  const world = await setUp();
  world.transfer.add([{ name: 'a', file: fakeFile(10) }, { name: 'b', file: fakeFile(20) }]);
  world.transfer.pauseAll();
  await world.clock.pass(60_000);
  assert.deepEqual(world.line.tried, []);
  assert.deepEqual(states(world.transfer), ['paused', 'paused']);
  world.transfer.resumeAll();
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
});

test('a file whose completion is on its way cannot be paused', async () => {
  const world = await setUp(40 * MiB);
  world.api.broken['complete'] = [apiError(503)];
  await arrive(world);
  world.transfer.pauseAll();
  assert.deepEqual(states(world.transfer), ['uploading']);
});

test('a completion that never answers is seen to have worked', async () => {
  const world = await setUp(40 * MiB);
  world.api.broken['complete'] = Array.from({ length: 99 }, () => apiError(504));
  await arrive(world);
  world.api.store(1);
  await world.clock.pass(300);
  assert.equal(world.transfer.phase, 'ready');
});

test('adding files is tried again while an earlier try is still at it', async () => {
  const world = await setUp(10);
  world.api.broken['add'] = [apiError(409, 'conflict')];
  world.transfer.add([{ name: 'later', file: fakeFile(30) }]);
  await world.clock.pass(2000);
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
});

test('fewer parts travel after S3 was overloaded', async () => {
  const world = await setUp(500 * MiB);
  await underWay(world);
  world.line.puts[0]?.fail(new PartError(503, 'SlowDown'));
  world.line.puts[0]?.fail(new PartError(503, 'SlowDown'));
  await settle();
  while (world.line.puts.length > 3) {
    world.line.puts[0]?.arrive();
    await settle();
  }
  world.line.puts[0]?.arrive();
  await settle();
  assert.equal(world.line.puts.length, 3);
});

test('ten thousand files are paused and resumed together', async () => {
  const { transfer } = await setUp(...Array(10_000).fill(10));
  transfer.pauseAll();
  assert(transfer.entries.every(({ state }) => state === 'paused'));
  transfer.resumeAll();
  assert(transfer.entries.every(({ state }) => state === 'waiting'));
});

test('files that the server has not been told of are kept, too', async () => {
  const world = await setUp(10);
  world.api.broken['add'] = Array.from({ length: 99 }, () => apiError(0));
  world.transfer.add([{ name: 'later', file: fakeFile(30) }]);
  await settle();
  assert.deepEqual(world.store.untold.map(({ number, name }) => [number, name]), [[null, 'later']]);
  world.api.broken['add'] = [];
  await world.clock.pass(1000);
  assert.deepEqual(world.store.untold, []);
});

test('the server is told of the files that an earlier visit could not tell it of, and of none twice', async () => {
  const world = await setUpLeft(10);
  const origin = originOf(fakeFile(30));
  const untold = ['heard', 'unheard'].map((name) => ({ number: null, name, size: 30, partSize: 16 * MiB, modified: 1, origin }));
  world.transfer.adopt({ ...world.kept, files: untold });
  // The earlier visit did not live to hear the answers to these.
  world.api.files.push({ name: 'heard', size: 30, state: 'pending' }, { name: 'theirs', size: 30, state: 'stored' });
  await world.transfer.goOn();
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.deepEqual(world.transfer.entries.map(({ name, number }) => [name, number]), [['0', 1], ['heard', 2], ['unheard', 4], ['theirs', 3]]);
  assert.deepEqual(world.api.files.map(({ state }) => state), ['stored', 'stored', 'stored', 'stored']);
  assert.equal(world.transfer.phase, 'ready');
});

test('options are saved, tried again on the way, and the new expiry is kept', async () => {
  const world = await setUp(10);
  world.api.broken['change'] = [apiError(503)];
  const saved = world.transfer.change({ title: 'Holiday' });
  await world.clock.pass(1000);
  await saved;
  assert.deepEqual(world.api.options, { title: 'Holiday' });
  assert.equal(world.transfer.expiresAt, '2026-02-01T00:00:00Z');
  assert.equal(world.store.transfers.get('T')?.expiresAt, '2026-02-01T00:00:00Z');
});

test('a transfer is opened with nothing but its id and token: what is stored is there, what is not can be brought', async () => {
  const world = await setUp();
  world.api.files.push({ name: 'a', size: 10, state: 'stored' }, { name: 'b', size: 20, state: 'pending' });
  world.transfer.adopt({ id: 'T', token: 'secret', link: 't/T', expiresAt: '', files: [] });
  await world.transfer.goOn();
  assert.deepEqual(world.transfer.entries.map(({ name, state }) => [name, state]), [['a', 'stored'], ['b', 'paused']]);
  world.transfer.add([{ name: 'b', file: fakeFile(20, 'b', 99) }]);
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
});

test('files can be added to a transfer that is ready', async () => {
  const world = await setUp(10);
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
  world.transfer.add([{ name: 'more', file: fakeFile(30) }]);
  assert.equal(world.transfer.phase, 'sending');
  await settle();
  await arrive(world);
  await world.clock.pass(500);
  assert.equal(world.transfer.phase, 'ready');
  assert.deepEqual(world.api.files.map(({ state }) => state), ['stored', 'stored']);
});

test('a transfer whose time is over while its page is open says so', async () => {
  const world = await setUp(10);
  await arrive(world);
  await world.clock.pass(500);
  world.transfer.expire();
  assert.equal(world.transfer.phase, 'ready');
  world.transfer.expiresAt = new Date(world.clock.now() + 1000).toISOString();
  await world.clock.pass(999);
  world.transfer.expire();
  assert.equal(world.transfer.phase, 'ready');
  await world.clock.pass(1);
  world.transfer.expire();
  assert.equal(world.transfer.phase, 'ended');
  assert.equal(world.transfer.problem?.kind, 'ended');
});
