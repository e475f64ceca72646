// The keyboard is enough: skip link, search, moving through links, the list of keys, signing in and acknowledging.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { everyPage, open, screens, startBrowser, startDemo } from './harness.mjs';

let demo;
let browser;
let pages;

before(async () => {
  demo = await startDemo();
  browser = await startBrowser();
  pages = await everyPage(demo);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

test('the first Tab offers to skip to the content', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, '/');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('href')), '#main');
  await page.keyboard.press('Enter');
  await page.waitForURL(/#main$/);
  await context.close();
});

test('everything that can be focused shows that it is', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, pages.flags);
  for (let press = 0; press < 25; press += 1) {
    await page.keyboard.press('Tab');
    const seen = await page.evaluate(() => {
      const style = getComputedStyle(document.activeElement);
      return document.activeElement === document.body || style.outlineStyle !== 'none' || style.boxShadow !== 'none';
    });
    assert.ok(seen, `focus cannot be seen after ${press + 1} tabs`);
  }
  await context.close();
});

test('a slash goes to the search, which finds without tones', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, '/');
  await page.keyboard.press('/');
  await page.keyboard.type('thuc phan');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/search\?/);
  assert.match(await page.locator('main').innerText(), /Thục Phán/);
  await context.close();
});

test('an old name finds the new commune', async () => {
  const context = await browser.newContext();
  const { page } = await open(context, demo.origin, '/search?q=B%E1%BA%B1ng+L%C5%A9ng');
  assert.match(await page.locator('main').innerText(), /Chợ Đồn/);
  await context.close();
});

test('signing in, acknowledging and signing out, by keyboard alone', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const { page } = await open(context, demo.origin, `/sign-in?next=${encodeURIComponent(pages.flag)}`);
  await page.locator('main input[name=token]').focus();
  await page.keyboard.type(demo.token);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => url.pathname.startsWith('/flags/'));
  const cookie = (await context.cookies()).find((c) => c.name === 'gapwatch_session');
  assert.ok(cookie.httpOnly && cookie.sameSite === 'Strict');
  await page.locator('main input[name=owner]').focus();
  await page.keyboard.type('VNPT Cao Bằng');
  await page.locator('main [name=reason]').focus();
  await page.keyboard.type('đang khảo sát vị trí trạm');
  await page.locator('main input[name=owner]').focus();
  await page.keyboard.press('Enter');
  await page.locator('main', { hasText: 'VNPT Cao Bằng' }).waitFor({ timeout: 10_000 });
  await context.close();
});

test('a wrong token does not sign in, and a form from elsewhere changes nothing', async () => {
  const context = await browser.newContext();
  const { page } = await open(context, demo.origin, '/sign-in');
  await page.locator('main input[name=token]').fill('gw_demo-1_wrong');
  await page.keyboard.press('Enter');
  await page.waitForLoadState('load');
  assert.equal((await context.cookies()).some((c) => c.name === 'gapwatch_session'), false);
  const forged = await fetch(`${demo.origin}${pages.flag}/acknowledge`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'owner=x&reason=y&csrf=z',
  });
  assert.equal(forged.status, 401);
  await context.close();
});
