import { launchBrowser } from './browser.ts';

/** Prints one line for CI: whether the tests that need a browser ran. */
const found = await launchBrowser();
if (typeof found === 'string') {
  process.stdout.write(`The browser tests did NOT run: ${found}.\n`);
} else {
  process.stdout.write(`The browser tests ran in Chromium ${found.version()}.\n`);
  await found.close();
}
