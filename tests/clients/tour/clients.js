// Walks the tour with every client that node has, and with the two command lines, curl and buf.
//
//   ROSTER_DEMO="$(roster demo --json | head -n 1)" ROSTER_IMAGE=image.binpb node clients.js
//
// ROSTER_IMAGE is a descriptor set of the contract and of google.rpc, as `buf build` makes it.
'use strict';

const { execFile } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const bufbuild = require('@bufbuild/protobuf');
const { FileDescriptorSetSchema } = require('@bufbuild/protobuf/wkt');
const connect = require('@connectrpc/connect');
const node = require('@connectrpc/connect-node');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');
const { demo, refused, walk } = require('./tour');

const proto = path.resolve(__dirname, '../../../proto');
const image = fs.readFileSync(process.env.ROSTER_IMAGE);
const registry = bufbuild.createFileRegistry(bufbuild.fromBinary(FileDescriptorSetSchema, image));
const seconds = 10;

/** `MembershipService/GetMembership` as its descriptor. */
function methodOf(name) {
  const [service, method] = name.split('/');
  return registry.getService(`roster.v1.${service}`).methods.find((known) => known.name === method);
}

const toMessage = (schema, json) => bufbuild.fromJson(schema, json, { registry });
const toJson = (schema, message) => bufbuild.toJson(schema, message, { registry });

/** Details by their type, as JSON. */
function detailsOf(packed) {
  const entry = ({ type, value }) => {
    const schema = registry.getMessage(type);
    return [type, toJson(schema, bufbuild.fromBinary(schema, value))];
  };
  return Object.fromEntries(packed.map(entry));
}

/** connect-node, in each of its three protocols, and Connect with either codec and both HTTPs. */
function connectNode(make, options = {}) {
  const transport = make({ baseUrl: `http://${demo.grpc}`, defaultTimeoutMs: seconds * 1000, ...options });
  return async (name, send, headers) => {
    const method = methodOf(name);
    const message = toMessage(method.input, send);
    try {
      const { message: answer } = await transport.unary(method, undefined, undefined, headers, message);
      return { answer: toJson(method.output, answer) };
    } catch (error) {
      const told = connect.ConnectError.from(error);
      const code = codeWord(connect.Code[told.code]);
      return refused(code, told.rawMessage, detailsOf(told.details));
    }
  };
}

/** `NotFound` as `NOT_FOUND`. */
function codeWord(code) {
  return code.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase();
}

/** What grpc-js says of a call that was refused. */
function grpcRefusal(error) {
  const [packed] = error.metadata.get('grpc-status-details-bin');
  if (!packed) throw error;
  const status = bufbuild.fromBinary(registry.getMessage('google.rpc.Status'), packed);
  const details = status.details.map((any) => ({ type: any.typeUrl.split('/').pop(), value: any.value }));
  return refused(grpc.status[error.code], error.details, detailsOf(details));
}

function metadataOf(headers) {
  const metadata = new grpc.Metadata();
  Object.entries(headers).forEach(([name, value]) => metadata.set(name, value));
  return metadata;
}

/** grpc-js with messages of @bufbuild/protobuf. */
function grpcJs() {
  const client = new grpc.Client(demo.grpc, grpc.credentials.createInsecure());
  return (name, send, headers) => {
    const method = methodOf(name);
    const serialize = (json) => Buffer.from(bufbuild.toBinary(method.input, toMessage(method.input, json)));
    const deserialize = (bytes) => toJson(method.output, bufbuild.fromBinary(method.output, bytes));
    return new Promise((resolve) => {
      const path = `/${method.parent.typeName}/${method.name}`;
      const options = { deadline: Date.now() + seconds * 1000 };
      client.makeUnaryRequest(path, serialize, deserialize, send, metadataOf(headers), options, (error, answer) => {
        resolve(error ? grpcRefusal(error) : { answer });
      });
    });
  };
}

