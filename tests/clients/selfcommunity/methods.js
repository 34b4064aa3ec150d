// Calls every method of the official client's services for courses, groups and events, its suggestion of
// courses, and what they need of its service for users, and says what became of each, as the table in docs/rest.md. What
// is about spaces, members and people must work, and its answer must be what the package's own types say;
// everything else must be refused as the surface refuses what it does not have.
//
// ROSTER_GOLDEN=write renews the table.
'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { api, as, assert, close, createSpace, firstId, refused } = require('./rig');

const { CourseService, EventService, GroupService, SuggestionService, UserService } = api;
const DOCUMENT = path.resolve(__dirname, '../../../docs/rest.md');
const MARKS = ['<!-- methods -->', '<!-- /methods -->'];

// Types of the answers. Lists of users, and who created a course, carry less than a user by themselves, as
// SelfCommunity's documentation says. The package shares one type for all. Categories stand there as the
// course's owner wrote them, and `deleted` is documented, but no field of the package's.
const page = (of) => `SCPaginatedResponse<${of}>`;
const course = 'Course';
const group = 'SCGroupType';
const event = 'Event';
const user = 'SCUserType';
const reduced = "Pick<SCUserType, 'id' | 'username' | 'real_name' | 'avatar' | 'ext_id'>";
const minimal = 'Minimal';
const row = "Pick<SCUserType, 'id' | 'username' | 'real_name' | 'avatar'> & { join_status: SCCourseJoinStatusType, user_completion_rate: number, last_active_at: Date, joined_at: Date }";
const nothing = '""';

/** Served by whoever owns the content: neither the path nor the method is here. */
const missing = { error: 'not_found' };
/** The client fails before it sends anything. */
const broken = Symbol('broken');

const ids = {
  course: 0, own: 0, private: 0, group: 0, ownGroup: 0, privateGroup: 0, event: 0, ownEvent: 0, privateEvent: 0,
};

