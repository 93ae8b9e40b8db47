import { describe, expect, test } from 'vitest';
import { defineConfig, parseConfig, type ProfileConfig } from '../../src/config/config.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';

describe('parseConfig', () => {
  test('names every problem with its path, at once', () => {
    const wrong = {
      providers: { mine: { dialect: 'klingon', baseUrl: 'http://localhost/v1/' } },
      dialects: { other: { like: 'vulcan', limits: { requests: 0 } } },
      profiles: { default: { rounds: 0, colour: 'red' }, 'bad name': {} },
    };

    expect(() => parseConfig(wrong)).toThrowError(
      /providers\.mine\.baseUrl.*\n.*dialects\.other\.limits\.requests.*\n.*profiles\.default\.rounds.*\n.*colour.*\n.*profiles\.bad name.*\n.*providers\.mine\.dialect: there is no dialect "klingon"\n.*dialects\.other\.like/s,
    );
  });

  test('refuses a profile with an unknown provider', () => {
    expect(() => parseConfig({ profiles: { default: { provider: 'nobody' } } })).toThrowError(
      'profiles.default.provider: there is no provider "nobody"',
    );
  });

  test('refuses a completion window that is no duration', () => {
    expect(() => parseConfig({ profiles: { default: { completionWindow: 'tomorrow' } } })).toThrowError(
      'profiles.default.completionWindow: must be a duration',
    );
  });
});

describe('resolveProfile', () => {
  const config = defineConfig({
    providers: {
      mine: {
        dialect: 'openai',
        baseUrl: 'http://127.0.0.1:9/v1',
        shardLimits: { maxRows: 10 },
        retryWaitSeconds: 7,
      },
    },
    profiles: {
      default: { model: 'a-model' },
      mine: { provider: 'mine', model: 'b', shardLimits: { maxBytes: 5_000 }, polling: { maxSeconds: 60 } },
    },
  });

  test('fills in every default', () => {
    expect(resolveProfile(config, 'default')).toEqual({
      name: 'default',
      provider: {
        name: 'melious',
        baseUrl: 'https://api.melious.ai/v1',
        dialect: builtInDialect('melious'),
      },
      endpoint: '/v1/chat/completions',
      model: 'a-model',
      body: {},
      strict: false,
      rounds: 4,
      retryWaitSeconds: 60,
      retriableCodes: [],
      completionWindow: '24h',
      shardLimits: { maxBytes: 100_000_000, maxRows: 50_000 },
      polling: { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 },
      resultShape: 'compact',
      budget: {},
      dedupe: 'without temperature',
      keepProviderFiles: false,
    });
  });

  test('prefers a profile to its provider, and overrides to both', () => {
    const resolved = resolveProfile(config, 'mine', { rounds: 2, retryWaitSeconds: 1 });

    expect(resolved.shardLimits).toEqual({ maxBytes: 5_000, maxRows: 10 });
    expect(resolved.polling).toMatchObject({ minSeconds: 15, maxSeconds: 60 });
    expect(resolved).toMatchObject({ rounds: 2, retryWaitSeconds: 1, model: 'b' });
  });

  test('drops the model of a profile if an override names another endpoint', () => {
    expect(resolveProfile(config, 'default', { endpoint: '/v1/embeddings' })).not.toHaveProperty('model');
    expect(resolveProfile(config, 'default', { endpoint: '/v1/embeddings', model: 'e' }).model).toBe('e');
    expect(resolveProfile(config, 'default', { endpoint: '/v1/chat/completions' }).model).toBe('a-model');
  });

  test('names the existing profiles if one is missing', () => {
    expect(() => resolveProfile(config, 'nope')).toThrowError(
      'no profile "nope" in nightshift.config.ts. Profiles: default, mine.',
    );
    expect(() => resolveProfile(config, 'toString')).toThrowError('no profile "toString"');
  });

  test('names the existing providers if one is missing', () => {
    expect(() => resolveProfile(config, 'default', { provider: 'x' })).toThrowError(
      /no provider "x"\. Providers: anthropic, .*melious, mine, .*simulator, .*\./,
    );
  });

  test('keeps a price, which needs a currency', () => {
    const price = { inputPerMillion: 0.1, outputPerMillion: 0.4, currency: 'EUR' };
    expect(resolveProfile(config, 'default', { price }).price).toEqual(price);
    expect(() => resolveProfile(config, 'default', { price: { ...price, currency: '€' } })).toThrowError(
      'price.currency: must be three capital letters such as "EUR"',
    );
  });

  test('sends no speech directly, and jobs of up to 50 rows if no number is given', () => {
    const speech = { provider: 'simulator', endpoint: '/v1/audio/speech' };
    expect(() => resolveProfile(config, 'default', { ...speech, late: 'direct' })).toThrowError(
      'Rows for "/v1/audio/speech" cannot be sent direct',
    );
    expect(resolveProfile(config, 'default', { small: 'direct' }).directUpTo).toBe(50);
    expect(resolveProfile(config, 'default', { small: 'direct', smallRows: 7 }).directUpTo).toBe(7);
    expect(resolveProfile(config, 'default', { smallRows: 7 })).not.toHaveProperty('directUpTo');
  });

  test('refuses an override that is not valid', () => {
    expect(() => resolveProfile(config, 'default', { rounds: 99 })).toThrowError('rounds: ');
  });
});

