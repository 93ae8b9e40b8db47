import { describe, expect, test } from 'vitest';
import { parseConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { KNOWN_PROVIDERS } from '../../src/config/known-providers.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { builtInDialect, DIALECTS, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { dialectSchema } from '../../src/provider/dialects/schema.ts';

const resolve = (config: Partial<NightshiftConfig>, profile: object) =>
  resolveProfile(parseConfig({ profiles: { default: { model: 'm', ...profile } }, ...config }), 'default');

describe('a built-in dialect', () => {
  test.each(Object.entries(DIALECTS))('%s is built in', (_, facts) => {
    expect(dialectSchema.parse(facts)).toEqual(facts);
  });

  test.each(Object.keys(DIALECTS).filter((name) => name in KNOWN_PROVIDERS))(
    '%s is a provider with the same name',
    (name) => {
      const { provider } = resolve({}, { provider: name });

      expect(provider.dialect).toEqual(builtInDialect(name as DialectName));
      expect(provider.baseUrl).toMatch(/^https:\/\/.*[^/]$/);
    },
  );

  test('without a base URL needs one', () => {
    const named = { providers: { azure: {} } };

    expect(() => resolve(named, { provider: 'azure' })).toThrowError(
      'The provider "azure" has no base URL: set providers.azure.baseUrl',
    );
    expect(() => resolve({}, { provider: 'azure' })).toThrowError('there is no provider "azure"');
    const baseUrl = 'https://mine.openai.azure.com/openai/v1';
    expect(resolve({ providers: { azure: { baseUrl } } }, { provider: 'azure' })).toMatchObject({
      provider: { baseUrl, dialect: { name: 'azure', auth: 'api-key' } },
      polling: { minSeconds: 60 },
      shardLimits: { maxBytes: 100_000_000, maxRows: 50_000 },
    });
  });

  test('limits the size of a shard, unless the configuration does', () => {
    const config = { providers: { siliconflow: { shardLimits: { maxBytes: 9_000 } } } };

    expect(resolve({}, { provider: 'siliconflow' }).shardLimits).toEqual({
      maxBytes: 100_000_000,
      maxRows: 5_000,
    });
    expect(resolve(config, { provider: 'siliconflow', shardLimits: { maxRows: 7 } }).shardLimits).toEqual({
      maxBytes: 9_000,
      maxRows: 7,
    });
    const embeddings = { provider: 'openai', endpoint: '/v1/embeddings' };
    expect(resolve({}, embeddings).shardLimits).toMatchObject({ maxInputs: 50_000 });
  });

  test.each([
    ['openai', undefined, '24h'],
    ['novita', undefined, '48h'],
    ['groq', '7d', '7d'],
    ['siliconflow', '14d', '14d'],
    ['doubleword', '1h', '1h'],
    ['litellm', '3h', '3h'],
  ] as const)('%s with the window %s sends %s', (provider, completionWindow, window) => {
    const config = { providers: { [provider]: { baseUrl: 'http://127.0.0.1:9/v1' } } };

    expect(resolve(config, { provider, completionWindow }).completionWindow).toBe(window);
  });

  test.each([
    ['openai', '48h', 'They have: 24h.'],
    ['groq', '8d', 'They have: 24h to 7d.'],
    ['novita', '24h', 'They have: 48h.'],
  ])('%s refuses the completion window %s', (provider, completionWindow, message) => {
    expect(() => resolve({}, { provider, completionWindow })).toThrowError(message);
  });

  test('refuses an endpoint that its batches do not support', () => {
    expect(() => resolve({}, { provider: 'groq', endpoint: '/v1/embeddings' })).toThrowError(
      'Batches of the dialect "groq" have no endpoint "/v1/embeddings". They have: /v1/chat/completions.',
    );
  });
});

describe('a dialect of the configuration', () => {
  const baseUrl = 'https://batches.example/v1';

  test('differs from a built-in one field by field', () => {
    const config: Partial<NightshiftConfig> = {
      dialects: {
        house: {
          like: 'openai',
          auth: 'x-api-key',
          statuses: { done: 'succeeded' },
          limits: { requests: 100 },
          codes: { busy: ['queue_full'] },
          honours: { metadata: false },
        },
      },
      providers: { mine: { dialect: 'house', baseUrl } },
    };
    const openai = builtInDialect('openai');

    const { provider, shardLimits } = resolve(config, { provider: 'mine' });

    expect(provider).toEqual({
      name: 'mine',
      baseUrl,
      dialect: {
        ...openai,
        name: 'house',
        auth: 'x-api-key',
        statuses: { ...openai.statuses, done: 'succeeded' },
        limits: { ...openai.limits, requests: 100 },
        codes: { ...openai.codes, busy: ['queue_full'] },
        honours: { ...openai.honours, metadata: false },
      },
    });
    expect(shardLimits.maxRows).toBe(100);
  });

  test('corrects a built-in one of the same name', () => {
    const dialects = { groq: { endpoints: ['/v1/chat/completions', '/v1/embeddings'] } };

    const { provider } = resolve({ dialects }, { provider: 'groq', endpoint: '/v1/embeddings' });

    expect(provider).toMatchObject({
      baseUrl: 'https://api.groq.com/openai/v1',
      dialect: { name: 'groq', windows: { from: '24h', to: '7d' } },
    });
  });

  test('does not inherit the base URL, so that a key is not sent to another provider', () => {
    const config = {
      dialects: { house: { like: 'openai' }, groq: { like: 'openai' } },
      providers: { house: {} },
    };

    expect(() => resolve(config, { provider: 'house' })).toThrowError('"house" has no base URL');
    expect(resolve(config, { provider: 'groq' }).provider.baseUrl).toBe('https://api.groq.com/openai/v1');
  });

  test('assumes the least without "like", as does a provider without a dialect', () => {
    const config = { dialects: { own: {} }, providers: { a: { dialect: 'own', baseUrl }, b: { baseUrl } } };
    const generic = builtInDialect('generic');

    expect(resolve(config, { provider: 'a' }).provider.dialect).toEqual({ ...generic, name: 'own' });
    expect(resolve(config, { provider: 'b' }).provider.dialect).toEqual(generic);
  });
});
