import { describe, expect, test } from 'vitest';
import type { RowProblemCode } from '../../src/checkpoints/plan.ts';
import { compileTemplate } from '../../src/rows/template.ts';
import { toRequestLine, type RequestRules } from '../../src/rows/request-line.ts';

function rules(endpoint: string, more: Partial<RequestRules> = {}): RequestRules {
  return { endpoint, model: 'm', body: {}, ...more };
}

function sent(value: unknown, defaults: RequestRules): unknown {
  const request = toRequestLine({ value, ordinal: 1 }, defaults);
  if ('problem' in request) throw new Error(`${request.problem.code}: ${request.problem.message}`);
  return (JSON.parse(request.text) as { body: unknown }).body;
}

describe('the request of a row', () => {
  test.each([
    ['/v1/completions', { prompt: 'Once', max_tokens: 5 }, { prompt: 'Once', max_tokens: 5 }],
    ['/v1/completions', { prompt: ['a', 'b'], suffix: '.' }, { prompt: ['a', 'b'], suffix: '.' }],
    ['/v1/responses', { prompt: 'hi', max_output_tokens: 9 }, { input: 'hi', max_output_tokens: 9 }],
    ['/v1/responses', { input: 'hi', system: 'be brief' }, { input: 'hi', instructions: 'be brief' }],
    [
      '/v1/responses',
      { input: [{ role: 'user', content: 'hi' }] },
      { input: [{ role: 'user', content: 'hi' }] },
    ],
    ['/v1/images/generations', { prompt: 'a cog', size: '1x1' }, { prompt: 'a cog', size: '1x1' }],
    ['/v1/audio/speech', { prompt: 'Moin.', voice: 'alloy' }, { input: 'Moin.', voice: 'alloy' }],
    ['/v1/audio/speech', { input: 'Moin.' }, { input: 'Moin.' }],
    [
      '/v1/rerank',
      { query: 'q', documents: ['a', 'b'], top_n: 1 },
      { query: 'q', documents: ['a', 'b'], top_n: 1 },
    ],
    ['/v1/rerank', { prompt: 'q', documents: [{ text: 'a' }] }, { query: 'q', documents: [{ text: 'a' }] }],
  ])('to %s is made from %j', (endpoint, row, body) => {
    expect(sent(row, rules(endpoint))).toEqual({ ...body, model: 'm' });
  });

  test('has the system message of the profile as the instructions of a response', () => {
    const system = compileTemplate('Be brief.');

    expect(sent({ prompt: 'hi' }, rules('/v1/responses', { system }))).toMatchObject({
      instructions: 'Be brief.',
    });
  });

  test('is made with the template of the profile and keeps its documents', () => {
    const prompt = compileTemplate('About {{topic}}');
    const row = { topic: 'herring', documents: ['a'] };

    expect(sent(row, rules('/v1/rerank', { prompt }))).toMatchObject({
      query: 'About herring',
      documents: ['a'],
    });
    expect(sent(row, rules('/v1/audio/speech', { prompt }))).toEqual({ input: 'About herring', model: 'm' });
  });

  test.each<[RowProblemCode, string, unknown]>([
    ['NO_PROMPT', '/v1/completions', { prompt: [] }],
    ['NO_PROMPT', '/v1/completions', {}],
    ['UNKNOWN_FIELD', '/v1/completions', { prompt: 'x', messages: [] }],
    ['NO_PROMPT', '/v1/responses', { prompt: 'x', input: 'y' }],
    ['NO_PROMPT', '/v1/responses', { input: [] }],
    ['NO_PROMPT', '/v1/responses', { input: ['text'] }],
    ['NO_PROMPT', '/v1/images/generations', { prompt: ' ' }],
    ['UNKNOWN_FIELD', '/v1/images/generations', { prompt: 'x', temperature: 0 }],
    ['NO_PROMPT', '/v1/audio/speech', { input: 5 }],
    ['STREAM_NOT_SUPPORTED', '/v1/audio/speech', { input: 'x', stream: true }],
    ['NO_PROMPT', '/v1/rerank', { query: 'q' }],
    ['NO_PROMPT', '/v1/rerank', { query: 'q', documents: [] }],
    ['NO_PROMPT', '/v1/rerank', { documents: ['a'] }],
    ['UNKNOWN_FIELD', '/v1/chat/completions', { prompt: 'x', documents: [] }],
  ])('cannot be made and is refused with %s at %s: %j', (code, endpoint, row) => {
    expect(toRequestLine({ value: row, ordinal: 1 }, rules(endpoint))).toMatchObject({ problem: { code } });
  });

  test('is refused if the endpoint has no system message, so that none is dropped', () => {
    const templates = { prompt: compileTemplate('{{a}}'), system: compileTemplate('s') };

    expect(toRequestLine({ value: { a: 1 }, ordinal: 1 }, rules('/v1/completions', templates))).toMatchObject(
      {
        problem: { code: 'NO_PROMPT', message: expect.stringContaining('no system message') as string },
      },
    );
  });
});
