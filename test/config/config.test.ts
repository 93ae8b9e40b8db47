import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../src/config/check-config.ts';
import { InvalidRequest } from '../../src/errors.ts';

const SCHEDULE = { rate: '1 hour', prefix: 'staged/' };

const withSchedules = (schedules: object): object => ({ profiles: { default: {} }, schedules });

/** The problems of a configuration, one line each. */
function problemsOf(config: unknown): string[] {
  try {
    checkConfig(config);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidRequest);
    const [first, ...lines] = error instanceof Error ? error.message.split('\n') : [];
    expect(first).toBe('The configuration is not valid:');
    return lines;
  }
}

describe('a configuration', () => {
  test('needs nothing but profiles', () => {
    expect(checkConfig({ profiles: {} })).toEqual({ profiles: {} });
  });

  test('comes out as it went in', () => {
    const config = {
      providers: { mine: { dialect: 'openai', baseUrl: 'https://example.org/v1' } },
      profiles: { default: { provider: 'mine' }, classify: { prompt: 'Label {{text}}' } },
      schedules: {
        nightly: { cron: '0 22 * * ? *', timezone: 'Europe/Berlin', inputs: ['staged/{{yyyy}}.csv'] },
        hourly: { ...SCHEDULE, profile: 'classify' },
      },
      limits: { shardsInFlight: 1, jobDays: 90, api: { requestsPerSecond: 1, burst: 5_000 } },
      api: { jwt: { issuer: 'https://example.org/', audience: ['nightshift'] } },
      alarms: {
        email: 'oncall@example.org',
        topicArn: 'arn:aws:sns:eu-central-1:111122223333:on-call',
        runbook: 'https://wiki.example.org/nightshift',
      },
      webhook: { url: 'https://hooks.example.org/nightshift', secretName: 'hooks/nightshift' },
    };

    expect(checkConfig(config)).toEqual(config);
  });

  test.each([[undefined], [null], ['config'], [[]], [{}]])('is not %j', (config) => {
    expect(problemsOf(config)).not.toEqual([]);
  });

  test('is refused with the names of unknown sections', () => {
    expect(problemsOf({ profiles: {}, schedule: {} })).toEqual([
      '  (root): Unrecognized key: "schedule". Did you mean "schedules"?',
    ]);
  });

  test('is refused with problems of shape and unknown names at once', () => {
    const problems = problemsOf({
      profiles: { default: { rounds: 0 }, lost: { provider: 'nobody' } },
      schedules: { a: { ...SCHEDULE, profile: 'missing' }, b: { ...SCHEDULE, colour: 'red' } },
    });

    expect(problems).toEqual([
      expect.stringMatching(/^ {2}profiles\.default\.rounds: /),
      expect.stringMatching(/^ {2}schedules\.b: .*"colour"/),
      '  profiles.lost.provider: there is no provider "nobody"',
      '  schedules.a.profile: there is no profile "missing"',
    ]);
  });
});