// Each call: who makes it, with what, and the type of the answer; without a type it is refused with 404.
const calls = {
  CourseService: {
    getSpecificCourseInfo: [1, () => [ids.course], course],
    getJoinedCourses: [7, () => [{ statuses: ['joined', 'manager'], created_by: 1, limit: 5 }], page(course)],
    getUserJoinedCourses: [9, () => [7, { statuses: ['joined'] }], page(course)],
    searchCourses: [9, () => [{ search: 'walk', categories: [1, 2] }], page(course)],
    joinOrAcceptInviteToCourse: [7, () => [ids.course], course],
    getCourseStatus: [7, () => [ids.course], '{ status: SCCourseJoinStatusType }'],
    inviteOrAcceptUsersToCourse: [1, () => [ids.course, { users: [8, 10] }], nothing],
    getCourseInvitedUsers: [1, () => [ids.course, { limit: 5 }], page(reduced)],
    removeInvitationToCourse: [1, () => [ids.course, { users: [10] }], nothing],
    getCourseSuggestedUsers: [1, () => [ids.course, 'an'], page(reduced)],
    getCourseWaitingApproval: [1, () => [ids.private, { limit: 5 }], page(user)],
    changeCourseUserRole: [1, () => [ids.course, { managers: [9], joined: [11] }], nothing],
    getCourseJoinedUsers: [7, () => [ids.course, { statuses: ['manager', 'joined'] }], page(minimal)],
    getCourseDashboardUsers: [1, () => [ids.course, { statuses: ['joined', 'manager'], ordering: 'joined_at' }], page(row)],
    leaveOrRemoveCourseRequest: [7, () => [ids.course], nothing],
    createCourse: [1, () => [{ name: `Rye ${firstId}`, type: 'structured', categories: [3] }], course],
    updateCourse: [1, () => [ids.own, { name: 'Rye', type: 'scheduled' }], course],
    patchCourse: [1, () => [ids.own, { description: 'Of rye' }], course],
    changeCourseCover: [1, () => [ids.own, { image_original: 'https://example.org/rye.png' }], course],
    deleteCourse: [1, () => [ids.own], nothing],
    getCourseSections: [1, () => [ids.course]],
    createCourseSection: [1, () => [ids.course, { name: 'First' }]],
    getCourseSection: [1, () => [ids.course, 2]],
    updateCourseSection: [1, () => [ids.course, 2, { name: 'First' }]],
    patchCourseSection: [1, () => [ids.course, 2, { name: 'First' }]],
    deleteCourseSection: [1, () => [ids.course, 2]],
    getCourseLessons: [1, () => [ids.course, 2]],
    createCourseLesson: [1, () => [ids.course, 2, { name: 'First' }]],
    getCourseLesson: [1, () => [ids.course, 2, 3]],
    updateCourseLesson: [1, () => [ids.course, 2, 3, { name: 'First' }]],
    patchCourseLesson: [1, () => [ids.course, 2, 3, { name: 'First' }]],
    deleteCourseLesson: [1, () => [ids.course, 2, 3]],
    markLessonComplete: [1, () => [ids.course, 2, 3]],
    markLessonIncomplete: [1, () => [ids.course, 2, 3]],
    getCourseComments: [1, () => [ids.course]],
    getCourseLessonComments: [1, () => [ids.course, 2, 3]],
    getCourseLessonComment: [1, () => [ids.course, 2, 3, 4]],
    createCourseComment: [1, () => [ids.course, 2, 3, { text: 'Yes' }]],
    updateCourseComment: [1, () => [ids.course, 2, 3, 4, { text: 'Yes' }]],
    patchCourseComment: [1, () => [ids.course, 2, 3, 4, { text: 'Yes' }]],
    deleteCourseComment: [1, () => [ids.course, 2, 3, 4]],
  },
  GroupService: {
    getSpecificGroupInfo: [1, () => [ids.group], group],
    subscribeToGroup: [7, () => [ids.group], nothing],
    getUserGroups: [7, () => [{ search: 'walk', limit: 5 }], page(group)],
    getUserSubscribedGroups: [9, () => [7], page(group)],
    searchGroups: [9, () => [{ search: 'walk' }], page(group)],
    getGroupMembers: [9, () => [ids.group, { limit: 5 }], page(reduced)],
    getGroupSubscriptionStatus: [7, () => [ids.group], '{ status: SCGroupSubscriptionStatusType }'],
    inviteOrAcceptGroupRequest: [1, () => [ids.group, { users: [8] }], nothing],
    getGroupInvitedUsers: [1, () => [ids.group, { limit: 5 }], page(reduced)],
    getGroupSuggestedUsers: [1, () => [ids.group, 'an'], page(reduced)],
    getGroupsSuggestedUsers: [7, () => ['an'], page(reduced)],
    getGroupWaitingApprovalSubscribers: [1, () => [ids.privateGroup, { limit: 5 }], page(reduced)],
    removeUserFromGroup: [1, () => [ids.group, 8], nothing],
    unsubscribeFromGroup: [7, () => [ids.group], nothing],
    createGroup: [1, () => [{ name: `Rye ${firstId}`, privacy: 'private', visible: true }], group],
    updateGroup: [1, () => [ids.ownGroup, { name: 'Rye', privacy: 'private', visible: true }], group],
    patchGroup: [1, () => [ids.ownGroup, { description: 'Of rye' }], group],
    changeGroupAvatarOrCover: [1, () => [ids.ownGroup, { image_original: 'https://example.org/rye.png' }], group],
    deleteGroup: [1, () => [ids.ownGroup], nothing],
    getGroupFeed: [1, () => [ids.group]],
  },
  EventService: {
    getSpecificEventInfo: [1, () => [ids.event], event],
    subscribeToEvent: [7, () => [ids.event], nothing],
    goToEvent: [7, () => [ids.event], nothing],
    getUsersGoingToEvent: [9, () => [ids.event, { limit: 5 }], page(reduced)],
    removeGoingToEvent: [7, () => [ids.event], nothing],
    notGoingToEvent: [7, () => [ids.event], nothing],
    getUsersNotGoingToEvent: [9, () => [ids.event, { limit: 5 }], page(reduced)],
    getUserEvents: [7, () => [{ subscription_status: 'not_going', past: false, location: 'in person' }], page(event)],
    removeNotGoingToEvent: [7, () => [ids.event], nothing],
    getEventSubscriptionStatus: [7, () => [ids.event], '{ status: SCEventSubscriptionStatusType }'],
    getUserSubscribedEvents: [9, () => [7], page(event)],
    getUserCretaedEvents: [9, () => [{ created_by: 1, limit: 5 }], page(event)],
    searchEvents: [9, () => [{ search: 'walk', date_filter: 'not_past', location: 'any' }], page(event)],
    getEventRelated: [9, () => [ids.event, { created_by: 1 }], page(event)],
    getEventMembers: [9, () => [ids.event, { limit: 5 }], page(reduced)],
    inviteOrAcceptEventRequest: [1, () => [ids.event, { users: [8] }], nothing],
    getEventInvitedUsers: [1, () => [ids.event, { limit: 5 }], page(reduced)],
    removeInviteEvent: [1, () => [ids.event, { users: [8] }], nothing],
    getEventSuggestedUsers: [1, () => [ids.event, 'an'], page(reduced)],
    getEventsSuggestedUsers: [7, () => ['an'], page(reduced)],
    getEventWaitingApprovalSubscribers: [1, () => [ids.privateEvent, { limit: 5 }], page(reduced)],
    unsubscribeFromEvent: [7, () => [ids.event], nothing],
    createEvent: [1, () => [{ name: `Rye ${firstId}`, privacy: 'private', visible: true, location: 'virtual', start_date: '2026-09-01T10:00:00Z' }], event],
    updateEvent: [1, () => [ids.ownEvent, { name: 'Rye', privacy: 'private', visible: true }], event],
    patchEvent: [1, () => [ids.ownEvent, { description: 'Of rye' }], event],
    changeEventCover: [1, () => [ids.ownEvent, { image_original: 'https://example.org/rye.png' }], event],
    deleteEvent: [1, () => [ids.ownEvent], nothing],
    getEventFeed: [1, () => [ids.event]],
    showEvent: [1, () => [ids.event]],
    hideEvent: [1, () => [ids.event], broken],
    getEventPhotoGallery: [1, () => [ids.event]],
    addMediaToEventPhotoGallery: [1, () => [ids.event, 7]],
    removeMediasFromEventPhotoGallery: [1, () => [ids.event, [7]]],
  },
  SuggestionService: {
    getCourseSuggestion: [9, () => [{ limit: 5 }], page(course)],
  },
  UserService: {
    getCurrentUser: [7, () => [], user],
    getSpecificUser: [7, () => [1], user],
    userSearch: [7, () => [{ user: 'an', limit: 5 }], page(user)],
  },
};
const services = { CourseService, EventService, GroupService, SuggestionService, UserService };
/** Whose methods are called without exception. The others are about much else. */
const WHOLE = ['CourseService', 'GroupService', 'EventService'];