/** grpc-js with what proto-loader reads from `proto/`. */
function grpcJsLoader() {
  const options = { includeDirs: [proto], enums: String, longs: String };
  const files = ['membership_service', 'space_service'].map((name) => `roster/v1/${name}.proto`);
  const loaded = loader.loadSync(files, options);
  const { roster } = grpc.loadPackageDefinition(loaded);
  const clients = {};
  return (name, send, headers) => {
    const [service, wanted] = name.split('/');
    const Client = roster.v1[service];
    clients[service] ||= new Client(demo.grpc, grpc.credentials.createInsecure());
    const method = methodOf(name);
    const definition = Client.service[wanted];
    const message = Buffer.from(bufbuild.toBinary(method.input, toMessage(method.input, send)));
    const request = definition.requestDeserialize(message);
    return new Promise((resolve) => {
      clients[service][wanted](request, metadataOf(headers), (error, answer) => {
        if (error) return resolve(grpcRefusal(error));
        const bytes = definition.responseSerialize(answer);
        return resolve({ answer: toJson(method.output, bufbuild.fromBinary(method.output, bytes)) });
      });
    });
  };
}

/** Runs a program, and resolves to its output whatever its end. */
function run(program, args, input) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, (error, stdout, stderr) => {
      if (error && error.code === 'ENOENT') reject(error);
      resolve({ failed: error !== null, stdout, stderr });
    });
    child.stdin.end(input);
  });
}

const headerArgs = (headers) => Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);

/** JSON over HTTP, with curl. */
async function curl(name, send, headers) {
  const url = `http://${demo.grpc}/roster.v1.${name}`;
  const type = ['-H', 'content-type: application/json'];
  const args = ['-sS', '--compressed', '-w', '\n%{http_code}', ...type, ...headerArgs(headers), '-d', '@-', url];
  const { stdout, stderr } = await run('curl', args, JSON.stringify(send));
  const [status] = stdout.split('\n').slice(-1);
  const body = JSON.parse(stdout.slice(0, -status.length - 1) || stderr);
  if (status === '200') return { answer: body };
  return refusedInJson(body);
}

/** buf's own command line. */
async function buf(name, send, headers) {
  const program = path.join(path.dirname(require.resolve('@bufbuild/buf/package.json')), 'bin/buf');
  const about = ['curl', '--protocol', 'grpc', '--http2-prior-knowledge', '--schema', process.env.ROSTER_IMAGE];
  const args = [...about, ...headerArgs(headers), '-d', '@-', `http://${demo.grpc}/roster.v1.${name}`];
  const { failed, stdout, stderr } = await run(program, args, JSON.stringify(send));
  return failed ? refusedInJson(JSON.parse(stderr)) : { answer: JSON.parse(stdout) };
}

/** An error as Connect writes it. */
function refusedInJson({ code, message, details = [] }) {
  const packed = details.map(({ type, value }) => ({ type, value: Buffer.from(value, 'base64') }));
  return refused(code.toUpperCase(), message, detailsOf(packed));
}

const http = (httpVersion) => ({ httpVersion });

async function main() {
  const clients = [
    ['connect-node, gRPC', connectNode(node.createGrpcTransport)],
    ['connect-node, gRPC-Web over HTTP/1', connectNode(node.createGrpcWebTransport, http('1.1'))],
    ['connect-node, gRPC-Web over HTTP/2', connectNode(node.createGrpcWebTransport, http('2'))],
    ['connect-node, Connect with JSON', connectNode(node.createConnectTransport, http('1.1'))],
    [
      'connect-node, Connect with protobuf, compressed',
      connectNode(node.createConnectTransport, {
        ...http('2'),
        useBinaryFormat: true,
        sendCompression: node.compressionGzip,
        compressMinBytes: 0,
      }),
    ],
    ['grpc-js', grpcJs()],
    ['grpc-js with proto-loader', grpcJsLoader()],
    ['curl with JSON', curl],
  ];
  // It takes longer than all others together.
  const slow = walk('buf curl', 1, buf);
  slow.catch(() => {});
  for (const [index, [client, call]] of clients.entries()) await walk(client, index + 2, call);
  await slow;
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
