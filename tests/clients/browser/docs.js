// Opens Swagger UI in headless Chromium, gives it a token, and tries calls: a community's and a course's on
// the port of REST, and one of the contract on the port of gRPC. With an argument, a screenshot goes there.
//
//   ROSTER_DEMO=… node docs.js [SCREENSHOT]
//
// CHROMIUM names the browser, if it is not `/usr/bin/chromium`.
'use strict';

const assert = require('node:assert/strict');
const puppeteer = require('puppeteer-core');

const demo = JSON.parse(process.env.ROSTER_DEMO);
const community = 'd25506c2690f4b81b2050b9b90bda3b7';

async function visible(page, selector) {
  await page.waitForSelector(selector, { visible: true });
  return selector;
}

async function authorize(page) {
  await page.locator('.auth-wrapper .authorize').click();
  // Key by key: the page does not see a value that is only set.
  await page.type(await visible(page, '.modal-ux input'), demo.tokens['23']);
  await page.locator('.modal-ux .auth-btn-wrapper .authorize').click();
  await page.locator('.modal-ux .btn-done').click();
}

/** Tries a call and reads the status that the page shows. */
async function attempt(page, operation, fill) {
  const block = `[id="operations-${operation}"]`;
  await page.locator(`${block} .opblock-summary-control`).click();
  await page.locator(`${block} .try-out__btn`).click();
  await fill(block);
  await page.locator(`${block} .execute`).click();
  const status = `${block} .live-responses-table .response-col_status`;
  await page.waitForFunction((at) => /\d{3}/.test(document.querySelectorAll(at)[1]?.textContent), {}, status);
  const shown = await page.$$eval(status, (cells) => cells[1].textContent);
  return shown.match(/\d{3}/)[0];
}

async function main() {
  const browser = await puppeteer.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server'],
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    await page.setViewport({ width: 1200, height: 1400 });
    const elsewhere = [];
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url());
      const known = [demo.rest, `http://${demo.grpc}`];
      if (protocol !== 'data:' && !known.includes(origin)) elsewhere.push(request.url());
    });
    await page.goto(`${demo.rest}/docs`);
    await authorize(page);
    const path = (value) => (block) => page.locator(`${block} tr[data-param-name="id"] input`).fill(value);
    assert.equal(await attempt(page, 'Courses-joinCourse', path('1')), '200');
    assert.equal(await attempt(page, 'MembershipService-MembershipService_JoinOrAcceptInvite', () => {}), '200');
    assert.equal(await attempt(page, 'Communities-leaveCommunity', path(community)), '200');
    if (process.argv[2]) {
      const element = await page.$('[id="operations-Communities-leaveCommunity"]');
      await element.screenshot({ path: process.argv[2] });
    }
    assert.deepEqual(elsewhere, [], 'the page asked somebody else');
    console.log('swagger ui: ok');
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
