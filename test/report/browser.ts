import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bundled from '@sparticuz/chromium';
import axe from 'axe-core';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';

/** Screenshots of the tests, for people. */
export const SHOTS = join(tmpdir(), 'nightshift-screenshots');

/**
 * A headless Chromium: the one that CHROMIUM_PATH names (Debian's is /usr/bin/chromium), or the one that comes through npm
 * for Linux on x64.
 * @returns a reason when there is none
 */
export async function launchBrowser(): Promise<Browser | string> {
  const named = process.env['CHROMIUM_PATH'];
  if (named === undefined && (process.platform !== 'linux' || process.arch !== 'x64'))
    return `no Chromium comes through npm for ${process.platform} on ${process.arch}; CHROMIUM_PATH names one`;
  try {
    const executablePath = named ?? (await bundled.executablePath());
    return await chromium.launch({ executablePath, headless: true, chromiumSandbox: false });
  } catch (error) {
    // A path that somebody set is meant.
    if (named !== undefined) throw error;
    return `Chromium does not start: ${String(error).split('\n')[0] ?? ''}`;
  }
}

export interface Watched {
  readonly page: Page;
  /** Everything that no page of ours may cause: errors, console messages, dialogs, violations of its policy. */
  readonly trouble: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** A page that is watched while it is used. */
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

/** What axe-core finds at fault, by rule, with the elements. */
export async function accessibilityFaults(page: Page): Promise<string[]> {
  // The page's policy lets no script in; the debugger may evaluate one.
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
