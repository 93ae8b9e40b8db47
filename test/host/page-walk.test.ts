/** @module-tag exhaustive */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { useBrowser, watchPage } from '../report/browser.ts';
import { holdJob } from './held-job.ts';
import { openHost } from './open-host.ts';

/** The name of the element that has the focus, from its label or its text. */
const FOCUSED = `(() => {
  const { activeElement: element } = document;
  return (element.labels?.[0] ?? element).textContent.trim();
})()`;

/** More than the number of elements of any page that can have the focus. */
const MOST_TABS = 60;

/** Moves the focus as a person without a mouse does. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let n = 0; n < MOST_TABS; n += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate(FOCUSED)) === name) return;
  }
  throw new Error(`Tab does not lead to "${name}" on ${page.url()}.`);
}

describe('a person who uses the page of the host', () => {
  const browser = useBrowser();

  test('chooses a file and a profile, and the job uses that profile', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${url}/`);

    await page.getByLabel('File', { exact: true }).setInputFiles({
      name: 'Umfrage März.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('id;text\n1;gut\n'),
    });
    await page.getByLabel('Profile').selectOption('classify');
    await page.getByRole('button', { name: 'See the plan' }).click();
    await page.getByText('Nothing was sent.').waitFor();
    expect(await page.locator('#planned').innerText()).toContain('1 row, all of them valid.');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.locator('#state .badge.succeeded').waitFor();

    expect(await page.locator('.facts').innerText()).toContain('classify');
    expect(await page.locator('#sample').innerText()).toContain('Label gut');
    expect(trouble).toEqual([]);
  });

  test('sees what is missing: rows, then a column of the template', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const { page } = await watchPage(browser.open());
    await page.goto(`${url}/`);

    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.getByText('Choose a file, drop one here, or paste rows.').waitFor();
    await page.getByLabel('Or rows').fill('id,review\n1,fine\n');
    await page.getByLabel('The rows are').selectOption('csv');
    await page.getByLabel('Profile').selectOption('classify');
    await page.getByRole('button', { name: 'See the plan' }).click();

    await page.locator('#said', { hasText: '"text"' }).waitFor();
    expect(await page.locator('#said').innerText()).toContain('Its columns: "id", "review".');
    expect(page.url()).toBe(`${url}/`);
  });

  test('sees the rows, the pace and the time left of a running job, on its page and in the list', async () => {
    const { url, jobId, release } = await holdJob({ kind: 'stuck', status: 'in_progress', finished: 0.5 });
    const { page, trouble } = await watchPage(browser.open());

    await page.goto(`${url}/ui/${jobId}`);
    const lead = await page.locator('#lead').innerText();
    await page.getByRole('link', { name: 'All jobs' }).click();
    const listed = await page.locator('#jobs tbody tr').innerText();
    release();

    expect(lead).toContain('0 of 20 rows have their result so far');
    expect(lead).toMatch(
      /the provider has answered \d+ more\. That is about \d+ rows? a second; at this pace the rest takes \d+/,
    );
    expect(listed).toMatch(/running\s+0\s+20\s+0 %/);
    expect(trouble).toEqual([]);
  });

  test('sees when a schedule fires next, and opens its last job', async () => {
    const host = await openHost();
    await host.drop('staged/inbox/a.txt', 'echo:one\n');
    const running = await host.start();
    host.clock.moveTo('2026-11-01T23:30:01Z');
    await running.fireSchedules();
    await host.ended(1);
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${running.url}/`);

    const row = page.locator('#schedules tbody tr', { hasText: 'hourly' });
    expect(await row.locator('time').innerText()).toMatch(/^2026-11-0\d \d\d:\d\d:\d\d UTC$/);
    await row.getByRole('link').first().click();
    await page.locator('#state .badge').waitFor();

    expect(page.url()).toContain('/ui/hourly');
    expect(trouble).toEqual([]);
  });

  test('pages through many results', async () => {
    const host = await openHost();
    const { url } = await host.start();
    await host.drop('input/many.txt', Array.from({ length: 150 }, (_, n) => `echo:answer ${n}\n`).join(''));
    const [summary] = await host.ended(1);
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${url}/ui/${summary?.jobId}/results`);

    expect(await page.locator('#results tbody tr').count()).toBe(100);
    await page.getByRole('link', { name: 'Later rows' }).click();
    await page.getByText('Rows 101 to 150 of 150.').waitFor();
    expect(await page.locator('#results tbody tr').last().innerText()).toContain('answer 149');
    expect(await page.getByRole('link', { name: 'Later rows' }).count()).toBe(0);
    await page.getByRole('link', { name: 'Earlier rows' }).click();
    await page.getByText('Rows 1 to 100 of 150.').waitFor();

    expect(trouble).toEqual([]);
  });

  test('needs nothing but the keyboard, from pasted rows to the results', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${url}/`);

    await tabTo(page, 'Or rows');
    await page.keyboard.type('echo:by keyboard');
    await tabTo(page, 'See the plan');
    await page.keyboard.press('Space');
    await page.getByText('Nothing was sent.').waitFor();
    await tabTo(page, 'Start');
    await page.keyboard.press('Enter');
    await page.locator('#state .badge.succeeded').waitFor();
    await tabTo(page, 'Results beside the input');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/results$/);

    expect(await page.locator('#results tbody').innerText()).toContain('by keyboard');
    await tabTo(page, 'All jobs');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${url}/`);
    await tabTo(page, 'Search, then Enter');
    await page.keyboard.type('nothing like it');
    await page.keyboard.press('Enter');
    await page.getByText('No job matches.').waitFor();
    expect(trouble).toEqual([]);
  });
});