describe('the schedules of a configuration', () => {
  test('may have a profile that exists', () => {
    expect(problemsOf(withSchedules({ a: SCHEDULE, b: { ...SCHEDULE, profile: 'default' } }))).toEqual([]);
  });

  test('may not have a profile that does not exist, and the error has its path', () => {
    expect(problemsOf(withSchedules({ nightly: { ...SCHEDULE, profile: 'nope' } }))).toEqual([
      '  schedules.nightly.profile: there is no profile "nope"',
    ]);
  });

  test('need a default profile if they name none', () => {
    expect(problemsOf({ profiles: { other: {} }, schedules: { nightly: SCHEDULE } })).toEqual([
      '  schedules.nightly.profile: there is no profile "default"',
    ]);
  });

  test('may not have a profile with the name of an inherited property', () => {
    expect(problemsOf(withSchedules({ a: { ...SCHEDULE, profile: 'toString' } }))).toEqual([
      '  schedules.a.profile: there is no profile "toString"',
    ]);
  });

  test('may not override the provider with an unknown one', () => {
    expect(problemsOf(withSchedules({ a: { ...SCHEDULE, overrides: { provider: 'nobody' } } }))).toEqual([
      '  schedules.a.overrides.provider: there is no provider "nobody"',
    ]);
  });

  test('read their whole prefix only with a profile that reuses answers', () => {
    const all = { ...SCHEDULE, take: 'all' };
    const config = (schedule: object, profile: object = {}): object => ({
      profiles: { default: {}, p: profile },
      schedules: { s: { ...schedule, profile: 'p' } },
    });
    const refused = expect.stringContaining(
      'schedules.s.take: "all" sends every row of the files at each run',
    );

    expect(problemsOf(config(all))).toEqual([refused]);
    expect(problemsOf(config(all, { reuse: false }))).toEqual([refused]);
    expect(problemsOf(config({ ...all, overrides: { reuse: false } }, { reuse: 'always' }))).toEqual([
      refused,
    ]);
    expect(problemsOf(config(all, { reuse: { days: 3 } }))).toEqual([]);
    expect(problemsOf(config({ ...all, overrides: { reuse: 'always' } }))).toEqual([]);
    expect(problemsOf(config({ ...SCHEDULE, take: 'new' }))).toEqual([]);
    expect(
      problemsOf(config({ rate: '1 hour', inputs: ['staged/a'], take: 'all' }, { reuse: 'always' })),
    ).toEqual([expect.stringContaining('"take" is for schedules with a "prefix"')]);
  });

  test('may override the provider with an existing one', () => {
    expect(problemsOf(withSchedules({ a: { ...SCHEDULE, overrides: { provider: 'openai' } } }))).toEqual([]);
  });

  test.each(['a', 'nightly', 'A.b_c-9', '_', '...a', 'x'.repeat(40)])('may be called %s', (name) => {
    expect(problemsOf(withSchedules({ [name]: SCHEDULE }))).toEqual([]);
  });

  test.each(['', ' ', 'a b', 'a/b', 'ü', '.', '..', '...', 'a\n', 'x'.repeat(41)])(
    'may not be called %j',
    (name) => {
      expect(problemsOf(withSchedules({ [name]: SCHEDULE })).join('\n')).toMatch(/^ {2}schedules\./);
    },
  );

  test.each([
    ['99 22 * * ? *', 'schedules.nightly.cron: "cron(99 22 * * ? *)" is not a cron expression'],
    ['0 22 * * * *', 'exactly one of day-of-month and day-of-week must be "?"'],
    ['0 22 * * ?', 'schedules.nightly.cron: must have six fields'],
  ])('are refused with the cron %s', (cron, problem) => {
    const problems = problemsOf(withSchedules({ nightly: { cron, prefix: 'staged/' } }));

    expect(problems).toEqual([expect.stringContaining(problem)]);
  });

  test('are each refused with their name', () => {
    const problems = problemsOf(
      withSchedules({ a: { ...SCHEDULE, rate: 'often' }, b: { ...SCHEDULE, prefix: 'input/' } }),
    );

    expect(problems).toEqual([
      expect.stringMatching(/^ {2}schedules\.a\.rate: must be a rate/),
      expect.stringMatching(/^ {2}schedules\.b\.prefix: must not be below "input\/"/),
    ]);
  });
});

describe('the limits of a configuration', () => {
  const limitsOf = (limits: object): string[] => problemsOf({ profiles: {}, limits });

  test.each([
    {},
    { shardsInFlight: 1 },
    { shardsInFlight: 10_000 },
    { jobDays: 1 },
    { jobDays: 90 },
    { api: {} },
    { api: { requestsPerSecond: 1, burst: 1 } },
    { api: { requestsPerSecond: 10_000, burst: 5_000 } },
  ])('may be %j', (limits) => {
    expect(limitsOf(limits)).toEqual([]);
  });

  test.each([
    ['limits.shardsInFlight', { shardsInFlight: 0 }],
    ['limits.shardsInFlight', { shardsInFlight: 10_001 }],
    ['limits.shardsInFlight', { shardsInFlight: 1.5 }],
    ['limits.shardsInFlight', { shardsInFlight: '5' }],
    ['limits.jobDays', { jobDays: 0 }],
    ['limits.jobDays', { jobDays: 91 }],
    ['limits.api.requestsPerSecond', { api: { requestsPerSecond: 0 } }],
    ['limits.api.requestsPerSecond', { api: { requestsPerSecond: 10_001 } }],
    ['limits.api.burst', { api: { burst: 0 } }],
    ['limits.api.burst', { api: { burst: 5_001 } }],
    ['limits.api', { api: { perSecond: 5 } }],
    ['limits', { shards: 5 }],
  ])('are refused with the path %s for %j', (path, limits) => {
    expect(limitsOf(limits)).toEqual([expect.stringContaining(`  ${path}: `)]);
  });
});

