import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Poll } from '../static/engine/poll.js';
import { FakeClock, settle } from './fakes.js';

/** @import {Outcome} from '../static/engine/poll.js' */

/** @param {Outcome[]} outcomes then always `same` */
function setUp(...outcomes) {
  const clock = new FakeClock();
  /** @type {number[]} */
  const asked = [];
  const start = clock.now();
  const poll = new Poll(async () => {
    asked.push(clock.now() - start);
    return outcomes.shift() ?? 'same';
  }, clock);
  return { clock, asked, poll };
}

test('first asks after 150 ms', async () => {
  const { clock, asked, poll } = setUp();
  poll.hurry();
  await clock.pass(149);
  assert.deepEqual(asked, []);
  await clock.pass(1);
  assert.deepEqual(asked, [150]);
});

test('adds at most a quarter to what it waits for, and asks every two seconds at least', async () => {
  const { clock, asked, poll } = setUp();
  poll.hurry();
  await clock.pass(60_000);
  for (const [i, at] of asked.entries()) {
    const waited = at - (asked[i - 1] ?? 0);
    assert(waited >= 150 && waited <= 2000);
    assert(waited <= 150 || waited <= at / 4, `${waited} ms before ${at}`);
  }
  assert.equal(asked.at(-1), (asked.at(-2) ?? 0) + 2000);
});

test('is quick again when something has changed', async () => {
  const { clock, poll } = setUp('same', 'same', 'same', 'same', 'same', 'same', 'same', 'same', 'changed');
  poll.hurry();
  await clock.pass(5000);
  const slower = clock.sleeps.findIndex((ms) => ms > 300);
  assert(slower > 0);
  assert(clock.sleeps.slice(slower).includes(150));
});

test('asks on at once when the answer was cut off', async () => {
  const { clock, asked, poll } = setUp('more', 'more', 'same');
  poll.hurry();
  await clock.pass(150);
  assert.deepEqual(asked, [150, 150, 150]);
});

test('stops when told that it was enough, and starts anew when hurried', async () => {
  const { clock, asked, poll } = setUp('enough', 'enough');
  poll.hurry();
  await clock.pass(10_000);
  assert.equal(asked.length, 1);
  poll.hurry();
  await clock.pass(150);
  assert.equal(asked.length, 2);
});

test('hurried out of a long wait, it asks after 150 ms', async () => {
  const { clock, asked, poll } = setUp();
  poll.hurry();
  await clock.pass(8000);
  await settle();
  const before = asked.length;
  poll.hurry();
  await clock.pass(150);
  assert.equal(asked.length, before + 1);
});

test('asks without a pause when told to, once, also in the middle of a long wait', async () => {
  const { clock, asked, poll } = setUp();
  poll.askAtOnce();
  await settle();
  assert.deepEqual(asked, [0]);
  await clock.pass(8000);
  const before = asked.length;
  poll.askAtOnce();
  await settle();
  assert.equal(asked.length, before + 1);
  await clock.pass(149);
  assert.equal(asked.length, before + 1);
});

test('a failed question is one without news', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const poll = new Poll(() => Promise.reject(new Error(String((asked += 1)))), clock);
  poll.hurry();
  await clock.pass(400);
  assert.equal(asked, 2);
});
