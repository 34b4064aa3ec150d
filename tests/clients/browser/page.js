// Runs in a browser, in a page of another origin than the server's: SelfCommunity's own client, the
// contract through Connect and gRPC-Web, and plain fetch. Says at /done what it came to.

import { createFileRegistry, fromBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import { CourseService, http } from '@selfcommunity/api-services';

const USER = '20';

function equal(what, found, expected) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: ${left}, and not ${right}`);
}

/** Joins, lists and leaves as SelfCommunity's own pages do. */
async function selfCommunity(demo) {
  http.setBasePortal(demo.rest);
  http.setAuthorizeToken(demo.tokens[USER]);
  const course = await CourseService.joinOrAcceptInviteToCourse(1);
  equal('joined', course.join_status, 'joined');
  const page = await CourseService.getJoinedCourses();
  equal('listed', page.results.map((one) => one.id), [1]);
  equal('left', await CourseService.leaveOrRemoveCourseRequest(1), '');
  equal('listed after that', (await CourseService.getJoinedCourses()).results, []);
  const hidden = await CourseService.joinOrAcceptInviteToCourse(3).catch((error) => error);
  equal('refused', hidden.response && hidden.response.status, 404);
}

/** The same through the contract. */
async function contract(demo, registry, transport) {
  const service = registry.getService('roster.v1.MembershipService');
  const client = createClient(service, transport);
  const status = ({ membership }) => toJson(registry.getMessage('roster.v1.Membership'), membership).status;
  const options = { headers: { authorization: `Bearer ${demo.tokens[USER]}` } };
  const joined = await client.joinOrAcceptInvite({ space: 'courses/1' }, options);
  equal('joined', status(joined), 'MEMBERSHIP_STATUS_MEMBER');
  const { spaces } = await client.listUserSpaces({ collection: 'courses' }, options);
  equal('listed', spaces.map((one) => one.space.name), ['courses/1']);
  const left = await client.leaveOrRemoveRequest({ space: 'courses/1' }, options);
  equal('left', status(left), 'MEMBERSHIP_STATUS_ABSENT');
  const refused = await client.joinOrAcceptInvite({ space: 'courses/3' }, options).catch(ConnectError.from);
  equal('refused', [refused.code, refused.details.map((detail) => detail.type)], [5, ['google.rpc.ErrorInfo']]);
}

async function fetched(demo) {
  const url = `http://${demo.grpc}/roster.v1.MembershipService/GetMembership`;
  const headers = { authorization: `Bearer ${demo.tokens[USER]}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: '{"space": "courses/1"}' });
  equal('asked', (await answer.json()).membership.status, 'MEMBERSHIP_STATUS_ABSENT');
  equal('a request id', answer.headers.get('x-request-id').length > 0, true);
}

/** Each way in, by its name. */
async function ways() {
  const demo = await (await fetch('/demo.json')).json();
  const image = new Uint8Array(await (await fetch('/image.binpb')).arrayBuffer());
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const options = { baseUrl: `http://${demo.grpc}` };
  return {
    "SelfCommunity's client": () => selfCommunity(demo),
    'Connect with JSON': () => contract(demo, registry, createConnectTransport(options)),
    'Connect with protobuf': () =>
      contract(demo, registry, createConnectTransport({ ...options, useBinaryFormat: true })),
    'gRPC-Web': () => contract(demo, registry, createGrpcWebTransport(options)),
    fetch: () => fetched(demo),
  };
}

async function main() {
  const came = {};
  for (const [name, walk] of Object.entries(await ways())) {
    came[name] = await walk().then(
      () => 'ok',
      (error) => `${error}`,
    );
  }
  return came;
}

main()
  .catch((error) => ({ page: `${error.stack}` }))
  .then((came) => fetch('/done', { method: 'POST', body: JSON.stringify(came) }));
