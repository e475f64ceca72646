// Our own script: keys lead where they say, and what changed on the server changes on the page, without taking the place
// of what somebody is reading or writing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { open, screens, startBrowser, startDemo } from './harness.mjs';

let demo;
let browser;

before(async () => {
  demo = await startDemo();
  browser = await startBrowser();
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

test('keys lead where the list of keys says', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, '/');
  await page.keyboard.press('?');
  await page.waitForURL(/\/keys/);
  for (const [keys, path] of [['gf', '/flags'], ['gs', '/sources'], ['gv', '/villages'], ['go', '/']]) {
    for (const key of keys) await page.keyboard.press(key);
    await page.waitForURL((url) => url.pathname === path);
  }
  await context.close();
});

test('n and p turn the pages of a long table', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, '/villages');
  const first = () => page.locator('tbody tr').first().innerText();
  const top = await first();
  await page.keyboard.press('n');
  await page.waitForURL(/after=/);
  assert.notEqual(await first(), top);
  await page.keyboard.press('p');
  await page.waitForURL((url) => !url.search.includes('after='));
  assert.equal(await first(), top);
  await context.close();
});

test('a key typed into a field is a letter, and Escape leaves the field', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, '/');
  await page.keyboard.press('/');
  await page.keyboard.type('n?g');
  assert.equal(await page.inputValue('#q'), 'n?g');
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement === document.body), true);
  await context.close();
});

test('what changed on the server changes on the page, and nothing else', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const page = await context.newPage();
  await page.clock.install();
  await page.goto(`${demo.origin}/`);
  const answer = page.locator('main .answer').first();
  const before = await answer.innerText();
  await page.evaluate(() => {
    document.querySelector('main h1').dataset.mine = 'kept';
    document.querySelector('main a[href]').focus();
  });
  const focused = await page.evaluate(() => document.activeElement.getAttribute('href'));
  await page.route(`${demo.origin}/`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace(/(class="answer"[^>]*>)[^<]*/, '$1137 thôn') });
  });
  await page.clock.fastForward(61_000);
  await page.locator('main .answer', { hasText: '137 thôn' }).waitFor({ timeout: 10_000 });
  assert.notEqual(await answer.innerText(), before);
  assert.equal(await page.getAttribute('main h1', 'data-mine'), 'kept', 'what did not change was not touched');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), focused);
  await context.close();
});

test('when the line is down the page stays as it is', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  await page.clock.install();
  await page.goto(`${demo.origin}/`);
  const before = await page.locator('main').innerText();
  await page.route(`${demo.origin}/`, (route) => route.abort());
  const asked = page.waitForEvent('requestfailed');
  await page.clock.fastForward(61_000);
  await asked;
  assert.equal(await page.locator('main').innerText(), before);
  assert.deepEqual(faults, []);
  await context.close();
});