/** The last request, as the table shows it. */
let last;
api.http.getClientInstance().interceptors.request.use((config) => {
  const url = new URL(config.url, 'http://x').pathname;
  last = `${config.method.toUpperCase()} ${url.replace(/\/\d+(?=\/)/g, '/{id}')}`;
  return config;
});

async function prepare() {
  const categories = { slug: 'walk' };
  ids.course = await createSpace('courses', 50, 'OPEN', categories);
  ids.private = await createSpace('courses', 51, 'PRIVATE');
  ids.group = await createSpace('groups', 50, 'OPEN');
  ids.privateGroup = await createSpace('groups', 51, 'PRIVATE');
  ids.event = await createSpace('events', 50, 'OPEN');
  ids.privateEvent = await createSpace('events', 51, 'PRIVATE');
  as(7);
  await EventService.subscribeToEvent(ids.privateEvent);
  await CourseService.joinOrAcceptInviteToCourse(ids.private);
  await GroupService.subscribeToGroup(ids.privateGroup);
}

/** Makes every call, in this order, and returns the table's rows and the typed answers. */
async function walk() {
  const [rows, typed] = [[], []];
  for (const [service, methods] of Object.entries(calls)) {
    if (WHOLE.includes(service)) {
      const all = Object.getOwnPropertyNames(services[service]);
      const there = all.filter((name) => typeof services[service][name] === 'function').sort();
      assert.deepEqual(Object.keys(methods).sort(), there, `every method of ${service}`);
    }
    for (const [method, [by, input, type]] of Object.entries(methods)) {
      as(by);
      const call = services[service][method](...input());
      if (type === broken) {
        await assert.rejects(call, TypeError);
        rows.push([service, method, '', 'the client fails before it sends anything']);
        continue;
      }
      if (!type) {
        await refused(call, 404, missing);
        rows.push([service, method, last, '404 `not_found`']);
        continue;
      }
      const answer = await call.catch((error) => {
        const said = error.response ? JSON.stringify(error.response.data) : error.message;
        assert.fail(`${service}.${method}: ${last}: ${said}`);
      });
      if (method === 'createCourse') ids.own = answer.id;
      if (method === 'createGroup') ids.ownGroup = answer.id;
      if (method === 'createEvent') ids.ownEvent = answer.id;
      typed.push([`${service}.${method}`, type, answer]);
      rows.push([service, method, last, 'works']);
    }
  }
  return [rows, typed];
}

