// People: the demo has said who its sample people are.
'use strict';

const { test } = require('node:test');
const { api, as, assert, ids, refused } = require('./rig');

const user = api.UserService;

test('people: oneself and another', async () => {
  as(7);
  const me = await user.getCurrentUser();
  assert.equal(me.id, 7);
  assert.equal(me.username, 'ana');
  assert.equal(me.real_name, 'Ana García');
  assert.ok(!Number.isNaN(Date.parse(me.date_joined)), me.date_joined);
  for (const text of ['bio', 'location', 'description', 'gender', 'website', 'avatar']) {
    assert.equal(typeof me[text], 'string', text);
  }
  assert.equal(me.ext_id, null);
  assert.equal(me.reputation, 0);
  assert.deepEqual(me.tags, []);
  assert.equal((await user.getSpecificUser(1)).real_name, 'Rosa Baker');
  await refused(user.getSpecificUser(999), 404, { error: 'not_found' });
});

test('people: found by the beginnings of their names', async () => {
  as(9);
  assert.deepEqual(ids(await user.userSearch({ user: 'garcia', limit: 5, offset: 0 })), [7]);
  assert.deepEqual(ids(await user.userSearch({ user: '愛子' })), [5]);
  assert.deepEqual(ids(await user.userSearch({ user: 'nobody at all' })), []);
  const first = await user.userSearch({ limit: 10 });
  assert.deepEqual([first.count, first.results.length], [30, 10]);
  const filtered = user.userSearch({ user: 'ana', gender: 'Male' });
  await refused(filtered, 400, { genderError: { error: 'unknown' } });
});
