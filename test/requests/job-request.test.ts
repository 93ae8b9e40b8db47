import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonTexts } from '../support/json-text.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { hashOfRequest, parseJobFile, parseJobRequest } from '../../src/requests/job-request.ts';
import { MAX_INPUTS, MAX_REQUEST_BYTES } from '../../src/requests/request-limits.ts';

const LEVELS = 100_000;
const deepText = '['.repeat(LEVELS) + ']'.repeat(LEVELS);

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidRequest);
    return error instanceof Error ? error.message : '';
  }
  throw new Error('It was not refused.');
}

const refusalOf = (value: unknown): string => messageOf(() => parseJobRequest(value));

const fileOf = (text: string): Buffer => Buffer.from(text);

describe('a job request', () => {
  test.each([
    { inputs: ['input/a.jsonl'] },
    { inputs: ['staged/a.csv', 'output/x/dead-letters.jsonl'] },
    { prefix: 'staged/november/' },
    { rows: [{ prompt: 'Hello' }] },
    { rows: ['any', 1, null, [], { custom_id: 'a' }] },
    { name: 'november', profile: 'classify', overrides: { rounds: 2 }, prefix: 'output/' },
  ])('may be %j', (request) => {
    expect(parseJobRequest(request)).toEqual(request);
  });

  test.each([
    [{}],
    [{ name: 'x', profile: 'default' }],
    [{ inputs: ['input/a'], prefix: 'input/' }],
    [{ inputs: ['input/a'], rows: [1] }],
    [{ prefix: 'input/', rows: [1] }],
    [{ inputs: ['input/a'], prefix: 'input/', rows: [1] }],
  ])('is refused unless it names its rows in exactly one way: %j', (request) => {
    expect(refusalOf(request)).toContain('exactly one of "inputs", "prefix" and "rows" must be given');
  });

  test('treats an undefined field as a missing one', () => {
    expect(parseJobRequest({ inputs: undefined, rows: [1] }).rows).toEqual([1]);
  });

  test.each(['null', '[]', '"input/a.jsonl"', '1'])('is an object, and not %s', (text) => {
    expect(refusalOf(JSON.parse(text))).toContain('(root): Invalid input: expected object');
  });

  test('is refused with the names of unknown fields', () => {
    const refusal = refusalOf({ rows: [1], colour: 'red', Prefix: 'input/' });

    expect(refusal).toContain('"colour"');
    expect(refusal).toContain('"Prefix"');
  });

  test('is refused with the paths of unknown fields in its overrides', () => {
    expect(refusalOf({ rows: [1], overrides: { colour: 'red' } })).toContain(
      'overrides: Unrecognized key: "colour"',
    );
  });

  test.each(['a.jsonl', 'jobs/x/job.json', '/input/a', 'INPUT/a', 'claims/x', 'input', 's3://b/input/a', ''])(
    'may not read %j',
    (key) => {
      const reason = 'must start with "input/", "staged/", "output/"';

      expect(refusalOf({ inputs: ['input/a', key] })).toContain(`inputs.1: ${reason}`);
      expect(refusalOf({ prefix: key })).toContain(`prefix: ${reason}`);
    },
  );

  test('may not have a key that is too long for S3', () => {
    const longest = `input/${'k'.repeat(1_018)}`;

    expect(parseJobRequest({ inputs: [longest] }).inputs).toEqual([longest]);
    expect(refusalOf({ inputs: [`${longest}k`] })).toContain('inputs.0: ');
  });

  test('may name at most as many inputs as a job may have', () => {
    const most = Array.from({ length: MAX_INPUTS }, (_, n) => `input/${n}`);

    expect(parseJobRequest({ inputs: most }).inputs).toHaveLength(MAX_INPUTS);
    expect(refusalOf({ inputs: [...most, 'input/more'] })).toContain('inputs: ');
  });

  test.each([
    ['inputs', { inputs: [] }],
    ['rows', { rows: [] }],
    ['name', { rows: [1], name: '' }],
    ['name', { rows: [1], name: 'n'.repeat(101) }],
    ['profile', { rows: [1], profile: '' }],
    ['overrides.rounds', { rows: [1], overrides: { rounds: 11 } }],
  ])('is refused with the path %s for %j', (path, request) => {
    expect(refusalOf(request)).toContain(`\n  ${path}: `);
  });

  test('is refused with all its problems at once', () => {
    const refusal = refusalOf({
      name: '',
      profile: 7,
      overrides: { rounds: 0, colour: 'red' },
      inputs: ['elsewhere/a'],
      prefix: 'input/',
      hurry: true,
    });

    expect(refusal.split('\n').slice(1)).toEqual([
      expect.stringMatching(/^ {2}name: /),
      expect.stringMatching(/^ {2}profile: /),
      expect.stringMatching(/^ {2}overrides\.rounds: /),
      expect.stringMatching(/^ {2}overrides: .*"colour"/),
      expect.stringMatching(/^ {2}inputs\.0: must start with/),
      expect.stringMatching(/^ {2}\(root\): .*"hurry"/),
      expect.stringMatching(/^ {2}\(root\): exactly one of/),
    ]);
  });

  test('keeps its rows unchanged', () => {
    fc.assert(
      fc.property(fc.array(jsonTexts, { minLength: 1 }), (rows) => {
        const text = `{"rows":[${rows.join()}]}`;
        expect(JSON.stringify(parseJobFile(fileOf(text), 'a.job.json'))).toBe(text);
      }),
    );
  });

  test('keeps the digits of numbers in its body and its schema, and parses all others', () => {
    fc.assert(
      fc.property(jsonTexts, (value) => {
        const text = `{"overrides":{"rounds":2.0,"body":{"own":${value}},"output":{"schema":{"const":${value}},"retry":true}},"rows":[1.0]}`;
        const { overrides, rows } = parseJobFile(fileOf(text), 'a.job.json');
        expect(overrides).toMatchObject({ rounds: 2, output: { retry: true } });
        expect(JSON.stringify([overrides?.body, overrides?.output?.schema, rows])).toBe(
          `[{"own":${value}},{"const":${value}},[1.0]]`,
        );
      }),
    );
  });
});

