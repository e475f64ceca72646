// Every page in a real browser: no violation of axe-core, no console error, no request to another host, nothing wider
// than the screen, with and without scripts, in both languages, on a desktop and on a phone, on a slow line, and on paper.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { errorPages, everyPage, open, routedPages, screens, signIn, startBrowser, startDemo } from './harness.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
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
    if (name !== 'document') assert.equal(await page.getAttribute('html', 'lang'), lang, here);
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

test('every page that is routed is looked at here', () => {
  const paths = Object.values(pages).map((path) => path.split('?')[0]);
  const routes = routedPages();
  assert.ok(routes.length > 15, `the router was read: ${routes}`);
  const looked = (route) => {
    const pattern = new RegExp(`^${route.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    return paths.some((path) => pattern.test(path));
  };
  assert.deepEqual(routes.filter((route) => !looked(route)), []);
});

test('every page prints on A4 with nothing cut off', async () => {
  // 180 mm between the margins, at 96 dots to the inch.
  const context = await browser.newContext({ viewport: { width: 680, height: 1000 } });
  for (const [name, path] of Object.entries(pages)) {
    const { page } = await open(context, demo.origin, path);
    await page.emulateMedia({ media: 'print' });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(wide <= 0, `${name}: ${wide} px wider than the paper`);
    const pdf = await page.pdf({ format: 'A4' });
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-', name);
    await page.close();
  }
  await context.close();
});

test('every page is light: 30 KB compressed, 60 KB with all it loads', async () => {
  for (const [name, path] of Object.entries(pages)) {
    // A context of its own has nothing kept from before.
    const context = await browser.newContext({ viewport: screens.desktop });
    const page = await context.newPage();
    const sizes = [];
    page.on('response', (response) => sizes.push(response.request().sizes().then((s) => s.responseBodySize)));
    await page.goto(demo.origin + path, { waitUntil: 'networkidle' });
    const bodies = await Promise.all(sizes);
    assert.ok(bodies[0] > 0 && bodies[0] <= 30 * 1024, `${name} has ${bodies[0]} bytes compressed`);
    const all = bodies.reduce((sum, size) => sum + size, 0);
    assert.ok(all <= 60 * 1024, `${name} loads ${all} bytes`);
    await context.close();
  }
});

test('on a slow computer and a slow line every page is whole and nothing moves while it comes', async () => {
  const context = await browser.newContext({ viewport: screens.phone, bypassCSP: true });
  for (const [name, path] of Object.entries(pages)) {
    const page = await context.newPage();
    const line = await context.newCDPSession(page);
    await line.send('Emulation.setCPUThrottlingRate', { rate: 6 });
    // As 2G: a quarter of a megabit, three tenths of a second to answer.
    await line.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 300,
      downloadThroughput: 32_000,
      uploadThroughput: 6_000,
    });
    await page.addInitScript(() => {
      globalThis.shift = 0;
      globalThis.moved = [];
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries().filter((one) => !one.hadRecentInput)) {
          globalThis.shift += entry.value;
          const words = (one) => `${one.node?.nodeName}.${one.node?.className} ${one.previousRect.y} → ${one.currentRect.y}`;
          globalThis.moved.push(...entry.sources.map(words));
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(demo.origin + path, { waitUntil: 'load', timeout: 120_000 });
    assert.ok((await page.locator('h1').first().innerText()).trim().length > 0, name);
    const moved = await page.evaluate(() => globalThis.moved.join(', '));
    assert.ok((await page.evaluate(() => globalThis.shift)) < 0.01, `${name}: ${moved}`);
    await page.close();
  }
  await context.close();
});

test('a page that has not changed is not sent again', async () => {
  const first = await fetch(`${demo.origin}/keys`);
  const tag = first.headers.get('etag');
  const again = await fetch(`${demo.origin}/keys`, { headers: { 'if-none-match': tag } });
  assert.equal(again.status, 304);
  const asset = (await first.text()).match(/href="(\/assets\/style[^"]+)"/)[1];
  assert.match((await fetch(demo.origin + asset)).headers.get('cache-control'), /immutable/);
});

test('a sealed pack opened again is the same bytes', async () => {
  const sealed = async () => Buffer.from(await (await fetch(demo.origin + pages.document)).arrayBuffer());
  const first = await sealed();
  const { ask, csrf } = await signIn(demo);
  // What is decided later changes pages, not what was sealed.
  const flag = await csrf(pages.flag);
  const taken = await ask(`${pages.flag}/acknowledge`, { csrf: flag, owner: 'VNPT', reason: 'khảo sát', due: '' });
  assert.equal(taken.status, 303);
  const second = await sealed();
  assert.ok(first.equals(second));
  const hash = createHash('sha256').update(first).digest('hex');
  assert.match(await (await fetch(demo.origin + pages.pack)).text(), new RegExp(hash));
});

test('a sealed pack is printed where a browser is installed', async () => {
  const answer = await fetch(`${demo.origin}${pages.document}.pdf`);
  assert.equal(answer.status, 200);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(bytes.subarray(0, 5).toString(), '%PDF-');
});
