// A course: 1 creates it, everybody else begins as a stranger.
'use strict';

const { test } = require('node:test');
const { api, as, assert, createSpace, firstId, ids, refused, silent, twoPages } = require('./rig');

const course = api.CourseService;
const denied = { error: 'permission_denied' };
const notFound = { error: 'not_found' };
const content = { description: 'From first steps to a sonata', type: 'self-paced' };

let open;
let closed;
let secret;
let draft;

async function status(id, user) {
  as(user);
  const answer = await course.getCourseStatus(id);
  assert.deepEqual(Object.keys(answer), ['status']);
  return answer.status;
}

async function join(id, user) {
  as(user);
  return course.joinOrAcceptInviteToCourse(id);
}

test('course: an internal service creates four', async () => {
  open = await createSpace('courses', 1, 'OPEN', content);
  closed = await createSpace('courses', 2, 'PRIVATE', content);
  secret = await createSpace('courses', 3, 'SECRET');
  draft = await createSpace('courses', 4, 'DRAFT');
});

test('course: joining an open one answers with the whole course', async () => {
  assert.equal(await status(open, 7), null);
  const answer = await join(open, 7);
  assert.equal(answer.id, open);
  assert.equal(answer.name, `Walk ${open}`);
  assert.equal(answer.privacy, 'open');
  assert.equal(answer.join_status, 'joined');
  assert.equal(answer.created_by.id, 1);
  assert.equal(answer.description, content.description);
  assert.equal(answer.type, content.type);
  assert.ok(!Number.isNaN(Date.parse(answer.created_at)), answer.created_at);
  assert.equal(await status(open, 7), 'joined');
  assert.deepEqual(await join(open, 7), answer, 'repeating changes nothing');
  assert.deepEqual(await course.getSpecificCourseInfo(open), answer);
});

test('course: the member list leaves the creator out until asked', async () => {
  as(9);
  const page = await course.getCourseJoinedUsers(open);
  assert.deepEqual(ids(page), [7]);
  for (const key of ['id', 'username', 'real_name', 'avatar', 'community_badge', 'deleted']) {
    assert.ok(key in page.results[0], key);
  }
  const all = { statuses: ['creator', 'manager', 'joined'] };
  assert.deepEqual(ids(await course.getCourseJoinedUsers(open, all)), [1, 7]);
  const creator = { statuses: JSON.stringify(['creator']) };
  assert.deepEqual(ids(await course.getCourseJoinedUsers(open, creator)), [1]);
  const invited = course.getCourseJoinedUsers(open, { statuses: ['invited'] });
  await refused(invited, 400, { statusesError: { error: 'invalid_choice' } });
});

test('course: my courses', async () => {
  as(7);
  const mine = await course.getJoinedCourses({ limit: 100, offset: 0 });
  const found = mine.results.find((row) => row.id === open);
  assert.equal(found.join_status, 'joined');
  assert.equal(found.created_by.id, 1);
  as(1);
  const made = await course.getJoinedCourses({ statuses: ['creator'], created_by: 1, limit: 3 });
  const newest = made.results.map((row) => row.id);
  assert.deepEqual(newest, [draft, secret, closed]);
  assert.ok(made.next.includes('created_by=1'), made.next);
});

test('course: leaving is silent, and so is leaving again', async () => {
  as(7);
  await silent(course.leaveOrRemoveCourseRequest(open));
  await silent(course.leaveOrRemoveCourseRequest(open));
  assert.equal(await status(open, 7), null);
});

test('course: a private one is asked for', async () => {
  for (const user of [7, 8, 9]) {
    const answer = await join(closed, user);
    assert.equal(answer.join_status, 'requested');
    assert.equal(answer.id, closed);
  }
  assert.equal((await join(closed, 7)).join_status, 'requested');
  assert.equal(await status(closed, 7), 'requested');
  as(1);
  assert.deepEqual(await twoPages((params) => course.getCourseWaitingApproval(closed, params)), [7, 8, 9]);
  const search = { limit: 6, offset: 0, search: '8' };
  assert.deepEqual(ids(await course.getCourseWaitingApproval(closed, search)), [8]);
});

