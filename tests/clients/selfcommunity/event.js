// Events, from their making to their end, with the official client.
'use strict';

const { test } = require('node:test');
const { api, as, assert, firstId, ids, refused, silent } = require('./rig');

const { EventService } = api;
const denied = { error: 'permission_denied' };
const notFound = { error: 'not_found' };
const name = `Harvest ${firstId}`;

let event;

test('event: it is made, and found by those who see it', async () => {
  as(1);
  const data = { name, privacy: 'private', start_date: '2026-09-01T10:00:00Z', location: 'virtual' };
  event = await EventService.createEvent({ ...data, invite_users: [8] });
  assert.deepEqual([event.name, event.location, event.subscription_status], [name, 'virtual', 'subscribed']);
  assert.equal(event.managed_by.id, 1);
  as(7);
  const page = await EventService.searchEvents({ search: name });
  assert.deepEqual(ids(page), [event.id]);
  // The package spells it so.
  assert.deepEqual(ids(await EventService.getUserCretaedEvents({ created_by: 7 })), []);
  assert.equal((await EventService.getSpecificEventInfo(event.id)).subscription_status, null);
});

test('event: users ask, are invited, and subscribe', async () => {
  as(7);
  await silent(EventService.subscribeToEvent(event.id));
  assert.deepEqual(await EventService.getEventSubscriptionStatus(event.id), { status: 'requested' });
  await refused(EventService.getEventMembers(event.id), 403, denied);
  as(8);
  await silent(EventService.subscribeToEvent(event.id));
  assert.deepEqual(await EventService.getEventSubscriptionStatus(event.id), { status: 'subscribed' });
  as(1);
  assert.deepEqual(ids(await EventService.getEventWaitingApprovalSubscribers(event.id)), [7]);
  await silent(EventService.inviteOrAcceptEventRequest(event.id, { users: [7, 9] }));
  assert.deepEqual(ids(await EventService.getEventInvitedUsers(event.id)), [9]);
  await silent(EventService.removeInviteEvent(event.id, { users: [9] }));
  assert.deepEqual(ids(await EventService.getEventMembers(event.id)), [1, 7, 8]);
  as(7);
  assert.ok((await EventService.getUserEvents()).results.some((row) => row.id === event.id));
  const own = await EventService.getUserSubscribedEvents(7);
  assert.ok(own.results.some((row) => row.id === event.id));
});

test('event: who is subscribed goes, or does not', async () => {
  const status = async () => (await EventService.getEventSubscriptionStatus(event.id)).status;
  as(7);
  await silent(EventService.goToEvent(event.id));
  assert.equal(await status(), 'going');
  assert.deepEqual(ids(await EventService.getUsersGoingToEvent(event.id)), [7]);
  assert.equal((await EventService.getSpecificEventInfo(event.id)).goings_counter, 1);
  await silent(EventService.removeGoingToEvent(event.id));
  assert.equal(await status(), 'subscribed');
  await silent(EventService.notGoingToEvent(event.id));
  assert.deepEqual(ids(await EventService.getUsersNotGoingToEvent(event.id)), [7]);
  const mine = await EventService.getUserEvents({ subscription_status: 'not_going', past: 0 });
  assert.ok(mine.results.some((row) => row.id === event.id && row.subscription_status === 'not_going'));
  await silent(EventService.removeNotGoingToEvent(event.id));
  as(9);
  await refused(EventService.goToEvent(event.id), 403, denied);
  as(1);
  const going = { url: `/api/v2/event/${event.id}/going/`, method: 'POST', data: { users: [9] } };
  await silent(api.http.request(going).then((answer) => answer.data ?? answer));
  assert.deepEqual(ids(await EventService.getUsersGoingToEvent(event.id)), [9]);
});

test('event: one leaves it, and its creator changes and deletes it', async () => {
  as(7);
  await silent(EventService.unsubscribeFromEvent(event.id));
  assert.deepEqual(await EventService.getEventSubscriptionStatus(event.id), { status: null });
  await refused(EventService.patchEvent(event.id, { name: 'x' }), 403, denied);
  as(1);
  const hidden = await EventService.patchEvent(event.id, { visible: false });
  assert.deepEqual(await EventService.updateEvent(event.id, { ...hidden, color: '#fff' }), { ...hidden, color: '#fff' });
  as(7);
  await refused(EventService.getSpecificEventInfo(event.id), 404, notFound);
  as(1);
  await silent(EventService.deleteEvent(event.id));
  await refused(EventService.deleteEvent(event.id), 404, notFound);
});