describe('the API of a configuration', () => {
  const jwt = { issuer: 'https://example.org/', audience: ['a'] };
  const apiOf = (api: object): string[] => problemsOf({ profiles: {}, api });

  test.each([{}, { jwt }, { jwt: { ...jwt, audience: ['a', 'b'] } }])('may be %j', (api) => {
    expect(apiOf(api)).toEqual([]);
  });

  test.each([
    ['api.jwt.issuer', { jwt: { ...jwt, issuer: 'example' } }],
    ['api.jwt.issuer', { jwt: { audience: ['a'] } }],
    ['api.jwt.audience', { jwt: { ...jwt, audience: [] } }],
    ['api.jwt.audience', { jwt: { ...jwt, audience: 'a' } }],
    ['api.jwt.audience.0', { jwt: { ...jwt, audience: [''] } }],
    ['api.jwt', { jwt: { ...jwt, key: 'k' } }],
    ['api', { port: 8_080 }],
  ])('is refused with the path %s for %j', (path, api) => {
    expect(apiOf(api)).toEqual([expect.stringContaining(`  ${path}: `)]);
  });
});

describe('the webhook', () => {
  test.each(['https://a.example/x', 'http://localhost:8080/x', 'http://127.0.0.1/x'])('may be %s', (url) => {
    expect(problemsOf({ profiles: {}, webhook: { url } })).toEqual([]);
  });

  test.each(['http://a.example/x', 'http://localhost.example/x', 'ftp://a.example/x', 'a.example/x', ''])(
    'may not be %j',
    (url) => {
      expect(problemsOf({ profiles: {}, webhook: { url } }).join()).toContain('  webhook.url: ');
    },
  );
});

test.each([
  ['alarms.email', { email: 'nobody' }],
  ['alarms.topicArn', { topicArn: 'on-call' }],
  ['alarms.runbook', { runbook: '' }],
])('is refused with a wrong %s', (path, alarms) => {
  expect(problemsOf({ profiles: {}, alarms }).join()).toContain(`  ${path}: `);
});

describe('an output', () => {
  const problems = (profile: object): string[] => problemsOf({ profiles: { classify: profile } });

  test('may have any JSON Schema', () => {
    expect(
      problems({ output: { schema: { type: 'object' }, name: 'label', strict: true, retry: true } }),
    ).toEqual([]);
  });

  test.each([
    ['is of no schema', { output: { schema: { type: 'strange' } } }, 'profiles.classify.output: The output'],
    [
      'refers to another place',
      { output: { schema: { $ref: 'https://example.com/a.json' } } },
      "can't resolve reference https://example.com/a.json",
    ],
    [
      'is asked for twice',
      { output: { schema: {} }, body: { response_format: { type: 'json_object' } } },
      'profiles.classify.output: Give "output" or "body.response_format", not both.',
    ],
    [
      'is asked of vectors',
      { output: { schema: {} }, endpoint: '/v1/embeddings' },
      'profiles.classify.output: "output" is for chat and responses; /v1/embeddings has no such answers.',
    ],
    ['has no name', { output: { schema: {}, name: 'two words' } }, 'profiles.classify.output.name'],
  ])('that %s is refused with its path', (_, profile, problem) => {
    expect(problems(profile).join('\n')).toContain(problem);
  });

  test('of a schedule’s overrides is checked, too', () => {
    const overrides = { output: { schema: { type: 'strange' } } };

    expect(problemsOf(withSchedules({ nightly: { ...SCHEDULE, overrides } })).join('\n')).toContain(
      'schedules.nightly.overrides.output: The output',
    );
  });
});