test('course: one invitation call accepts requests and invites strangers', async () => {
  as(1);
  await silent(course.inviteOrAcceptUsersToCourse(closed, { users: [7, 10, 11, 12, 10] }));
  const invited = await twoPages((params) => course.getCourseInvitedUsers(closed, params));
  assert.deepEqual(invited, [10, 11, 12]);
  const { results } = await course.getCourseInvitedUsers(closed);
  assert.deepEqual(Object.keys(results[0]).sort(), ['avatar', 'ext_id', 'id', 'real_name', 'username']);
  assert.equal(await status(closed, 7), 'joined');
  assert.equal(await status(closed, 10), 'invited');
});

test('course: invitations are accepted, declined and taken back', async () => {
  assert.equal((await join(closed, 10)).join_status, 'joined');
  as(11);
  await silent(course.leaveOrRemoveCourseRequest(closed));
  as(1);
  await silent(course.removeInvitationToCourse(closed, { users: [12, 7, 30] }));
  assert.deepEqual(ids(await course.getCourseInvitedUsers(closed)), []);
  assert.equal(await status(closed, 11), null);
  assert.equal(await status(closed, 12), null);
  assert.equal(await status(closed, 7), 'joined', 'only invitations are taken back');
});

test('course: a private one shows strangers its lock screen', async () => {
  as(30);
  const locked = await course.getSpecificCourseInfo(closed);
  assert.deepEqual([locked.id, locked.privacy, locked.join_status], [closed, 'private', null]);
  assert.equal('description' in locked, false);
  as(7);
  assert.equal((await course.getSpecificCourseInfo(closed)).description, content.description);
});

test('course: requests are withdrawn and rejected', async () => {
  as(8);
  await silent(course.leaveOrRemoveCourseRequest(closed));
  as(1);
  await silent(course.leaveOrRemoveCourseRequest(closed, { user: 9 }));
  assert.deepEqual(ids(await course.getCourseWaitingApproval(closed)), []);
  assert.equal(await status(closed, 9), null);
});

test('course: roles', async () => {
  as(1);
  await silent(course.changeCourseUserRole(closed, { managers: [7], joined: [13], unjoined: [10] }));
  assert.equal(await status(closed, 7), 'manager');
  assert.equal(await status(closed, 13), 'joined');
  assert.equal(await status(closed, 10), null);
  as(7);
  await silent(course.inviteOrAcceptUsersToCourse(closed, { users: [14] }));
  await silent(course.changeCourseUserRole(closed, { joined: [7, 14] }));
  assert.equal(await status(closed, 14), 'joined');
  as(30);
  assert.deepEqual(ids(await course.getCourseJoinedUsers(closed)), [7, 13, 14]);
});

test('course: a member manages nothing', async () => {
  as(7);
  const users = [15];
  await refused(course.inviteOrAcceptUsersToCourse(closed, { users }), 403, denied);
  await refused(course.removeInvitationToCourse(closed, { users }), 403, denied);
  await refused(course.changeCourseUserRole(closed, { managers: [7] }), 403, denied);
  await refused(course.leaveOrRemoveCourseRequest(closed, { user: 13 }), 403, denied);
  await refused(course.getCourseInvitedUsers(closed), 403, denied);
  await refused(course.getCourseWaitingApproval(closed), 403, denied);
});

test('course: nobody touches the creator', async () => {
  as(1);
  await refused(course.leaveOrRemoveCourseRequest(closed), 403, denied);
  await silent(course.changeCourseUserRole(closed, { managers: [7] }));
  as(7);
  await refused(course.leaveOrRemoveCourseRequest(closed, { user: 1 }), 403, denied);
  const roles = course.changeCourseUserRole(closed, { joined: [13, 1], unjoined: [14] });
  const answer = await refused(roles, 400, { joinedError: { error: 'invalid' } });
  assert.equal(answer.data.errors.length, 1);
  assert.equal(await status(closed, 1), 'creator');
  assert.equal(await status(closed, 14), 'joined', 'one refusal, nothing changes');
});

