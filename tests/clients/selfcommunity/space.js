// The spaces themselves: made, changed, found and deleted by people, with the official client.
'use strict';

const { test } = require('node:test');
const { api, as, assert, firstId, refused, silent } = require('./rig');

const { CourseService, GroupService } = api;
const denied = { error: 'permission_denied' };
const notFound = { error: 'not_found' };
const name = `Rye ${firstId}`;

let course;
let group;

const found = (page) => page.results.map((row) => row.id);

test('space: a course is made as a draft, and changed', async () => {
  as(1);
  const image = 'https://example.org/rye.png';
  course = await CourseService.createCourse({ name, type: 'structured', image_original: image });
  assert.deepEqual([course.name, course.privacy, course.join_status], [name, '', 'creator']);
  assert.equal(course.image_small, image);
  as(7);
  await refused(CourseService.getSpecificCourseInfo(course.id), 404, notFound);
  as(1);
  const opened = await CourseService.patchCourse(course.id, { privacy: 'open', description: 'Of rye' });
  assert.deepEqual([opened.privacy, opened.description, opened.type], ['open', 'Of rye', 'structured']);
  const whole = await CourseService.updateCourse(course.id, { ...opened, type: 'scheduled' });
  assert.deepEqual(whole, { ...opened, type: 'scheduled' });
  as(7);
  await refused(CourseService.patchCourse(course.id, { name: 'x' }), 403, denied);
});

test('space: what a course must say is named', async () => {
  as(1);
  await refused(CourseService.createCourse({ type: 'structured' }), 400, { nameError: { error: 'required' } });
  const type = CourseService.createCourse({ name, type: 'x' });
  await refused(type, 400, { typeError: { error: 'invalid_choice' } });
  const back = CourseService.patchCourse(course.id, { privacy: '' });
  await refused(back, 400, { privacyError: { error: 'invalid_choice' } });
});

test('space: a course is found, with its views and its people', async () => {
  as(7);
  await CourseService.joinOrAcceptInviteToCourse(course.id);
  assert.deepEqual(found(await CourseService.searchCourses({ search: name })), [course.id]);
  as(9);
  const of = await CourseService.getUserJoinedCourses(7);
  const row = of.results.find((one) => one.id === course.id);
  assert.deepEqual([row.member_count, row.join_status], [2, null]);
  as(1);
  const edit = await CourseService.getSpecificCourseInfo(course.id, { view: 'edit' });
  assert.equal(edit.num_lessons, 0);
  const dashboard = await CourseService.getSpecificCourseInfo(course.id, { view: 'dashboard' });
  assert.equal(dashboard.avg_completion_rate, 0);
  await CourseService.patchCourse(course.id, { hide_member_count: true });
  as(7);
  await refused(CourseService.getCourseJoinedUsers(course.id), 403, denied);
});

test('space: a hidden group is made with its invitations, and found by its people', async () => {
  as(1);
  const data = { name, privacy: 'private', visible: false, invite_users: [7] };
  group = await GroupService.createGroup(data);
  assert.deepEqual([group.privacy, group.visible, group.managed_by.id], ['private', false, 1]);
  for (const [user, expected] of [[7, [group.id]], [9, []]]) {
    as(user);
    const page = await GroupService.searchGroups({ search: name });
    assert.deepEqual([found(page), page.count], [expected, expected.length]);
  }
  as(7);
  await GroupService.subscribeToGroup(group.id);
  assert.ok(found(await GroupService.getUserSubscribedGroups(7)).includes(group.id));
  as(9);
  assert.ok(!found(await GroupService.getUserSubscribedGroups(7)).includes(group.id));
  as(1);
  const seen = await GroupService.patchGroup(group.id, { visible: true });
  assert.equal(seen.visible, true);
  const whole = await GroupService.updateGroup(group.id, { ...seen, description: 'Of rye' });
  assert.equal(whole.description, 'Of rye');
  const open = GroupService.patchGroup(group.id, { privacy: 'public' });
  await refused(open, 400, { privacyError: { error: 'invalid_choice' } });
});

test('space: a condition that does not hold changes nothing', async () => {
  as(1);
  const headers = { 'If-Match': '"0"' };
  const stale = CourseService.patchCourse(course.id, { name: 'x' }, { headers });
  await refused(stale, 412, { error: 'precondition_failed' });
  assert.equal((await CourseService.getSpecificCourseInfo(course.id)).name, name);
});

test('space: in the end their creator deletes both', async () => {
  as(7);
  await refused(CourseService.deleteCourse(course.id), 403, denied);
  as(1);
  await silent(CourseService.deleteCourse(course.id));
  await silent(GroupService.deleteGroup(group.id));
  await refused(CourseService.deleteCourse(course.id), 404, notFound);
});
