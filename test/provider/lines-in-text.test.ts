import { describe, expect, test } from 'vitest';
import { idsInText, linesInTexts } from '../../src/provider/lines-in-text.ts';

describe('the text of an error', () => {
  test.each<[string, readonly number[]]>([
    ['Line 4: Invalid JSON', [4]],
    ['LINE 4: Invalid JSON', [4]],
    ['validation failed at line 4 column 2', [4]],
    ['error in line no. 4', [4]],
    ['"line": 4, "reason": "x"', [4]],
    ['line_number=4', [4]],
    ['row 4 is too long', [4]],
    ['Row #4 is too long', [4]],
    ['record 4: missing body', [4]],
    ['lines 3, 5 and 7 are not valid', [3, 5, 7]],
    ['lines 3-5 are not valid', [3, 4, 5]],
    ['line 1,234: not valid', [1_234]],
    ['line 4 of the input file is not valid', [4]],
    ['line 4 of 50 is not valid', [4]],
    ['request 4 failed validation', [4]],
    ['Request #4: model missing', [4]],
    ['lines[3]: not valid', [4]],
    ['requests.3.body.messages: Field required', [4]],
    ['item at index 3', [4]],
    ['Invalid request at row 4', [4]],
  ])('%j names the lines %j', (text, lines) => {
    expect(linesInTexts([text])).toEqual([lines]);
  });

  test.each([
    'Outline 3: a text about lines',
    'Line 3 of your plan',
    'Expecting value: line 1 column 1 (char 0)',
    'the maximum of lines 50000 is exceeded',
    'more than rows 50000',
    'Bad request 400',
    'request 429',
    'the file has 4 lines',
    'line 4.5 of the specification',
    'request 12345 tokens',
    'a deadline 4: was missed',
  ])('%j names no line', (text) => {
    expect(linesInTexts([text])).toEqual([[]]);
  });

  test('counts from 0 if one of the texts does', () => {
    expect(linesInTexts(['line 0: x', 'line 3: y'])).toEqual([[1], [4]]);
  });

  test.each([
    [`custom_id 'a 1' is refused`, 'a 1'],
    ['custom_id "a1": refused', 'a1'],
    ['"custom_id": "a1"', 'a1'],
    ['custom_id=a1, refused', 'a1'],
    ['Request `a1` was refused', 'a1'],
    ['the row with custom id: a1.', 'a1'],
  ])('%j may name a row by its id', (text, id) => {
    expect(idsInText(text)).toContain(id);
  });
});