test('course: unreadable input names the field', async () => {
  as(1);
  const invite = (data) => course.inviteOrAcceptUsersToCourse(closed, data);
  await refused(invite({}), 400, { usersError: { error: 'required' } });
  await refused(invite({ users: [] }), 400, { usersError: { error: 'empty' } });
  await refused(invite({ users: 'ann' }), 400, { usersError: { error: 'not_a_list' } });
  await refused(invite({ users: [15, 'ann'] }), 400, { usersError: { error: 'invalid' } });
  const many = Array.from({ length: 1001 }, (_, n) => n + 100);
  await refused(invite({ users: many }), 400, { usersError: { error: 'too_many' } });
  const remove = course.leaveOrRemoveCourseRequest(closed, { user: 'ann' });
  await refused(remove, 400, { userError: { error: 'invalid' } });
  assert.equal((await course.getCourseInvitedUsers(closed)).count, 0);
});

test('course: a secret one does not exist for a stranger', async () => {
  as(7);
  const unknown = await refused(course.getCourseStatus(firstId + 900), 404, notFound);
  const calls = [
    () => course.getCourseStatus(secret),
    () => course.joinOrAcceptInviteToCourse(secret),
    () => course.leaveOrRemoveCourseRequest(secret),
    () => course.getSpecificCourseInfo(secret),
    () => course.getCourseJoinedUsers(secret),
    () => course.getCourseInvitedUsers(secret),
    () => course.inviteOrAcceptUsersToCourse(secret, { users: [8] }),
    () => course.changeCourseUserRole(secret, { managers: [7] }),
  ];
  for (const call of calls) {
    const hidden = await refused(call(), 404, notFound);
    assert.deepEqual(hidden.data, unknown.data);
  }
});

test('course: a secret one opens by invitation alone', async () => {
  as(1);
  await silent(course.inviteOrAcceptUsersToCourse(secret, { users: [7, 8] }));
  assert.equal(await status(secret, 7), 'invited');
  const answer = await join(secret, 7);
  assert.deepEqual([answer.privacy, answer.join_status], ['secret', 'joined']);
  await silent(course.leaveOrRemoveCourseRequest(secret));
  as(8);
  await silent(course.leaveOrRemoveCourseRequest(secret));
  for (const user of [7, 8]) {
    as(user);
    await refused(course.getCourseStatus(secret), 404, notFound);
  }
});

test('course: a draft shows to its managers alone', async () => {
  const answer = await join(draft, 1);
  assert.deepEqual([answer.privacy, answer.join_status], ['', 'creator']);
  as(1);
  await silent(course.changeCourseUserRole(draft, { managers: [7], joined: [8] }));
  assert.equal(await status(draft, 7), 'manager');
  as(8);
  await refused(course.getCourseStatus(draft), 404, notFound);
  await refused(course.joinOrAcceptInviteToCourse(draft), 404, notFound);
  await silent(course.leaveOrRemoveCourseRequest(draft));
});

test('course: without a token nothing is said', async () => {
  as(null);
  const answer = await refused(course.getCourseStatus(open), 401, { error: 'not_authenticated' });
  assert.match(answer.headers['www-authenticate'], /^Bearer/);
  api.http.setAuthorizeToken('not.a.token');
  await refused(course.getCourseStatus(open), 401, { error: 'authentication_failed' });
});

test('course: in the end everybody goes', async () => {
  as(7);
  await silent(course.leaveOrRemoveCourseRequest(closed));
  as(1);
  await silent(course.leaveOrRemoveCourseRequest(closed, { user: 13 }));
  await silent(course.changeCourseUserRole(closed, { unjoined: [14] }));
  assert.deepEqual(ids(await course.getCourseJoinedUsers(closed)), []);
});
