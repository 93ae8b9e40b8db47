import { describe, expect, test } from 'vitest';
import { toRealtimeBody, toResultLine } from '../../src/provider/adapters/anthropic-result.ts';

const translated = (result: string): string =>
  String(toResultLine(Buffer.from(`{"custom_id":"q1","result":${result}}`)));

const message = (content: string, more = ''): string =>
  `{"id":"m","type":"message","role":"assistant","model":"c","content":${content},"stop_reason":"end_turn",` +
  `"usage":{"input_tokens":3,"output_tokens":2,"service_tier":"batch","credits":10.10}${more}}`;

describe('a message', () => {
  test('keeps the digits of calls, of usage and of fields that a completion does not have', () => {
    const call =
      '{"type":"tool_use","id":"t","name":"f","input":{"order":1234567890123456789,"price":10.10}}';

    const line = translated(
      `{"type":"succeeded","message":${message(`[${call}]`, ',"container":{"id":1E5}')}}`,
    );

    expect(line).toContain(String.raw`"arguments":"{\"order\":1234567890123456789,\"price\":10.10}"`);
    expect(line).toContain('"service_tier":"batch","credits":10.10');
    expect(line).toContain('"container":{"id":1E5}');
  });

  test.each([
    ['several texts', '[{"type":"text","text":"a"},{"type":"text","text":"b"}]', 'ab'],
    ['citations', '[{"type":"text","text":"a","citations":[{"cited":"x"}]}]', 'a'],
    ['thinking', '[{"type":"thinking","thinking":"hm"},{"type":"text","text":"a"}]', 'a'],
  ])('keeps its blocks beside the text when it has %s', (_, content, text) => {
    const line = JSON.parse(translated(`{"type":"succeeded","message":${message(content)}}`)) as unknown;

    expect(line).toMatchObject({
      response: {
        body: { choices: [{ message: { content: text } }], content: JSON.parse(content) as unknown },
      },
    });
  });

  test.each([
    ['{"type":"error","error":{"type":"overloaded_error","message":"busy"}}'],
    ['{}'],
    ['null'],
    ['"odd"'],
  ])('is not found in %s, which is not changed', (body) => {
    const line = JSON.parse(translated(`{"type":"succeeded","message":${body}}`)) as unknown;

    expect(line).toMatchObject({ response: { status_code: 200, body: JSON.parse(body) as unknown } });
  });

  test('that is nested too deeply is an error of its line only', () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    const call = `[{"type":"tool_use","id":"t","name":"f","input":${deep}}]`;

    expect(translated(`{"type":"succeeded","message":${message(call)}}`)).toContain(
      '"code":"ANSWER_TOO_DEEP"',
    );
    expect(toRealtimeBody(200, message(call))).toContain('"code":"ANSWER_TOO_DEEP"');
  });
});

test.each([
  ['{"type":"errored","error":"it broke"}', '"error":"it broke"'],
  [
    '{"type":"errored","error":{"type":"error","error":{"type":"api_error","message":"m"}}}',
    '"type":"api_error"',
  ],
  ['{"type":"errored"}', '"error":null'],
])('an error keeps its message: %s', (result, words) => {
  expect(translated(result)).toContain(words);
});

describe('a line in another shape', () => {
  const lineOf = (text: string): unknown => JSON.parse(String(toResultLine(Buffer.from(text))));
  const answered = { response: { status_code: 200, body: { choices: [{ message: { content: 'a' } }] } } };
  const said = message('[{"type":"text","text":"a"}]');

  test.each([
    ['the message in place of its result', `{"custom_id":"q1","result":${said}}`],
    ['the message in the line itself', `{"custom_id":"q1",${said.slice(1)}`],
    ['the result in the line itself', `{"custom_id":"q1","type":"succeeded","message":${said}}`],
  ])('%s is an answer', (_, line) => {
    expect(lineOf(line)).toMatchObject({ custom_id: 'q1', ...answered });
  });

  test('keeps an id that has another name', () => {
    expect(lineOf(`{"customId":"q1","result":{"type":"succeeded","message":${said}}}`)).toMatchObject({
      customId: 'q1',
      ...answered,
    });
  });

  test.each([
    '{"custom_id":"q1","response":{"status_code":200,"body":{"choices":[]}},"error":null}',
    '{"custom_id":"q1","error":{"code":"x","message":"m"}}',
    '{"custom_id":"q1"}',
  ])('that is not one of Anthropic is not changed: %s', (line) => {
    expect(lineOf(line)).toEqual(JSON.parse(line));
  });
});
