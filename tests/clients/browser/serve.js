// Serves page.js on one port under two names, opens it in headless Chromium under each, and checks what
// it came to: from the origin that the server knows everything works, from the other one nothing does.
//
//   ROSTER_DEMO=… ROSTER_IMAGE=… node serve.js PORT
//
// CHROMIUM names the browser, if it is not `chromium`.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const esbuild = require('esbuild');

const port = Number(process.argv[2]);
const demo = JSON.parse(process.env.ROSTER_DEMO);
const seconds = 60;

const bundle = esbuild.buildSync({
  entryPoints: [path.join(__dirname, 'page.js')],
  bundle: true,
  define: { global: 'window', 'process.env.NODE_ENV': '"production"' },
  format: 'iife',
  logLevel: 'error',
  nodePaths: process.env.NODE_PATH.split(':'),
  platform: 'browser',
  write: false,
});

const files = {
  '/': ['text/html', '<!doctype html><meta charset="utf-8"><title>Roster</title><script src="/page.js"></script>'],
  '/page.js': ['text/javascript', Buffer.from(bundle.outputFiles[0].contents)],
  '/demo.json': ['application/json', JSON.stringify(demo)],
  '/image.binpb': ['application/octet-stream', fs.readFileSync(process.env.ROSTER_IMAGE)],
};

let tell;

const server = http.createServer(async (request, response) => {
  if (request.url === '/done') {
    const parts = [];
    for await (const part of request) parts.push(part);
    response.end();
    tell(JSON.parse(Buffer.concat(parts).toString()));
    return;
  }
  const [type, content] = files[request.url] || ['text/plain', ''];
  response.writeHead(files[request.url] ? 200 : 404, { 'content-type': type }).end(content);
});

/** What the page comes to under this name of the machine. */
async function open(host) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'roster-browser-'));
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const args = [...flags, '--no-proxy-server', `--user-data-dir=${profile}`, `http://${host}:${port}/`];
  const browser = spawn(process.env.CHROMIUM || 'chromium', args, { stdio: 'ignore' });
  let timer;
  try {
    return await new Promise((resolve, reject) => {
      tell = resolve;
      browser.once('error', reject);
      browser.once('exit', (code) => reject(new Error(`the browser ended with ${code}`)));
      timer = setTimeout(() => reject(new Error('the page says nothing')), seconds * 1000);
    });
  } finally {
    clearTimeout(timer);
    if (browser.exitCode === null) {
      browser.removeAllListeners('exit');
      const ended = new Promise((resolve) => browser.once('exit', resolve));
      browser.kill();
      await ended;
    }
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What the user of the page is to the course, asked from outside the browser. */
async function history() {
  const url = `http://${demo.grpc}/roster.v1.MembershipService/ListMembershipEvents`;
  const headers = { authorization: `Bearer ${demo.admin_token}`, 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: '{"space": "courses/1", "pageSize": 1000}' });
  const { events } = await answer.json();
  return events.filter((event) => event.user === '20').length;
}

async function main() {
  await new Promise((resolve) => server.listen(port, resolve));
  const known = await open('127.0.0.1');
  for (const [name, came] of Object.entries(known)) assert.equal(came, 'ok', name);
  const changes = await history();
  assert.equal(changes, 8, 'joined and left in four ways');
  console.log(`browser: ${Object.keys(known).join(', ')}: ok`);
  const foreign = await open('localhost');
  assert.deepEqual(Object.keys(foreign), Object.keys(known));
  for (const [name, came] of Object.entries(foreign)) assert.notEqual(came, 'ok', name);
  assert.equal(await history(), changes, 'and nothing was done');
  console.log('browser: from a foreign origin nothing works, and nothing is done');
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
