import { readFile, stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { describe, expect, test, vi } from 'vitest';
import { reportKey } from '../../src/checkpoints/keys.ts';
import { openFolderWorld, prompts, type Ended, type World, type WorldOptions } from '../workflow/world.ts';
import { accessibilityFaults, shoot, useBrowser, watchPage } from './browser.ts';
import { HOSTILE_TEXTS } from './hostile.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

/** The file URL of a job's report page. */

const urlOf = (world: World, { jobId }: Ended): string =>
  pathToFileURL(world.store.locate(reportKey(jobId))).href;

/** Runs a job whose ids, prompts, models, answers, codes, messages and file name contain markup. */
async function runHostileJob(): Promise<{ world: World; ended: Ended }> {
  const faults = HOSTILE_TEXTS.map((text, n) => ({
    at: 'row' as const,
    ids: [`failing ${n}`],
    action: { kind: 'error' as const, code: text, message: text },
  }));
  const world = await openFolderWorld({ faults } satisfies WorldOptions);
  const answered = HOSTILE_TEXTS.map((text) => ({ custom_id: text, prompt: `echo:${text}`, model: text }));
  const failing = HOSTILE_TEXTS.map((text, n) => ({ custom_id: `failing ${n}`, prompt: text }));
  const rows = [...answered, ...failing, { custom_id: '<b>no prompt</b>' }];
  const input = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const name = `<img src=x onerror=window.pwned=0>"'&.jsonl`;
  return { world, ended: await world.run(input, { name, rounds: 1, shardLimits: { maxRows: 12 } }) };
}

describe('in a browser, the report of', EXHAUSTIVE, () => {
  const browser = useBrowser();

  test('a hostile job runs no script, requests nothing and shows everything as text', async () => {
    const { world, ended } = await runHostileJob();
    const { page, trouble, requests } = await watchPage(browser.open());
    const url = urlOf(world, ended);

    await page.goto(url);

    expect(trouble).toEqual([]);
    expect(requests).toEqual([url]);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.locator('img, iframe, form, base, meta[http-equiv="refresh"], textarea').count()).toBe(
      0,
    );
    const shown = await page.locator('#sample').innerText();
    const plain = HOSTILE_TEXTS.filter((text) => /^[\x20-\x7E]+$/.test(text));
    expect(plain.filter((text) => !shown.includes(text))).toEqual([]);
    expect(shown).toContain('[U+202E]right to left[U+202C]');
    expect(await page.locator('#errors').innerText()).toContain(HOSTILE_TEXTS[0]);
    expect(await page.locator('#usage').innerText()).toContain(HOSTILE_TEXTS[1]);
    expect(await page.locator('dl.facts').innerText()).toContain('<img src=x onerror=window.pwned=0>');
    expect(await accessibilityFaults(page)).toEqual([]);
    await shoot(page, 'hostile-light');
  });

  test('a job runs and loads nothing even if markup gets into it', async () => {
    const world = await openFolderWorld();
    const ended = await world.run(prompts(1));
    const { page, trouble } = await watchPage(browser.open());
    const loaded: string[] = [];
    page.on('requestfinished', (request) => loaded.push(request.url()));
    const url = urlOf(world, ended);
    await page.goto(url);

    await page.evaluate(`
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 1';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src="x.png" onerror="window.pwned = 2"><p style="color: red">');
      fetch('http://127.0.0.1:9/').catch(() => undefined);
    `);
    await vi.waitFor(() =>
      expect(trouble.filter((each) => each.includes('Content Security Policy'))).toHaveLength(5),
    );

    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(loaded).toEqual([url]);
  });

  test('a job can be filtered by keyboard, and says how many rows are left', async () => {
    const world = await openFolderWorld();
    const ended = await world.run(prompts(30, (n) => `echo:${n % 3 === 0 ? 'Lübeck' : 'Bergen'} and ${n}`));
    const { page, trouble } = await watchPage(browser.open());
    await page.goto(urlOf(world, ended));

    await page.getByLabel('Filter').focus();
    await page.keyboard.type('lübeck 12');

    expect(await page.locator('#sample tbody tr:visible').allInnerTexts()).toEqual([
      expect.stringContaining('Lübeck and 12'),
    ]);
    expect(await page.getByRole('status').innerText()).toBe('1 of 30 shown');
    await page.getByLabel('Filter').fill('');
    expect(await page.locator('#sample tbody tr:visible').count()).toBe(30);
    expect(trouble).toEqual([]);
  });

  test('a job links to the files beside it', async () => {
    const world = await openFolderWorld();
    const ended = await world.run(`${prompts(3)}{"nothing":true}\n`);
    const { page } = await watchPage(browser.open());
    await page.goto(urlOf(world, ended));

    const links = await page
      .locator('#files a')
      .evaluateAll((all) => all.map((a) => (a as unknown as { href: string }).href));

    expect(links).toHaveLength(3);
    for (const link of links) expect((await stat(new URL(link))).size).toBeGreaterThan(0);
  });

  test.each([
    ['light', 'light', { width: 1200, height: 900 }],
    ['dark', 'dark', { width: 1200, height: 900 }],
    ['phone', 'light', { width: 375, height: 740 }],
    ['phone-dark', 'dark', { width: 320, height: 640 }],
  ] as const)('a job of several shards and rounds is accessible: %s', async (name, colorScheme, viewport) => {
    const world = await openFolderWorld({
      faults: [
        {
          at: 'row',
          every: 4,
          action: { kind: 'error', code: 'INFERENCE_3107', message: 'No provider was free.' },
          times: 1,
        },
        {
          at: 'row',
          ids: ['q7', 'q31'],
          action: { kind: 'error', code: 'INFERENCE_3207', message: 'The prompt was refused.' },
          times: 'always',
        },
      ],
    });
    const input = prompts(60, (n) => `In one sentence, why did Hanseatic city #${n} matter?`);
    const ended = await world.run(`${input}not json\n`, { shardLimits: { maxRows: 13 } });
    const { page, trouble } = await watchPage(browser.open(), { colorScheme, viewport });

    await page.goto(urlOf(world, ended));
    await page.getByText('Batches as a table').click();

    expect(await accessibilityFaults(page)).toEqual([]);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(viewport.width);
    expect(trouble).toEqual([]);
    await shoot(page, name);
  });

  test('a job of many shards shows how many batches ran at a time', async () => {
    const world = await openFolderWorld({
      faults: [{ at: 'row', every: 3, action: { kind: 'error', code: 'INFERENCE_3107' }, times: 2 }],
    });
    const ended = await world.run(prompts(90), { shardLimits: { maxRows: 3 } });
    const { page, trouble } = await watchPage(browser.open(), { colorScheme: 'light' });

    await page.goto(urlOf(world, ended));

    expect(ended.summary.shards).toBe(30);
    expect(await page.locator('#timeline svg').getAttribute('aria-label')).toMatch(
      /^Batches that ran at the same time/,
    );
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await shoot(page, 'many-shards');
  });

  test('a job that was refused says why', async () => {
    const world = await openFolderWorld();
    const ended = await world.run('not json\n{"nothing":true}\n');
    const { page, trouble } = await watchPage(browser.open());

    await page.goto(urlOf(world, ended));

    expect(await page.getByRole('note').innerText()).toContain(ended.summary.failure?.message);
    expect(await accessibilityFaults(page)).toEqual([]);
    expect(trouble).toEqual([]);
    await shoot(page, 'failed');
  });
});

