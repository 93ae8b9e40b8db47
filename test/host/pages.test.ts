import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { accessibilityFaults, shoot, useBrowser, watchPage } from '../report/browser.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { holdJob, MARKUP } from './held-job.ts';
import { openHost } from './open-host.ts';

describe('in a browser', EXHAUSTIVE, () => {
  const browser = useBrowser();

  test('the list leads to a job, whose page updates itself until the job ends', async () => {
    const { url, jobId, release } = await holdJob();
    const { page, trouble, requests } = await watchPage(browser.open());

    await page.goto(`${url}/`);
    expect(await accessibilityFaults(page)).toEqual([]);
    await shoot(page, 'jobs');
    await page.getByRole('link', { name: jobId }).click();

    expect(await page.locator('#state').innerText()).toContain('running');
    expect(await page.locator('#open').innerText()).toContain(MARKUP);
    expect(await page.locator('#timeline svg').getAttribute('aria-label')).toMatch(/^1 shard/);
    expect(await accessibilityFaults(page)).toEqual([]);
    await shoot(page, 'running');
    await page.getByLabel('Filter').fill('pwned 13');
    release();
    await page.locator('#state .badge.succeeded').waitFor();

    expect(await page.locator('#sample tbody tr:visible').allInnerTexts()).toEqual([
      expect.stringContaining(`${MARKUP} 13`),
    ]);
    expect(await page.getByLabel('Filter').inputValue()).toBe('pwned 13');
    expect(await page.getByRole('button').count()).toBe(0);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'results.jsonl' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('results.jsonl');
    expect(trouble).toEqual([]);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(requests.filter((address) => !address.startsWith(`${url}/`))).toEqual([]);
  });

  test('updates can be paused', async () => {
    const { host, url, jobId, release } = await holdJob();
    const { page, trouble, requests } = await watchPage(browser.open());
    await page.goto(`${url}/ui/${jobId}`);

    await page.getByRole('button', { name: 'Pause updates' }).click();
    release();
    await host.ended(1);

    expect(await page.locator('#state').innerText()).toContain('running');
    const before = requests.length;
    await page.getByRole('button', { name: 'Go on updating' }).click();
    await page.locator('#state .badge.succeeded').waitFor();
    expect(before).toBe(1);
    expect(trouble).toEqual([]);
  });
});

