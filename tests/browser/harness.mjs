// Starts the real program on the real example and a real browser, once per test file.
//
// The program is the one cargo built (GAPWATCH_BIN, or target/debug, or target/release); the browser is Debian's chromium.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

function program() {
  const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
  const candidates = [process.env.GAPWATCH_BIN, join(target, 'debug/gapwatch'), join(target, 'release/gapwatch')];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error('gapwatch is not built: run cargo build first');
  return found;
}

/** Runs `gapwatch demo` on an empty directory and waits until it says that it listens. */
export async function startDemo() {
  const data = mkdtempSync(join(tmpdir(), 'gapwatch-browser-'));
  const child = spawn(program(), ['demo', '--listen', '127.0.0.1:0', '--data', data], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, RUST_LOG: 'warn' },
  });
  const demo = { origin: '', token: '', stop };
  let exited = false;
  const ended = new Promise((resolve) => child.once('exit', () => ((exited = true), resolve())));
  async function stop() {
    if (!exited) child.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
  for await (const line of createInterface({ input: child.stdout })) {
    demo.token = line.match(/token of this demo.*: (\S+)/)?.[1] ?? demo.token;
    demo.origin = line.match(/gapwatch listening on (http:\S+)/)?.[1] ?? demo.origin;
    if (demo.origin) return demo;
  }
  await stop();
  throw new Error('gapwatch demo ended before it was ready');
}

/** Debian's chromium without anything that talks to the world. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Opens a page and notes everything that must not happen: console errors, failed or foreign requests. */
export async function open(context, origin, path) {
  const page = await context.newPage();
  const faults = [];
  page.on('console', (message) => message.type() === 'error' && faults.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => faults.push(`script: ${error.message}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(origin) && !url.startsWith('data:')) faults.push(`foreign request: ${url}`);
  });
  page.on('requestfailed', (request) => faults.push(`failed request: ${request.url()}`));
  const response = await page.goto(origin + path, { waitUntil: 'load' });
  return { page, response, faults };
}

/** Signs in with the token of the demo: the cookies and the token of forms. */
export async function signIn({ origin, token }) {
  const cookies = new Map();
  const ask = async (path, form) => {
    const answer = await fetch(origin + path, {
      method: form ? 'POST' : 'GET',
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      body: form && new URLSearchParams(form),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    return answer;
  };
  const csrf = async (path) => (await (await ask(path)).text()).match(/name="csrf" value="([0-9a-f]+)"/)[1];
  await ask('/sign-in', { csrf: await csrf('/sign-in'), token, next: '/' });
  return { ask, csrf };
}

/** Seals a meeting pack and gives its address. */
export async function sealPack(demo, cutOff = '2025-12-31') {
  const { ask, csrf } = await signIn(demo);
  const form = { csrf: await csrf('/packs'), place: '04', cut_off: cutOff, lang: 'vi' };
  return (await ask('/packs', form)).headers.get('location');
}

/** The addresses of one page of every kind, taken from the running program. */
export async function everyPage(demo) {
  const { origin } = demo;
  const flags = await (await fetch(`${origin}/api/v1/flags?state=firing&rule=village-no-signal`)).json();
  const runs = await (await fetch(`${origin}/api/v1/runs`)).json();
  const rejected = runs.find((run) => run.rejected > 0) ?? runs[0];
  const village = flags[0].place.code;
  const packs = await (await fetch(`${origin}/packs`)).text();
  const pack = packs.match(/href="(\/packs\/\d+)/)?.[1] ?? (await sealPack(demo));
  return {
    overview: '/',
    country: '/?place=VN',
    commune: `/communes/${village.split('-')[0]}`,
    village: `/villages/${village}`,
    indicator: '/indicators/hh.fibre_subscribed?place=04',
    maps: '/maps?place=04',
    'maps-indicator': '/maps?place=04&indicator=hh.fibre_subscribed',
    flags: '/flags',
    flag: `/flags/${encodeURIComponent(flags[0].id)}`,
    sources: '/sources',
    run: `/runs/${rejected.id}`,
    search: '/search?q=bang+lung',
    'search-empty': '/search?q=zzzzzz',
    'sign-in': '/sign-in',
    past: '/?as_of=2025-06-30',
    villages: '/villages?state=no_signal',
    communes: '/communes',
    observations: '/observations?indicator=hh.fibre_subscribed&place=04',
    ledger: '/ledger?place=04&from=2025-06-30&to=2025-12-31',
    compare: '/compare?place=04&from=2025-06-30&to=2025-12-31',
    review: '/review',
    completeness: '/completeness',
    claims: '/claims',
    packs: '/packs',
    pack,
    keys: '/keys',
    // Sealed in one language, with its own style and no frame of the program around it.
    document: `${pack}/document`,
  };
}

/** Routes that answer with something else than a page. */
const notPages = /^\/(api\/|assets\/|favicon\.ico$|health$|ready$|metrics$)|\/(export|file|report|document\.pdf)$/;

/** The patterns of every page the router knows, read from its source: a new page without a test is found out. */
export function routedPages() {
  const folders = ['src/http', 'src/http/pages'].map((folder) => join(root, folder));
  const files = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.endsWith('.rs')).map((name) => join(folder, name)));
  const routes = files
    .filter((file) => !/(api|feeds|write|import)\.rs$/.test(file))
    .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/\.route\(\s*"([^"]+)",\s*(\w+)/g)]);
  return routes.filter(([, path, handler]) => handler !== 'post' && !notPages.test(path)).map(([, path]) => path);
}

/** Addresses that answer with an error page. */
export const errorPages = { 'not-found': ['/nothing/here', 404], 'bad-day': ['/?as_of=yesterday', 400] };

/** The two screens every page is looked at on. */
export const screens = { desktop: { width: 1366, height: 768 }, phone: { width: 360, height: 640 } };
