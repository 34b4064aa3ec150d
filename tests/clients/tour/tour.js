// The tour: the same calls through every client, each in spaces of its own, and what each call came to
// as one line of JSON. The lines are the same for all clients, byte by byte.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const demo = JSON.parse(process.env.ROSTER_DEMO);
const steps = fs.readFileSync(path.join(__dirname, 'tour.jsonl'), 'utf8').trim().split('\n');
const golden = path.resolve(__dirname, '../../golden/tour.txt');
const expected = fs.readFileSync(golden, 'utf8').trimEnd().split('\n');

/** The ids of the tour with this number, by the words that stand for them. */
function ids(number) {
  const first = 700000000 + number * 10;
  return {
    open: `${first + 1}`,
    private: `${first + 2}`,
    secret: `${first + 3}`,
    none: `${first + 4}`,
    community: (first + 5).toString(16).padStart(32, '0'),
  };
}

/** The headers of somebody's call. */
function headersOf(step) {
  const token = step.as === 'admin' ? demo.admin_token : demo.tokens[step.as];
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  return step.behalf ? { ...headers, 'x-roster-on-behalf-of': step.behalf } : headers;
}

/** With sorted keys, and without what differs from one run to the next. */
function canonical(value, key = '') {
  if (/^(time|.*Time)$/.test(key)) return 'TIME';
  if (key === 'nextPageToken') return 'TOKEN';
  if (Array.isArray(value)) return value.map((item) => canonical(item));
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value).sort();
  return Object.fromEntries(keys.map((name) => [name, canonical(value[name], name)]));
}

/** What was refused, from the name of the code, the text, and the details as JSON by their type. */
function refused(code, message, details) {
  const info = details['google.rpc.ErrorInfo'] || {};
  const violations = (details['google.rpc.BadRequest'] || {}).fieldViolations || [];
  return {
    code,
    fields: violations.map(({ field, description }) => [field, description]),
    message,
    metadata: info.metadata || {},
    reason: `${info.domain}/${info.reason}`,
  };
}

/**
 * Walks the tour with `call(name, request, headers)`, which resolves to `{answer}` or to what `refused`
 * returns. Fails at the first line that is not as expected.
 */
async function walk(client, number, call) {
  const own = ids(number);
  let next = '';
  for (const [index, text] of steps.entries()) {
    const filled = text.replace(/\{(\w+)\}/g, (_, word) => (word === 'next' ? next : own[word]));
    const step = JSON.parse(filled);
    const outcome = await call(step.call, step.send, headersOf(step));
    const { answer } = outcome;
    if (answer && answer.nextPageToken) next = answer.nextPageToken;
    if (answer && answer.spaces) {
      // Other clients walk at the same time.
      answer.spaces = answer.spaces.filter((item) => item.space.name.endsWith(own.private));
    }
    let line = JSON.stringify(canonical(outcome));
    for (const [word, id] of Object.entries(own)) line = line.replaceAll(id, `{${word}}`);
    line = `${step.call} ${line}`;
    if (line !== expected[index]) {
      throw new Error(`${client}, call ${index + 1}\n  came to  ${line}\n  and not  ${expected[index]}`);
    }
  }
  console.log(`tour: ${client}: ${steps.length} calls came to the same`);
}

module.exports = { demo, golden, refused, walk };
