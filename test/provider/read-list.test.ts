import { expect, onTestFinished, test } from 'vitest';
import { createProviderClient } from '../../src/provider/client.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { serve } from '../support/serve.ts';

const WANTED = { inputFileId: 'file-9', metadata: {} };
const item = (n: number) => ({ id: `batch-${n}`, status: 'in_progress', input_file_id: `file-${n}` });

/** Looks for the batch of file 9. The provider returns these pages; the last one repeats without end. */
async function findIn(
  ...pages: readonly unknown[]
): Promise<{ id: string | undefined; calls: readonly string[] }> {
  const calls: string[] = [];
  const url = await serve((request, response) => {
    calls.push(request.url ?? '');
    response.end(JSON.stringify(pages[Math.min(calls.length, pages.length) - 1]));
  });
  const client = createProviderClient({
    settings: { name: 'p', baseUrl: `${url}/v1`, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve('k'),
    wait: () => Promise.resolve(),
  });
  onTestFinished(() => client.close());
  return { id: (await client.findBatch(WANTED))?.id, calls };
}

test('an empty page that announces more pages is requested again', async () => {
  const empty = { data: [], has_more: true };

  const { id } = await findIn(empty, empty, { data: [item(1), item(9)], has_more: false });

  expect(id).toBe('batch-9');
});

test('an empty page is followed by its last_id', async () => {
  const { id, calls } = await findIn(
    { data: [], has_more: true, last_id: 'batch-5' },
    { data: [item(9)], has_more: false },
  );

  expect(id).toBe('batch-9');
  expect(calls[1]).toContain('after=batch-5');
});

test.each([
  ['pages that stay empty', { data: [], has_more: true }],
  ['a page that comes again and again', { data: [item(1)], has_more: true }],
])('a list that announces more pages is not complete: %s', async (_how, page) => {
  await expect(findIn(page)).rejects.toMatchObject({
    name: 'ProviderUnavailable',
    message: expect.stringContaining('more') as string,
  });
});

test.each([
  ['says so', { data: [item(1)], has_more: false }],
  ['is empty', { data: [] }],
  ['brings the same again and says nothing', { data: [item(1)] }],
])('a list is complete if its last page %s', async (_how, page) => {
  expect((await findIn(page)).id).toBeUndefined();
});
