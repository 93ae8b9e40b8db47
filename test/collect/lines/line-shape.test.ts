import { describe, expect, test } from 'vitest';
import { idInText, idUnderOtherName, withResponse } from '../../../src/collect/lines/line-shape.ts';

const BODY = { choices: [{ message: { content: 'a' } }] };

describe('a line with its answer in another place', () => {
  test.each([
    ['beside the id', { custom_id: 'q', ...BODY }, { status_code: undefined, body: BODY }],
    ['in a body', { custom_id: 'q', status_code: 200, body: BODY }, { status_code: 200, body: BODY }],
    [
      'beside the id, with a status',
      { custom_id: 'q', status_code: 500, ...BODY },
      { status_code: 500, body: BODY },
    ],
  ])('is read: %s', (_where, line, response) => {
    expect(withResponse(line)['response']).toEqual(response);
  });

  test.each([
    ['an error', { custom_id: 'q', error: { code: 'x' }, more: [1] }],
    ['a response', { custom_id: 'q', response: { body: BODY }, more: [1] }],
    ['nothing but texts', { custom_id: 'q', status: 'failed', message: 'm' }],
  ])('is not changed if it has %s', (_what, line) => {
    expect(withResponse(line)).toBe(line);
  });
});

describe('an id under another name', () => {
  const isRow = (id: string): boolean => /^q\d$/.test(id);

  test.each([
    ['customId', { customId: 'any' }, 'any'],
    ['CUSTOM-ID, though another field has the id of a row', { key: 'q1', 'CUSTOM-ID': 'q2' }, 'q2'],
    ['any field that holds the id of a row', { key: 'q1', index: 3 }, 'q1'],
    ['two fields with the same id', { key: 'q1', request: { id: 'q1' } }, 'q1'],
    ['two fields with ids of two rows', { key: 'q1', request: { id: 'q2' } }, undefined],
    ['a field that describes the answer', { model: 'q1' }, undefined],
    ['none', { key: 'x' }, undefined],
  ])('is found in %s', (_where, line, id) => {
    expect(idUnderOtherName(line, isRow)).toBe(id);
  });

  test.each([
    ['{"custom_id":"q\\u0031","resp', 'q1'],
    ['{"customId": 17, "resp', '17'],
    ['{"id":"q1"', undefined],
  ])('is read from the beginning of a line that is not JSON: %s', (text, id) => {
    expect(idInText(text)).toBe(id);
  });
});