describe('a job request file', () => {
  test('is read as UTF-8', () => {
    const text = '{"rows": ["Grüße", "日本", "\\ud83d\\ude00"]}';

    expect(parseJobFile(fileOf(text), 'a.job.json').rows).toEqual(['Grüße', '日本', '😀']);
  });

  test('may begin with a byte order mark', () => {
    expect(parseJobFile(fileOf('\uFEFF{"rows": [1]}'), 'a.job.json').rows).toEqual([1]);
  });

  test.each([
    ['Latin-1', Buffer.from('{"rows": ["Grüße"]}', 'latin1')],
    ['UTF-16', Buffer.from('{"rows": [1]}', 'utf16le')],
    ['cut within a character', fileOf('{"rows": ["ü"]}').subarray(0, 12)],
  ])('that is %s is refused with its name', (_, bytes) => {
    expect(messageOf(() => parseJobFile(bytes, 'a.job.json'))).toBe(
      'a.job.json is not JSON in UTF-8, so it is not a job request.',
    );
  });

  test.each(['', ' ', '{', '{"rows": [1]} x', "{'rows': [1]}", '{"rows": [NaN]}', '{"rows": [1],}'])(
    'that is no JSON is refused by name: %j',
    (text) => {
      expect(messageOf(() => parseJobFile(fileOf(text), 'a.job.json'))).toBe(
        'a.job.json is not JSON in UTF-8, so it is not a job request.',
      );
    },
  );

  test('that is JSON but not a request is refused with the reason', () => {
    expect(messageOf(() => parseJobFile(fileOf('{"row": [1]}'), 'a.job.json'))).toContain('"row"');
  });

  test('may have the maximum size, and not one byte more', () => {
    const text = '{"rows": [1]}';
    const largest = fileOf(text.padEnd(MAX_REQUEST_BYTES));

    expect(parseJobFile(largest, 'a.job.json').rows).toEqual([1]);
    expect(messageOf(() => parseJobFile(Buffer.concat([largest, fileOf(' ')]), 'a.job.json'))).toBe(
      'a.job.json has 5000001 bytes; a job request has at most 5000000. Put its rows into a file.',
    );
  });

  test.each([
    ['a row', `{"rows": [${deepText}]}`],
    ['an unclosed row', `{"rows": [${deepText.slice(0, LEVELS)}`],
    ['a key', `{"inputs": ${deepText}}`],
    ['a prefix', `{"prefix": ${deepText}}`],
    ['an override', `{"rows": [1], "overrides": {"body": {"a": ${deepText}}}}`],
    ['an unknown field', `{"rows": [1], "colour": ${deepText}}`],
    ['the whole', deepText],
  ])('that nests 100,000 levels deep in %s is refused, and crashes nothing', (_, text) => {
    expect(messageOf(() => parseJobFile(fileOf(text), 'a.job.json'))).not.toContain('call stack');
  });

  test('with rows that are nested too deeply is refused with that reason', () => {
    const text = `{"rows": [${deepText}]}`;

    expect(messageOf(() => parseJobFile(fileOf(text), 'a.job.json'))).toBe(
      'The request is nested too deeply.',
    );
  });

  test('with any bytes is either a request or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(fileOf)), (bytes) => {
        try {
          parseJobFile(Buffer.from(bytes), 'a.job.json');
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidRequest);
        }
      }),
    );
  });
});

