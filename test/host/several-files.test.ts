import { expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { openHost } from './open-host.ts';

const post = (url: string, path: string, body: object): Promise<Response> =>
  fetch(`${url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });

test('two files whose rows have the same ids are one job: each row is answered and retried under a different id', async () => {
  const host = await openHost();
  const { url } = await host.start();
  await host.drop('staged/january.csv', 'id,prompt\n1,echo:one\n2,echo:two\n');
  await host.drop(
    'staged/february.csv',
    'id,prompt\n1,echo:three\n2,never [fail:CONTENT_FILTER]\n2,echo:twice\n',
  );
  const inputs = ['staged/january.csv', 'staged/february.csv'];

  const { jobId } = (await (await post(url, '/jobs', { inputs })).json()) as { jobId: string };
  await host.ended(1);
  const first = await host.results(jobId);

  expect(first).toMatchObject([
    { custom_id: '1', ok: true, text: 'one', source: { file: inputs[0], line: 2 } },
    { custom_id: '2', ok: true, text: 'two', source: { file: inputs[0], line: 3 } },
    { custom_id: 'february-1', ok: true, text: 'three', source: { file: inputs[1], line: 2 } },
    { custom_id: 'february-2', ok: false, outcome: 'failed', source: { file: inputs[1], line: 3 } },
    { custom_id: '2', ok: false, outcome: 'invalid', error: { code: 'DUPLICATE_CUSTOM_ID' } },
  ]);

  await post(url, `/jobs/${jobId}/retry`, {});
  const summaries: Summary[] = await host.ended(2);
  const again = await host.results(jobId);

  expect(again.map(({ custom_id }) => custom_id)).toEqual(first.map(({ custom_id }) => custom_id));
  expect(summaries.find((each) => each.jobId === jobId)?.counts).toMatchObject({
    ok: 3,
    failed: 1,
    invalid: 1,
  });
});
