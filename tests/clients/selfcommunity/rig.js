// What both walks share: the running demo, the client pointed at it, and the assertions.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const api = require('@selfcommunity/api-services');

/** The JSON line of `roster demo --json`: first argument, environment, or standard input. */
const demo = JSON.parse(process.argv[2] || process.env.ROSTER_DEMO || fs.readFileSync(0, 'utf8'));

api.http.setBasePortal(demo.rest);

// The package logs every refusal there, and most of what is asked for here is to be refused.
console.warn = () => {};

/** The ids of this run's spaces: never those of an earlier run against the same database. */
const firstId = Date.now();

/** Speaks as this user from here on, or as nobody. */
function as(user) {
  api.http.setAuthorizeToken(user && demo.tokens[user]);
}

/** A space of our own, made as the owner of its content makes it: by an internal service. */
async function createSpace(collection, offset, privacy, attributes = {}) {
  const id = firstId + offset;
  const name = `${collection}/${id}`;
  const fields = Object.entries(attributes).map(([key, text]) => [key, { stringValue: text }]);
  const request = {
    name,
    displayName: `Walk ${id}`,
    privacy: `PRIVACY_${privacy}`,
    creator: '1',
    attributes: { fields: Object.fromEntries(fields) },
  };
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${demo.admin_token}`);
  const call = spaces().CreateSpace.bind(spaces());
  await new Promise((resolve, reject) => {
    call(request, metadata, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
  return id;
}

let client;

function spaces() {
  if (!client) {
    const proto = path.resolve(__dirname, '../../../proto');
    const options = { includeDirs: [proto], enums: String };
    const loaded = loader.loadSync('roster/v1/space_service.proto', options);
    const { SpaceService } = grpc.loadPackageDefinition(loaded).roster.v1;
    client = new SpaceService(demo.grpc, grpc.credentials.createInsecure());
  }
  return client;
}

/** Ends what would keep the process alive. */
function close() {
  if (client) client.close();
}

/** A 204: the client's own pages tell "left" from "joined" by the empty body. */
async function silent(call) {
  assert.equal(await call, '');
}

/**
 * A refusal with this status, read as the client's own pages read it. `codes` is what the package's
 * formatHttpErrorCode makes of the body; each code must come with a text for people.
 */
async function refused(call, status, codes) {
  const error = await call.then(
    (answer) => assert.fail(`expected ${status}, was answered ${JSON.stringify(answer)}`),
    (reason) => reason,
  );
  assert.ok(error.response, `no response: ${error.message}`);
  assert.equal(error.response.status, status, JSON.stringify(error.response.data));
  assert.deepEqual(api.formatHttpErrorCode(error), codes);
  const texts = api.formatHttpError(error);
  assert.deepEqual(Object.keys(texts), Object.keys(codes));
  for (const text of Object.values(texts)) {
    const sentence = typeof text === 'string' ? text : text.error;
    assert.ok(sentence.length > 0);
  }
  return error.response;
}

/** The ids on a page that must be the whole list, in rising order. */
function ids(page) {
  assert.equal(page.count, page.results.length);
  assert.equal(page.next, null);
  assert.equal(page.previous, null);
  return page.results.map((row) => row.id).sort((a, b) => a - b);
}

/** Walks a list of three by pages of two, forwards and back, and returns all ids in rising order. */
async function twoPages(list) {
  const first = await list({ limit: 2, offset: 0 });
  assert.equal(first.count, 3);
  assert.equal(first.results.length, 2);
  assert.equal(first.previous, null);
  assert.ok(first.next.startsWith(`${demo.rest}/api/v2/`), first.next);
  const second = (await api.http.request({ url: first.next, method: 'GET' })).data;
  assert.equal(second.count, 3);
  assert.equal(second.results.length, 1);
  assert.equal(second.next, null);
  const again = (await api.http.request({ url: second.previous, method: 'GET' })).data;
  assert.deepEqual(again, first);
  const beyond = await list({ limit: 2, offset: 50 });
  assert.deepEqual([beyond.count, beyond.results], [3, []]);
  return [...first.results, ...second.results].map((row) => row.id).sort((a, b) => a - b);
}

module.exports = { api, as, assert, close, createSpace, firstId, ids, refused, silent, twoPages };