describe('a page does what the command line does:', EXHAUSTIVE, () => {
  const browser = useBrowser();

  test('rows are pasted, planned and started, and their job is found and read, by keyboard', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${url}/`);

    await page.getByLabel('Or rows').fill('id,prompt\n1,echo:one\n2,echo:=two\n3,\n');
    await page.getByLabel('The rows are').selectOption('csv');
    await page.getByRole('button', { name: 'See the plan' }).press('Enter');
    await page.getByText('Nothing was sent.').waitFor();
    expect(await page.locator('#planned').innerText()).toMatch(
      /3 rows, 1 row invalid\.[^]*Line 4: [^]*NO_PROMPT/,
    );
    expect(await accessibilityFaults(page)).toEqual([]);
    await shoot(page, 'new-job');
    await page.getByRole('button', { name: 'Start', exact: true }).press('Enter');
    await page.locator('#state .badge.partial').waitFor();

    expect(await page.locator('#lead').innerText()).toContain('2 of 3 rows were answered');
    expect(await page.getByRole('button', { name: 'Retry what is not ok' }).count()).toBe(1);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.getByRole('link', { name: 'Results beside the input' }).press('Enter');
    expect(await page.locator('#results tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(/^1\s+echo:one\s+true\s+one/),
      expect.stringMatching(/^2\s+echo:=two\s+true\s+=two/),
      expect.stringMatching(/^3\s+false\s+NO_PROMPT/),
    ]);
    expect(await accessibilityFaults(page)).toEqual([]);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download as CSV' }).press('Enter'),
    ]);
    expect(download.suggestedFilename()).toBe('answers.csv');
    const csv = await readFile(await download.path(), 'utf8');
    expect(csv).toContain("2,echo:=two,true,'=two,");

    await page.goto(`${url}/`);
    await page.getByLabel('Search').fill('pasted');
    await page.getByLabel('Search').press('Enter');
    await page.waitForURL(/q=pasted/);
    expect(await page.locator('#jobs tbody tr').count()).toBe(1);
    await page.getByRole('link', { name: 'failed', exact: true }).press('Enter');
    await page.waitForURL(/status=failed/);
    expect(await page.locator('#jobs').innerText()).toContain('No job matches.');
    expect(trouble).toEqual([]);
  });

  test('a job is cancelled and resumed', async () => {
    // Half of the rows finish before the cancel, and their results are kept.
    const { url, jobId, release } = await holdJob({ kind: 'stuck', status: 'in_progress', finished: 0.5 });
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${url}/ui/${jobId}`);

    await Promise.all([
      page.waitForResponse((answer) => answer.url().endsWith('/cancel') && answer.status() === 202),
      page.getByRole('button', { name: 'Cancel the job' }).press('Enter'),
    ]);
    release();
    await page.locator('#state .badge.cancelled').waitFor();
    await page.getByRole('button', { name: 'Resume' }).press('Enter');
    await page.locator('#state .badge.succeeded').waitFor();

    expect(trouble).toEqual([]);
  });

  test('failed rows are retried, and the new results replace those of the job', async () => {
    const host = await openHost();
    const { url } = await host.start();
    await host.drop('input/rows.jsonl', '{"prompt":"echo:one"}\n{"prompt":"two [flaky:CONTENT_FILTER]"}\n');
    const [summary] = await host.ended(1);
    const job = `${url}/ui/${summary?.jobId}`;
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(job);
    expect(await page.locator('#notable tbody tr').allInnerTexts()).toEqual([
      expect.stringMatching(/two \[flaky:CONTENT_FILTER\]\s+CONTENT_FILTER/),
    ]);

    expect(await page.getByLabel('by', { exact: true }).locator('option').allInnerTexts()).toEqual([
      'the same profile',
      'default',
      'classify',
    ]);
    await page.getByLabel('by', { exact: true }).selectOption('default');
    expect(await accessibilityFaults(page)).toEqual([]);
    const [asked] = await Promise.all([
      page.waitForRequest((request) => request.url().endsWith('/retry')),
      page.getByRole('button', { name: 'Retry what is not ok' }).press('Enter'),
    ]);
    expect(asked.postData()).toBe('{"profile":"default"}');
    await page.waitForURL(`${job}-retry-1`);
    await page.locator('#state .badge.succeeded').waitFor();
    await page.goto(job);

    expect(await page.locator('#state').innerText()).toContain('succeeded');
    expect(await page.getByText(`${summary?.jobId}-retry-1`).count()).toBe(1);
    expect(trouble).toEqual([]);
  });
});

describe('by the mouse', EXHAUSTIVE, () => {
  const browser = useBrowser();

  test('a file is dropped on the page, planned and started', async () => {
    const host = await openHost();
    const { url } = await host.start();
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(`${url}/`);

    // This code runs in the browser.
    const dropped = await page.evaluateHandle(`(() => {
      const transfer = new DataTransfer();
      transfer.items.add(new File(['id;prompt\\n1;echo:Grüße\\n'], 'aus Excel.csv'));
      return transfer;
    })()`);
    await page.dispatchEvent('#new', 'dragover', { dataTransfer: dropped });
    await page.dispatchEvent('#new', 'drop', { dataTransfer: dropped });
    await page.getByText('aus Excel.csv is chosen.').waitFor();
    await page.getByRole('button', { name: 'See the plan' }).click();
    await page.getByText('Nothing was sent.').waitFor();
    expect(await page.locator('#planned').innerText()).toContain('1 row, all of them valid.');
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.locator('#state .badge.succeeded').waitFor();

    const [summary] = await host.ended(1);
    expect(await host.results(String(summary?.jobId))).toMatchObject([{ custom_id: '1', text: 'Grüße' }]);
    expect(trouble).toEqual([]);
  });
});

