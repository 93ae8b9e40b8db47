import { describe, expect, test } from 'vitest';
import { parseLine } from '../../../src/collect/lines/line-reader.ts';

const LINE = '{"custom_id":"q","response":{"status_code":200,"body":{"n":[1,NaN]}}}';
const READ = { custom_id: 'q', response: { status_code: 200 } };

describe('a line of a provider’s file is read', () => {
  test.each([
    ['as it is', LINE],
    ['behind a record separator', `\u001e${LINE}`],
    ['in front of NUL bytes that fill a file', `${LINE}\0\0\0`],
    ['as the element of a list', `[${LINE},`],
    ['as the last element of a list', `${LINE}]`],
    ['with spaces of other kinds around it', `\u00a0${LINE}\u2003`],
    ['as an event of a stream', `data: ${LINE}`],
    ['in front of a semicolon', `${LINE};`],
    ['as a JSON string', JSON.stringify(LINE)],
  ])('%s', (_how, text) => {
    expect(parseLine(Buffer.from(text))).toMatchObject(READ);
  });

  test.each([
    ['cut off', LINE.slice(0, -1)],
    ['two objects', `${LINE}${LINE}`],
    ['a list of two', `[${LINE},${LINE}]`],
    ['nothing but marks', '\0\u001e[,]'],
    ['no object', '[1,2]'],
    ['a string of no object', '"[1,2]"'],
    ['the end of a stream', 'data: [DONE]'],
  ])('unless it is %s', (_what, text) => {
    expect(parseLine(Buffer.from(text))).toBeUndefined();
  });
});
