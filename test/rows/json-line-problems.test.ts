import { expect, test } from 'vitest';
import { readJsonText } from '../../src/rows/formats/json-lines.ts';

const AROUND =
  'The row is not valid JSON: remove what stands around it, such as a comma or a bracket, or give';

test.each([
  ['{"id":"1"},', AROUND],
  ['[{"id":"1"},', AROUND],
  ['{"id":"2"}]', AROUND],
  ['\u001e{"id":"1"}', AROUND],
  ['data: {"id":"1"}', AROUND],
  ['{"id":"1"};', AROUND],
  ['{"id":"1",}', 'The row is not valid JSON.'],
  ['{"id":"1"', 'The row is not valid JSON.'],
  ['{"id":"1"}{"id":"2"}', 'The row is not valid JSON.'],
])('a row that is %s has an error that names the cause, if it is around it', (text, message) => {
  expect(readJsonText(text)).toMatchObject({
    code: 'INVALID_JSON',
    message: expect.stringContaining(message) as string,
  });
});