describe('the pages', () => {
  test('show the last jobs of each schedule, also of those with inputs', async () => {
    const host = await openHost();
    await host.drop('staged/2026-11-02.csv', 'text\nfine\n');
    const running = await host.start();
    host.clock.moveTo('2026-11-02T21:00:01Z');
    await running.fireSchedules();
    const [nightly] = (await host.ended(24)).filter(({ jobId }) => jobId.startsWith('nightly'));

    const text = await (await fetch(`${running.url}/`)).text();
    expect(text).toMatch(new RegExp(`nightly</th>[^]*?href="/ui/${nightly?.jobId}"[^]*?hourly</th>`));
  });

  test('of jobs and of a job have a security policy and are not cached', async () => {
    const { url, jobId, release } = await holdJob();
    for (const path of ['/', `/ui/${jobId}`]) {
      const answer = await fetch(`${url}${path}`);
      expect(answer.headers.get('content-type')).toBe('text/html; charset=UTF-8');
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const policy = answer.headers.get('content-security-policy');
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; /);
      expect(policy).not.toContain('unsafe');
      expect(await answer.text()).not.toContain(MARKUP);
    }
    release();
  });

  test('report that a job does not exist', async () => {
    const host = await openHost();
    const { url } = await host.start();

    expect((await fetch(`${url}/ui/nobody`)).status).toBe(404);
    expect((await fetch(`${url}/ui/%2e%2e%2f`)).status).toBe(422);
    expect(await (await fetch(`${url}/`)).text()).toContain('None yet.');
  });

  test('show a refused job', async () => {
    const host = await openHost();
    const { url } = await host.start();
    await host.drop('input/no <b>profile</b>/rows.jsonl', '{"prompt":"x"}\n');
    const [summary] = await host.ended(1);

    const page = await (await fetch(`${url}/ui/${summary?.jobId}`)).text();

    expect(page).toContain('Why it failed');
    expect(page).toContain('Profiles: classify, default.');
    expect(page).not.toContain('<b>');
  });

  test('show a job with the summary of an earlier version', async () => {
    const host = await openHost();
    const { url } = await host.start();
    await host.drop('input/rows.jsonl', '{"prompt":"x"}\n');
    const [summary] = await host.ended(1);
    const { models: _models, errors: _errors, report: _report, ...earlier } = summary ?? ({} as Summary);
    await host.drop(`output/${earlier.jobId}/summary.json`, JSON.stringify(earlier));

    const answer = await fetch(`${url}/ui/${earlier.jobId}`);

    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain('succeeded');
  });

  test.each([
    ['text/plain', '{"rows":["x"]}', 415, 'Send content-type: application/json.'],
    ['application/json', '[', 400, 'JSON'],
    ['application/json', '{"rows":["x"],"profil":"y"}', 422, 'Did you mean \\"profile\\"?'],
    ['application/json', '{"rows":["x"],"profile":"nobody"}', 422, 'There is no profile'],
    ['application/json', '{"inputs":["staged/none.jsonl"]}', 422, 'There is no input file'],
  ])('say why nothing can be planned: %s %s', async (type, body, status, detail) => {
    const host = await openHost();
    const { url } = await host.start();

    const headers = { 'content-type': type };
    const answer = await fetch(`${url}/ui/plan`, { method: 'POST', headers, body });

    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(detail);
  });

  test('do not change the API', async () => {
    const host = await openHost();
    const { url } = await host.start();

    const answer = await fetch(`${url}/jobs`, { headers: { accept: 'text/html' } });

    expect(await answer.json()).toEqual({ jobs: [] });
  });
});
