// A group: 1 creates it, everybody else begins as a stranger.
'use strict';

const { test } = require('node:test');
const { api, as, assert, createSpace, firstId, ids, refused, silent, twoPages } = require('./rig');

const group = api.GroupService;
const denied = { error: 'permission_denied' };
const notFound = { error: 'not_found' };

let open;
let closed;
let hidden;

async function status(id, user) {
  as(user);
  const answer = await group.getGroupSubscriptionStatus(id);
  assert.deepEqual(Object.keys(answer), ['status']);
  return answer.status;
}

/** What the client has no method for, through the client's own instance. */
async function request(method, id, endpoint, data) {
  const url = `/api/v2/group/${id}/${endpoint}/`;
  return (await api.http.request({ url, method, data })).data;
}

test('group: an internal service creates three', async () => {
  open = await createSpace('groups', 1, 'OPEN', { description: 'Sunday rides' });
  closed = await createSpace('groups', 2, 'PRIVATE');
  hidden = await createSpace('groups', 3, 'SECRET');
});

test('group: a public one is joined at once', async () => {
  assert.equal(await status(open, 7), null);
  await silent(group.subscribeToGroup(open));
  await silent(group.subscribeToGroup(open));
  assert.equal(await status(open, 7), 'subscribed');
  as(9);
  const page = await group.getGroupMembers(open);
  assert.deepEqual(ids(page), [1, 7]);
  const keys = Object.keys(page.results[0]).sort();
  assert.deepEqual(keys, ['avatar', 'ext_id', 'id', 'real_name', 'username']);
});

test('group: my groups', async () => {
  as(7);
  const page = await group.getUserGroups({ limit: 20, offset: 0, search: `walk ${open}` });
  assert.deepEqual(ids(page), [open]);
  const [found] = page.results;
  assert.equal(found.name, `Walk ${open}`);
  assert.equal(found.privacy, 'public');
  assert.equal(found.visible, true);
  assert.equal(found.subscription_status, 'subscribed');
  assert.equal(found.subscribers_counter, 2);
  assert.equal(found.managed_by.id, 1);
  assert.deepEqual(await group.getSpecificGroupInfo(open), found);
});

test('group: leaving is silent, and so is leaving again', async () => {
  as(7);
  await silent(group.unsubscribeFromGroup(open));
  await silent(group.unsubscribeFromGroup(open));
  assert.equal(await status(open, 7), null);
});

test('group: a private one is asked for', async () => {
  for (const user of [7, 8, 9]) {
    as(user);
    await silent(group.subscribeToGroup(closed));
  }
  assert.equal(await status(closed, 7), 'requested');
  as(1);
  const waiting = (params) => group.getGroupWaitingApprovalSubscribers(closed, params);
  assert.deepEqual(await twoPages(waiting), [7, 8, 9]);
});

test('group: one invitation call accepts requests and invites strangers', async () => {
  as(1);
  await silent(group.inviteOrAcceptGroupRequest(closed, { users: [7, 10, 11, 12] }));
  assert.deepEqual(await twoPages((params) => group.getGroupInvitedUsers(closed, params)), [10, 11, 12]);
  assert.equal(await status(closed, 7), 'subscribed');
  assert.equal(await status(closed, 10), 'invited');
});

test('group: invitations are accepted, declined and taken back', async () => {
  as(10);
  await silent(group.subscribeToGroup(closed));
  as(11);
  await silent(group.unsubscribeFromGroup(closed));
  as(1);
  await silent(request('DELETE', closed, 'invite', { users: [12, 7] }));
  assert.deepEqual(ids(await group.getGroupInvitedUsers(closed)), []);
  assert.equal(await status(closed, 10), 'subscribed');
  assert.equal(await status(closed, 11), null);
  assert.equal(await status(closed, 12), null);
});

test('group: requests are withdrawn and rejected', async () => {
  as(8);
  await silent(group.unsubscribeFromGroup(closed));
  as(1);
  await silent(group.removeUserFromGroup(closed, 9));
  assert.deepEqual(ids(await group.getGroupWaitingApprovalSubscribers(closed)), []);
});

test('group: the manager subscribes people', async () => {
  as(1);
  await silent(request('POST', closed, 'subscribe', { users: [1, 13, 14] }));
  assert.equal(await status(closed, 13), 'subscribed');
  as(7);
  await refused(request('POST', closed, 'subscribe', { users: [15] }), 403, denied);
});

test('group: a private one shows its members to each other', async () => {
  as(7);
  assert.deepEqual(ids(await group.getGroupMembers(closed)), [1, 7, 10, 13, 14]);
  as(20);
  await refused(group.getGroupMembers(closed), 403, denied);
});

test('group: a member manages nothing', async () => {
  as(7);
  const users = [15];
  await refused(group.inviteOrAcceptGroupRequest(closed, { users }), 403, denied);
  await refused(request('DELETE', closed, 'invite', { users }), 403, denied);
  await refused(group.removeUserFromGroup(closed, 10), 403, denied);
  await refused(group.getGroupInvitedUsers(closed), 403, denied);
  await refused(group.getGroupWaitingApprovalSubscribers(closed), 403, denied);
});

test('group: the creator stays', async () => {
  as(1);
  await refused(group.unsubscribeFromGroup(closed), 403, denied);
  assert.equal(await status(closed, 1), 'subscribed');
});

test('group: unreadable input names the field', async () => {
  as(1);
  const invite = (data) => group.inviteOrAcceptGroupRequest(closed, data);
  await refused(invite({}), 400, { usersError: { error: 'required' } });
  await refused(invite({ users: [] }), 400, { usersError: { error: 'empty' } });
  await refused(group.removeUserFromGroup(closed, 'ann'), 400, { userError: { error: 'invalid' } });
});

test('group: a hidden one does not exist for a stranger', async () => {
  as(7);
  const unknown = await refused(group.getGroupSubscriptionStatus(firstId + 900), 404, notFound);
  const calls = [
    () => group.getGroupSubscriptionStatus(hidden),
    () => group.subscribeToGroup(hidden),
    () => group.unsubscribeFromGroup(hidden),
    () => group.getGroupMembers(hidden),
    () => group.inviteOrAcceptGroupRequest(hidden, { users: [8] }),
  ];
  for (const call of calls) {
    const answer = await refused(call(), 404, notFound);
    assert.deepEqual(answer.data, unknown.data);
  }
});

test('group: a hidden one opens by invitation alone', async () => {
  as(1);
  await silent(group.inviteOrAcceptGroupRequest(hidden, { users: [7] }));
  as(7);
  await silent(group.subscribeToGroup(hidden));
  const page = await group.getUserGroups({ limit: 20, offset: 0, search: `walk ${hidden}` });
  const [found] = page.results.filter((row) => row.id === hidden);
  assert.deepEqual([found.privacy, found.visible], ['private', false]);
  await silent(group.unsubscribeFromGroup(hidden));
  await refused(group.getGroupSubscriptionStatus(hidden), 404, notFound);
});

test('group: in the end everybody goes', async () => {
  for (const user of [10, 7]) {
    as(user);
    await silent(group.unsubscribeFromGroup(closed));
  }
  as(1);
  for (const user of [13, 14]) await silent(group.removeUserFromGroup(closed, user));
  assert.deepEqual(ids(await group.getGroupMembers(closed)), [1]);
});