test.each([
  ['of the provider', { dialect: 'together', enqueuedTokens: 5_000 }, 5_000],
  ['of the dialect, where the provider has none', { dialect: 'together' }, 30_000_000_000],
  ['unknown, where nobody says it', { dialect: 'openai' }, undefined],
])('the limit of enqueued tokens is that %s', (_whose, own, limit) => {
  const config = defineConfig({
    providers: { own: { baseUrl: 'http://127.0.0.1:9/v1', ...own } },
    profiles: { default: { provider: 'own', model: 'm' } },
  });

  expect(resolveProfile(config, 'default').enqueuedTokens).toBe(limit);
});

describe('the steps of a profile', () => {
  const config = defineConfig({
    providers: {
      own: {
        dialect: 'openai',
        baseUrl: 'http://127.0.0.1:9/v1',
        maxBatches: 3,
        enqueuedTokens: { c: 90_000 },
      },
    },
    profiles: { default: { model: 'a', rounds: 2, late: 'direct' } },
  });
  const stepsOf = (then: ProfileConfig['then']) => resolveProfile(config, 'default', { then }).then;

  test('inherit from the step before them', () => {
    const steps = stepsOf([
      { model: 'b', body: { top_p: 1 } },
      { provider: 'own', model: 'c', body: { seed: 1 }, rounds: 3, for: ['failed'] },
      { direct: true },
    ]);

    expect(
      steps?.map(({ provider, model, rounds, direct }) => [provider.name, model, rounds, direct]),
    ).toEqual([
      ['melious', 'b', 2, undefined],
      ['own', 'c', 3, undefined],
      ['own', 'c', 1, true],
    ]);
    expect(steps?.map(({ body }) => body)).toEqual([
      { top_p: 1 },
      { top_p: 1, seed: 1 },
      { top_p: 1, seed: 1 },
    ]);
    expect(steps?.map((step) => step.for)).toEqual([
      ['exhausted', 'failed', 'invalid_output'],
      ['failed'],
      ['exhausted', 'failed', 'invalid_output'],
    ]);
    expect(steps?.map(({ maxBatches }) => maxBatches)).toEqual([undefined, 3, 3]);
    expect(steps?.map(({ enqueuedTokens }) => enqueuedTokens)).toEqual([
      undefined,
      { c: 90_000 },
      { c: 90_000 },
    ]);
  });

  test.each<[NonNullable<ProfileConfig['then']>, RegExp]>([
    [[{ provider: 'nobody' }], /then\[0\]: There is no provider "nobody"/],
    [[{ model: 'b' }, { provider: 'own', completionWindow: '2h' }], /then\[1\]: .*no completion window "2h"/],
    [[{ rounds: 2 }], /then\.0: must have at least one of provider, model, body and direct/],
  ])('%j are refused', (then, problem) => {
    expect(() => stepsOf(then)).toThrowError(problem);
  });

  test('that name an unknown provider are refused when the configuration is read', () => {
    const then = [{ model: 'b' }, { provider: 'nobody' }];

    expect(() => parseConfig({ profiles: { default: { then } } })).toThrowError(
      'profiles.default.then.1.provider: there is no provider "nobody"',
    );
  });
});

describe('a budget in money', () => {
  const price = { inputPerMillion: 1, outputPerMillion: 1, currency: 'EUR' };

  test.each<[ProfileConfig, string]>([
    [{ budget: { max: 1 } }, 'budget.max: needs a price'],
    [{ budget: { maxPerMonth: 1 } }, 'budget.maxPerMonth: needs a price'],
    [{ budget: { max: 1, currency: 'USD' }, price }, "budget.currency: must be the price's, EUR"],
    [
      { price, then: [{ model: 'b', price: { ...price, currency: 'USD' } }] },
      "then.0.price.currency: must be the profile's, EUR",
    ],
  ])('%j is refused, in a configuration and in a request', (profile, problem) => {
    expect(() => parseConfig({ profiles: { default: profile } })).toThrowError(`profiles.default.${problem}`);
    expect(() => resolveProfile({ profiles: { default: {} } }, 'default', profile)).toThrowError(problem);
  });
});