/** Compiles the answers as values of the package's types, in which times are objects and enums have names. */
function compile(typed) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'roster-typed-'));
  const [packages] = require.resolve('@selfcommunity/types').split('@selfcommunity');
  const literals = typed.map(([name, type, answer], n) => {
    return `// ${name}\nexport const answer${n}: Sent<${type}> = ${JSON.stringify(answer, null, 2)};\n`;
  });
  const source = `import type { SCCourseJoinStatusType, SCCourseType, SCEventSubscriptionStatusType, SCEventType, SCGroupSubscriptionStatusType, SCGroupType, SCUserType } from '@selfcommunity/types';
import type { SCPaginatedResponse } from '@selfcommunity/api-services';
type Minimal = Pick<SCUserType, 'id' | 'username' | 'real_name' | 'avatar' | 'community_badge' | 'deleted'>;
type Course = Omit<SCCourseType, 'created_by' | 'categories'> & { created_by: Minimal, categories: unknown[], deleted: false };
type Event = SCEventType & { share_count: number };
type Sent<T> = T extends Date ? string : T extends string ? \`\${T}\` : T extends object ? { [K in keyof T]: Sent<T[K]> } : T;
${literals.join('')}`;
  fs.writeFileSync(path.join(directory, 'answers.ts'), source);
  const options = {
    // The package says of what may be null that it is a text.
    strict: true, strictNullChecks: false, noEmit: true, skipLibCheck: true, target: 'es2022',
    module: 'commonjs', moduleResolution: 'node10', types: [], lib: ['es2022', 'dom'],
    paths: { '@selfcommunity/*': [path.join(packages, '@selfcommunity/*')] },
  };
  const settings = { compilerOptions: options, files: ['answers.ts'] };
  fs.writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(settings));
  try {
    execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '--project', directory]);
  } catch (error) {
    assert.fail(`answers are not what the package's types say:\n${error.stdout}`);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
}

function table(rows) {
  const lines = rows.map((cells) => `| \`${cells[0]}.${cells[1]}\` | ${cells[2] && `\`${cells[2]}\``} | ${cells[3]} |`);
  return ['| method | call | outcome |', '|---|---|---|', ...lines].join('\n');
}

/** The table in the document is this one. */
function compare(text) {
  const document = fs.readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = MARKS.map((mark) => document.indexOf(mark));
  assert.ok(begin >= 0 && end > begin, `${DOCUMENT} has no place for the table`);
  const [from, to] = [begin + MARKS[0].length, end];
  if (process.env.ROSTER_GOLDEN === 'write') {
    fs.writeFileSync(DOCUMENT, `${document.slice(0, from)}\n${text}\n${document.slice(to)}`);
  } else {
    assert.equal(`\n${text}\n`, document.slice(from, to), `the table in ${DOCUMENT}`);
  }
}

prepare()
  .then(walk)
  .then(([rows, typed]) => {
    const text = table(rows);
    console.log(text);
    compile(typed);
    compare(text);
    console.log(`methods: ${rows.length} called, ${typed.length} work, as the package's types say`);
  })
  .finally(close);
