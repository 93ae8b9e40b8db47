import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toRequestLine, type RequestRules } from '../../src/rows/request-line.ts';
import { compileTemplate, MissingColumn } from '../../src/rows/template.ts';

describe('a template', () => {
  test.each([
    ['Classify: {{text}}', { text: 'a' }, 'Classify: a'],
    ['{{ a }}{{b}}', { a: 'x', b: 'y' }, 'xy'],
    ['{{unit price}}', { 'unit price': '3' }, '3'],
    ['{{n}} {{list}}', { n: 3, list: [1, 'é'] }, '3 [1,"é"]'],
    ['{{a}}', { a: '{{b}}', b: 'no' }, '{{b}}'],
    ['{single} {{}} {{{a}}}', { a: 'x' }, '{single} {{}} {x}'],
    ['no columns', {}, 'no columns'],
    ['{{a}}', { a: '' }, ''],
  ])('%j over %j is %j', (text, fields, expected) => {
    expect(compileTemplate(text)(fields)).toBe(expected);
  });

  test.each([[{}], [{ text: null }], [Object.create({ text: 'inherited' }) as Record<string, unknown>]])(
    'names the column a row lacks',
    (fields) => {
      expect(() => compileTemplate('{{text}}')(fields)).toThrowError(new MissingColumn('text'));
    },
  );

  test('is read like a regular expression would read it, with any braces', () => {
    const piece = fc.constantFrom('{', '}', '{{', '}}', 'a', ' ', '\n', 'b c');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        const expected = text.replaceAll(/\{\{\s*([^{}]+?)\s*\}\}/g, (_, column: string) => `<${column}>`);
        const fields = new Proxy({}, { getOwnPropertyDescriptor: () => ({ configurable: true, value: 1 }) });
        const asTold = new Proxy(fields, { get: (_, column) => `<${String(column)}>` });
        expect(compileTemplate(text)(asTold)).toBe(expected);
      }),
    );
  });

  test.each([
    ['open braces', '{'.repeat(1_000_000)],
    ['open columns', '{{'.repeat(500_000)],
    ['columns that are never closed', '{{a'.repeat(300_000)],
    ['white space in a column that is never closed', `{{${' '.repeat(1_000_000)}`],
    ['white space in columns', `{{${' '.repeat(500_000)}{{${' '.repeat(500_000)}}`],
    ['braces of both kinds', '{{}'.repeat(300_000)],
  ])('of a megabyte of %s is read quickly', (_, text) => {
    const before = performance.now();

    expect(compileTemplate(text)({})).toBe(text);

    expect(performance.now() - before).toBeLessThan(1_000);
  });

  test('inserts any text unchanged', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(compileTemplate('<{{a}}>')({ a: text })).toBe(`<${text}>`);
      }),
    );
  });
});

describe('a row of a profile with templates', () => {
  const rules: RequestRules = {
    endpoint: '/v1/chat/completions',
    model: 'm',
    body: { temperature: 0 },
    system: compileTemplate('Answer in {{language}}.'),
    prompt: compileTemplate('Classify: {{text}}'),
  };
  const bodyOf = (value: unknown, more: Partial<RequestRules> = {}, data = false): unknown => {
    const request = toRequestLine({ value, ordinal: 1, data }, { ...rules, ...more });
    return 'text' in request ? (JSON.parse(request.text) as { body: unknown }).body : request.problem.code;
  };
  const expected = {
    temperature: 0,
    model: 'm',
    messages: [
      { role: 'system', content: 'Answer in German.' },
      { role: 'user', content: 'Classify: hi' },
    ],
  };

  test('is data: none of its fields is sent outside the templates', () => {
    const row = { id: 1, text: 'hi', language: 'German', model: 'Corolla', price: 3 };

    expect(bodyOf(row)).toEqual(expected);
    expect(bodyOf(row, {}, true)).toEqual(expected);
  });

  test('without a column is refused with the name of the column', () => {
    expect(bodyOf({ language: 'German' })).toBe('MISSING_COLUMN');
  });

  test('with its own body or messages is sent unchanged', () => {
    const messages = [{ role: 'user', content: 'mine' }];

    expect(bodyOf({ body: { messages } })).toEqual({ temperature: 0, model: 'm', messages });
    expect(bodyOf({ messages })).toEqual({ temperature: 0, model: 'm', messages });
  });

  test('becomes an input for embeddings', () => {
    const more = { endpoint: '/v1/embeddings', system: undefined, body: {} };

    expect(bodyOf({ text: 'hi' }, more)).toEqual({ model: 'm', input: 'Classify: hi' });
  });

  test('with only a system message keeps its own prompt after it', () => {
    expect(
      bodyOf({ prompt: 'hi' }, { prompt: undefined, system: compileTemplate('Be brief.') }),
    ).toMatchObject({
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'hi' },
      ],
    });
  });

  test('of a table needs no template for a prompt column, and its other columns are not sent', () => {
    const row = { id: '1', prompt: 'hi', price: '3', temperature: 'warm' };

    expect(bodyOf(row, { prompt: undefined, system: undefined }, true)).toEqual({
      temperature: 0,
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
    });
  });
});
