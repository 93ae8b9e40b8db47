import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest';

/** Folder of the screenshots that tests take. */
export const SHOTS = join(tmpdir(), 'nightshift-screenshots');

/**
 * Starts a headless Chromium: the one in CHROMIUM_PATH (/usr/bin/chromium on Debian), or the one that npm installs for Linux on x64.
 * @returns the browser, or the reason why there is none
 */
export async function launchBrowser(): Promise<Browser | string> {
  const named = process.env['CHROMIUM_PATH'];
  if (named === undefined && (process.platform !== 'linux' || process.arch !== 'x64'))
    return `no Chromium comes through npm for ${process.platform} on ${process.arch}; CHROMIUM_PATH names one`;
  try {
    // Loaded here, because test files that use this module also have tests without a browser.
    const { chromium } = await import('playwright-core');
    const executablePath = named ?? (await (await import('@sparticuz/chromium')).default.executablePath());
    return await chromium.launch({ executablePath, headless: true, chromiumSandbox: false });
  } catch (error) {
    // A path in CHROMIUM_PATH that does not work is an error.
    if (named !== undefined) throw error;
    return `Chromium does not start: ${String(error).split('\n')[0] ?? ''}`;
  }
}

/** A browser for the tests of a group. They are skipped if none starts. */
export function useBrowser(): { readonly open: () => Browser } {
  let found: Browser | string = 'it was not launched';
  beforeAll(async () => {
    found = await launchBrowser();
  });
  beforeEach(({ skip }) => {
    if (typeof found === 'string') skip(`There is no browser: ${found}.`);
  });
  afterAll(async () => {
    if (typeof found !== 'string') await found.close();
  });
  return {
    open: () => {
      if (typeof found === 'string') throw new Error(found);
      return found;
    },
  };
}

export interface Watched {
  readonly page: Page;
  /** Everything that a page must not cause: errors, console messages, dialogs, violations of its policy. */
  readonly trouble: string[];
  /** URLs of all requests. */
  readonly requests: string[];
}

/** Opens a page and records its trouble and its requests. */
export async function watchPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const trouble: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
  page.on('console', (message) => trouble.push(`console: ${message.text()}`));
  page.on('dialog', (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => requests.push(request.url()));
  return { page, trouble, requests };
}

/** Violations that axe-core finds, one line per rule, with their elements. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  const { default: axe } = await import('axe-core');
  // The page's policy allows no added scripts, but `evaluate` runs this one through the debugger.
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const runner = (globalThis as unknown as { axe: { run(): Promise<{ violations: Violation[] }> } }).axe;
    return (await runner.run()).violations;
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

export async function shoot(page: Page, name: string): Promise<void> {
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}