describe('the hash of a request', () => {
  test('stays the same between versions, so that a used key stays used', () => {
    const request = parseJobRequest({ name: 'a', profile: 'default', rows: [{ prompt: 'Grüße' }] });

    expect(hashOfRequest(request)).toBe('ae66b87004a054cdd44f80906f087b03');
  });

  test('is the same for the same request, whatever the order of its fields', () => {
    const fields = [
      ['name', 'a'],
      ['profile', 'default'],
      ['overrides', { model: 'm', rounds: 2 }],
      ['inputs', ['input/a', 'input/b']],
    ] as const;
    const hash = hashOfRequest(parseJobRequest(Object.fromEntries(fields)));

    fc.assert(
      fc.property(fc.shuffledSubarray([...fields], { minLength: fields.length }), (shuffled) => {
        expect(hashOfRequest(parseJobRequest(Object.fromEntries(shuffled)))).toBe(hash);
      }),
    );
  });

  test('is the same with any white space', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { minLength: 1 }), fc.nat(8), (rows, spaces) => {
        const hash = (indent: number): string =>
          hashOfRequest(parseJobFile(fileOf(JSON.stringify({ rows }, null, indent)), 'a.job.json'));
        expect(hash(spaces)).toBe(hash(0));
      }),
    );
  });

  test.each([
    [{ inputs: ['input/b', 'input/a'] }],
    [{ inputs: ['input/a'] }],
    [{ inputs: ['input/a', 'input/b'], name: 'x' }],
    [{ inputs: ['input/a', 'input/b'], profile: 'x' }],
    [{ inputs: ['input/a', 'input/b'], overrides: {} }],
    [{ rows: ['input/a', 'input/b'] }],
    [{ prefix: 'input/a' }],
  ])('is different for another request: %j', (other) => {
    const hash = hashOfRequest(parseJobRequest({ inputs: ['input/a', 'input/b'] }));

    expect(hashOfRequest(parseJobRequest(other))).not.toBe(hash);
  });

  test('is refused, without a crash, for rows that are nested too deeply', () => {
    const request = { rows: [JSON.parse(deepText) as unknown] };

    expect(messageOf(() => hashOfRequest(request))).toBe('The request is nested too deeply.');
  });
});
