import { handle } from 'hono/aws-lambda';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { withoutIdleBody } from '../../src/runtime/idle-body.ts';

const eventOf = (method: string, body: string | undefined) =>
  ({
    version: '2.0',
    rawPath: '/jobs',
    rawQueryString: '',
    headers: { host: 'api.example', 'content-type': 'application/json' },
    requestContext: { domainName: 'api.example', http: { method, path: '/jobs' } },
    ...(body !== undefined && { body }),
    isBase64Encoded: false,
  }) as never;

const app = new Hono();
app.all('*', async (c) => c.json({ body: await c.req.text() }));
const serve = handle(app);

test.each([
  ['GET', '{"a":1}', ''],
  ['GET', '', ''],
  ['GET', undefined, ''],
  ['POST', '{"a":1}', '{"a":1}'],
  ['POST', undefined, ''],
])('a %s request with the body %j reaches the app with the body %j', async (method, body, seen) => {
  const answer = await serve(withoutIdleBody(eventOf(method, body)));
  expect(answer).toMatchObject({ statusCode: 200, body: JSON.stringify({ body: seen }) });
});

test.each([undefined, null, 'text', {}, { source: 'aws.s3' }])(
  '%j, which is not a request, is not changed',
  (event) => {
    expect(withoutIdleBody(event)).toBe(event);
  },
);
