import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { addResultsPages } from '../../host/serve/results-pages.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { jobKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { createMemoryStore } from '../support/memory-store.ts';

test.each([
  ['a table with semicolons', ';', 'nr;review;ok;answer;error\r\n1;Hell;true;good;\r\n'],
  ['a table with commas', ',', 'nr,review,ok,answer,error\r\n1,Hell,true,good,\r\n'],
])('the page of a job of %s has a CSV file with the same separator', async (_, delimiter, expected) => {
  const store = createMemoryStore(1_000);
  const inputs = [{ key: 'input/a.csv', delimiter }];
  const profile = resolveProfile({ profiles: { default: { model: 'm' } } }, 'default');
  await store.put('input/a.csv', `nr${delimiter}review\n1${delimiter}Hell\n`);
  await store.put(jobKey('a'), JSON.stringify({ jobId: 'a', inputs, profile }));
  await store.put(resultsKey('a'), '{"custom_id":"1","ok":true,"text":"good","round":1}\n');
  await store.put(summaryKey('a'), JSON.stringify({ jobId: 'a', inputs, rows: 1, results: resultsKey('a') }));
  const app = new Hono();
  addResultsPages(app, store);

  const response = await app.request('/ui/a/results.csv');

  expect(response.status).toBe(200);
  expect(Buffer.from(await response.arrayBuffer()).toString('utf8')).toBe(`\ufeff${expected}`);
});