describe('the report', () => {
  test('is named in the summary, and is in the same folder', async () => {
    const world = await openFolderWorld();

    const ended = await world.run(prompts(2));

    expect(ended.summary.report).toBe(`output/${ended.jobId}/report.html`);
    const page = await readFile(world.store.locate(ended.summary.report ?? ''), 'utf8');
    expect(page).toContain('<!doctype html>');
  });

  test('is the same when the same results are written again', async () => {
    const sampleOf = async (): Promise<string> => {
      const world = await openFolderWorld();
      const { jobId } = await world.run(prompts(40), { shardLimits: { maxRows: 7 } });
      const page = await readFile(world.store.locate(reportKey(jobId)), 'utf8');
      return page.slice(page.indexOf('<tbody>', page.indexOf('id="sample"')), page.indexOf('</main>'));
    };

    const first = await sampleOf();

    expect(await sampleOf()).toBe(first);
    expect(first).toContain('q39');
  });

  test('that cannot be written does not fail the job', async () => {
    const world = await openFolderWorld();
    // A folder has the name of the page.
    await world.store.put('output/test-rows-jsonl/report.html/in-the-way', '');

    const ended = await world.run(prompts(2));

    expect(ended.error).toBeUndefined();
    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
    expect(ended.summary.report).toBeUndefined();
    expect(world.logs.map(({ event }) => event)).toContain('report_not_written');
  });

  test('stays below 200 KB, with any rows', EXHAUSTIVE, async () => {
    const world = await openFolderWorld();
    const input = prompts(300, (n) => `echo:${'"&<\u202E😀漢'.repeat(2_000)}${n}`);

    const ended = await world.run(input, { shardLimits: { maxRows: 5 } });

    expect((await stat(world.store.locate(reportKey(ended.jobId)))).size).toBeLessThan(200_000);
  });
});

test('the summary has usage by model and errors by code, up to a limit', async () => {
  const codes = Array.from({ length: 30 }, (_, n) => `CODE_${n}`);
  const world = await openFolderWorld({
    faults: codes.map((code, n) => ({
      at: 'row' as const,
      ids: [`q${n}`, `q${n + 30}`],
      action: { kind: 'error' as const, code, message: `because ${n}` },
      times: 'always' as const,
    })),
  });
  const rows = [
    ...Array.from({ length: 60 }, (_, n) => ({ custom_id: `q${n}`, prompt: `x ${n}` })),
    ...Array.from({ length: 60 }, (_, n) => ({
      custom_id: `m${n}`,
      prompt: `x ${n}`,
      model: `model-${n % 30}`,
    })),
  ];

  const { summary } = await world.run(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), {
    shardLimits: { maxRows: 50 },
  });

  expect(summary.errors[0]).toEqual({
    outcome: 'failed',
    code: 'CODE_0',
    rows: 2,
    custom_id: 'q0',
    message: 'because 0',
  });
  expect(summary.errors).toHaveLength(21);
  expect(summary.errors.reduce((sum, error) => sum + error.rows, 0)).toBe(60);
  expect(summary.models).toHaveLength(21);
  expect(summary.models.reduce((sum, { answers }) => sum + answers, 0)).toBe(60);
  expect(summary.models.reduce((sum, { inputTokens }) => sum + inputTokens, 0)).toBe(
    summary.usage.inputTokens,
  );
  expect(summary.models[0]).toMatchObject({ model: expect.stringMatching(/^model-\d+$/), answers: 2 });
});

test('the summary has the reason why rows of a stopped job have no answer', async () => {
  const world = await openFolderWorld({
    faults: [{ at: 'row', every: 1, action: { kind: 'error', code: 'BILLING_2003', message: 'No credit.' } }],
  });

  const { summary } = await world.run(prompts(5));

  expect(summary).toMatchObject({ status: 'failed', counts: { exhausted: 5 } });
  expect(summary.errors).toEqual([
    { outcome: 'exhausted', code: 'BILLING_2003', rows: 5, message: 'No credit.' },
  ]);
});
