// Takes the pictures of docs/screens from the running program: npm --prefix tests/browser run screens

import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { everyPage, open, screens, startBrowser, startDemo } from './harness.mjs';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'docs', 'screens');
mkdirSync(folder, { recursive: true });
const demo = await startDemo();
const browser = await startBrowser();
try {
  const wanted = process.argv.slice(2);
  for (const [name, path] of Object.entries(await everyPage(demo))) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    for (const [screen, viewport] of Object.entries(screens)) {
      const context = await browser.newContext({ viewport });
      const { page } = await open(context, demo.origin, path);
      await page.screenshot({ path: join(folder, `${name}${screen === 'phone' ? '-phone' : ''}.png`) });
      await context.close();
    }
  }
} finally {
  await browser.close();
  await demo.stop();
}
