// Every page in a real browser: no violation of axe-core, no console error, no request to another host, nothing wider
// than the screen, with and without scripts, in both languages, on a desktop and on a phone, and on paper.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { errorPages, everyPage, open, screens, startBrowser, startDemo } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let demo;
let browser;
let pages;

before(async () => {
  demo = await startDemo();
  browser = await startBrowser();
  pages = await everyPage(demo.origin);
});
after(async () => {
  await browser?.close();
  await demo?.stop();
});

/** Violations as short lines: rule, how many, where first. */
async function violations(page) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return found.violations.map((v) => `${v.id} × ${v.nodes.length}: ${v.nodes[0].target} ${v.nodes[0].failureSummary}`);
}

async function visit(name, path, { screen, lang, scripts, scheme = 'light' }) {
  const context = await browser.newContext({
    viewport: screens[screen],
    javaScriptEnabled: true,
    bypassCSP: true,
    colorScheme: scheme,
  });
  if (!scripts) await context.route('**/assets/script-*.js', (route) => route.fulfill({ body: '', contentType: 'text/javascript' }));
  try {
    const address = lang === 'en' ? path + (path.includes('?') ? '&' : '?') + 'lang=en' : path;
    const { page, response, faults } = await open(context, demo.origin, address);
    const here = `${name} ${address} (${screen}, ${lang}, scripts ${scripts}, ${scheme})`;
    assert.equal(response.status(), 200, here);
    assert.equal(await page.getAttribute('html', 'lang'), lang, here);
    assert.deepEqual(await violations(page), [], here);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${here}: ${wide} px wider than the screen`);
    assert.deepEqual(faults, [], here);
  } finally {
    await context.close();
  }
}

test('every page, desktop, Vietnamese', async () => {
  for (const [name, path] of Object.entries(pages)) await visit(name, path, { screen: 'desktop', lang: 'vi', scripts: true });
});

test('every page, phone, Vietnamese, without our script', async () => {
  for (const [name, path] of Object.entries(pages)) await visit(name, path, { screen: 'phone', lang: 'vi', scripts: false });
});

test('every page, desktop, English, dark', async () => {
  for (const [name, path] of Object.entries(pages))
    await visit(name, path, { screen: 'desktop', lang: 'en', scripts: true, scheme: 'dark' });
});

test('every page is complete with scripts off', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: screens.desktop });
  for (const [name, path] of Object.entries(pages)) {
    const page = await context.newPage();
    const response = await page.goto(demo.origin + path);
    assert.equal(response.status(), 200, name);
    assert.ok((await page.locator('main h1').innerText()).trim().length > 0, `${name} has no heading`);
    await page.close();
  }
  await context.close();
});

test('errors are pages too', async () => {
  const context = await browser.newContext({ viewport: screens.phone, bypassCSP: true });
  for (const [name, [path, status]] of Object.entries(errorPages)) {
    const { page, response } = await open(context, demo.origin, path);
    assert.equal(response.status(), status, name);
    assert.deepEqual(await violations(page), [], name);
  }
  await context.close();
});

test('every page prints', async () => {
  const context = await browser.newContext();
  for (const [name, path] of Object.entries(pages)) {
    const { page } = await open(context, demo.origin, path);
    const pdf = await page.pdf({ format: 'A4' });
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-', name);
    await page.close();
  }
  await context.close();
});

test('the overview is light', async () => {
  const context = await browser.newContext({ viewport: screens.desktop });
  const page = await context.newPage();
  const sizes = [];
  page.on('response', async (response) => sizes.push(response.request().sizes().then((s) => s.responseBodySize)));
  await page.goto(demo.origin + '/', { waitUntil: 'networkidle' });
  const bodies = await Promise.all(await Promise.all(sizes));
  assert.ok(bodies[0] <= 30 * 1024, `the overview has ${bodies[0]} bytes compressed`);
  const all = bodies.reduce((sum, size) => sum + size, 0);
  assert.ok(all <= 60 * 1024, `the overview loads ${all} bytes`);
  await context.close();
});

test('nothing moves while a page loads', async () => {
  const context = await browser.newContext({ viewport: screens.phone, bypassCSP: true });
  for (const path of ['/', pages.commune, pages.indicator]) {
    const page = await context.newPage();
    await page.addInitScript(() => {
      globalThis.shift = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(demo.origin + path, { waitUntil: 'networkidle' });
    assert.ok((await page.evaluate(() => globalThis.shift)) < 0.01, path);
    await page.close();
  }
  await context.close();
});
