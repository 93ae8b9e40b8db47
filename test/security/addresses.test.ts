import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseConfig } from '../../src/config/config.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { addressBelow } from '../../src/provider/http/addresses.ts';
import type { ProviderClient } from '../../src/provider/batch-provider.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { builtInDialect, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { parseJobRequest } from '../../src/requests/job-request.ts';
import { startRecorder } from './recorder.ts';

/** Paths that a server or proxy may read as a different path. */
const WRONG_PATHS = [
  '/v1/../key/generate',
  '/v1/./chat/completions',
  '/..',
  '/v1/..',
  '/v1//chat/completions',
  '//evil.example/v1',
  '/v1/chat/completions/',
  '/v1/%2e%2e/key/generate',
  '/v1/%2E%2E%2Fkey/generate',
  '/v1/..%2fkey/generate',
  '/v1\\..\\key',
  '/v1/chat?x=/../..',
  '/v1/chat#x',
  '/v1/chat completions',
  '/v1/chat\n/completions',
  '/v1/chat\u0000',
  '/v1/..;/key/generate',
  'https://evil.example/v1/chat/completions',
  'v1/chat/completions',
  '@evil.example/v1',
  '/',
  '',
];

const PATHS = [
  '/v1/chat/completions',
  '/v1/a..b/c',
  '/v4/x',
  '/v1beta/models/m:generate',
  '/openai/v1/responses',
];

const problemsOf = (config: unknown): string => {
  try {
    parseConfig(config);
    return '';
  } catch (error) {
    return String(error);
  }
};

describe('an endpoint', () => {
  test.each(WRONG_PATHS)('%j is refused in a profile, a dialect, a schedule and a request', (endpoint) => {
    expect(problemsOf({ profiles: { default: { endpoint } } })).toContain('profiles.default.endpoint');
    expect(problemsOf({ profiles: {}, dialects: { mine: { endpoints: [endpoint] } } })).toContain(
      'dialects.mine.endpoints',
    );
    const schedule = { rate: '1 hour', prefix: 'staged/', overrides: { endpoint } };
    expect(problemsOf({ profiles: { default: {} }, schedules: { nightly: schedule } })).toContain(
      'schedules.nightly.overrides.endpoint',
    );
    expect(() => parseJobRequest({ rows: ['a'], overrides: { endpoint } })).toThrow('overrides.endpoint');
    const config = parseConfig({ profiles: { default: { provider: 'openai' } } });
    expect(() => resolveProfile(config, 'default', { endpoint })).toThrow('endpoint');
  });

  test.each(PATHS)('%j is a valid path', (endpoint) => {
    expect(problemsOf({ profiles: { default: { endpoint } } })).toBe('');
  });
});

describe('a base URL', () => {
  test.each([
    ['http://api.example/v1', 'must be https'],
    ['http://10.0.0.7:8000/v1', 'must be https'],
    ['http://127.0.0.1.evil.example/v1', 'must be https'],
    ['http://localhost.evil.example/v1', 'must be https'],
    ['http://localhost:x@evil.example/v1', 'must'],
    ['https://user:password@api.example/v1', 'must not hold a user name or a password'],
    ['https://user@api.example/v1', 'must not hold a user name or a password'],
    ['ftp://api.example/v1', 'https://'],
    ['file:///etc/passwd', 'https://'],
    ['api.example/v1', 'https://'],
    ['https://api.example/v1/', 'must not end with "/"'],
    ['https://api.example/v1?key=x', 'must not hold "?"'],
    ['https://api.example/v1#x', 'must not hold "?"'],
    ['https://api.example\\@evil.example/v1', 'must not hold'],
    ['https://api.example/v1/../admin', 'its path must be'],
    ['https://api.example/%2e%2e/v1', 'its path must be'],
    ['https://api.example//v1', 'its path must be'],
  ])('%s is refused: it %s', (baseUrl, message) => {
    const problems = problemsOf({ providers: { mine: { baseUrl } }, profiles: {} });

    expect(problems).toContain('providers.mine.baseUrl');
    expect(problems).toContain(message);
  });

  test.each([
    'https://api.example/v1',
    'https://api.example',
    'https://api.example:8443/openai/v1',
    'http://127.0.0.1:8000/v1',
    'http://127.8.9.10/v1',
    'http://localhost:8000/v1',
    'http://[::1]:8000/v1',
  ])('%s is one', (baseUrl) => {
    expect(problemsOf({ providers: { mine: { baseUrl } }, profiles: {} })).toBe('');
  });

  test('may be plain http elsewhere if the provider sets insecure, but never with a password', () => {
    const providers = { mine: { baseUrl: 'http://vllm.internal:8000/v1', insecure: true } };
    expect(problemsOf({ providers, profiles: {} })).toBe('');
    expect(deployedProviders({ providers, profiles: {} })['mine']).toMatchObject({
      baseUrl: 'http://vllm.internal:8000/v1',
    });
    const withUser = { mine: { baseUrl: 'http://a:b@vllm.internal/v1', insecure: true } };
    expect(problemsOf({ providers: withUser, profiles: {} })).toContain('user name');
  });

  test('of a webhook follows the same rule', () => {
    for (const url of [
      'http://localhost:x@evil.example/hook',
      'http://evil.example/',
      'https://a:b@c.example/',
    ])
      expect(problemsOf({ webhook: { url }, profiles: {} })).toContain('webhook.url');
    for (const url of ['http://localhost:9/hook', 'https://hooks.example/x?y=z'])
      expect(problemsOf({ webhook: { url }, profiles: {} })).toBe('');
  });
});

describe('a URL below the base URL', () => {
  const base = 'https://proxy.example/tenant/v1';

  test('never has another origin or path than requested', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom('..', '.', '%2e%2e', '//', '/', '\\', '?', '#', '@', ':', 'a'),
            fc.string(),
          ),
        ),
        (parts) => {
          const path = `/files/${parts.join('')}`;
          let url: URL;
          try {
            url = addressBelow(base, path);
          } catch {
            return;
          }
          expect(url.origin).toBe('https://proxy.example');
          expect(url.pathname.startsWith('/tenant/v1/files/')).toBe(true);
          expect(url.pathname.split('/')).not.toContain('..');
        },
      ),
    );
  });

  test.each(['..', '.', '../../admin', '%2e%2e', 'a/b', 'a?b', 'a#b', 'ä 🌙', '@', ':8443'])(
    'holds the id %j as one part, or is refused',
    (id) => {
      const part = encodeURIComponent(id);
      let pathname: string;
      try {
        ({ pathname } = addressBelow(base, `/files/${part}/content`));
      } catch {
        expect(['..', '.']).toContain(id);
        return;
      }
      expect(pathname).toBe(`/tenant/v1/files/${part}/content`);
    },
  );
});

function open(
  baseUrl: string,
  dialect: DialectName = 'openai',
  endpoints?: readonly string[],
): ProviderClient {
  const client = createProviderClient({
    settings: { name: 'p', baseUrl, dialect: builtInDialect(dialect) },
    ...(endpoints && { endpoints }),
    apiKey: () => Promise.resolve('sk-secret-of-the-house'),
    wait: () => Promise.resolve(),
  });
  onTestFinished(() => client.close());
  return client;
}

describe('the client', () => {
  test.each(['..', '.'])('sends nothing for a file or batch whose id is %j', async (id) => {
    const provider = await startRecorder();
    const client = open(`${provider.url}/v1`);

    await expect(client.getBatch(id)).rejects.toThrow('would leave the base URL');
    await expect(client.deleteFile(id)).rejects.toThrow('would leave the base URL');
    await expect(client.fileBytes(id)).resolves.toBeUndefined();

    expect(provider.requests).toEqual([]);
  });

  test.each([
    '/v1/../key/generate',
    '/../key/generate',
    '/key/generate',
    '/v1/key/generate',
    '//evil.example/',
  ])('never calls %s for a row, because it is not listed', async (endpoint) => {
    const provider = await startRecorder();

    await expect(
      open(`${provider.url}/v1`, 'litellm', ['/v1/chat/completions']).send(endpoint, '{}'),
    ).rejects.toMatchObject({ name: 'ProviderRejected' });

    expect(provider.requests).toEqual([]);
  });

  test.each(['/v1/../key/generate', '/..', '/v1/a/%2e%2e/b'])(
    'stays below the base URL with any listed endpoint: %s',
    async (endpoint) => {
      const provider = await startRecorder();

      await expect(
        open(`${provider.url}/v1`, 'litellm', [endpoint]).send(endpoint, '{}'),
      ).rejects.toMatchObject({
        name: 'ProviderRejected',
      });

      expect(provider.requests).toEqual([]);
    },
  );

  test('follows no redirect of a call, which would send the key to another server', async () => {
    const elsewhere = await startRecorder();
    const provider = await startRecorder((_, response) =>
      response.writeHead(307, { location: `${elsewhere.url}/v1/batches/b` }).end(),
    );

    const client = open(`${provider.url}/v1`);
    for (const call of [client.getBatch('b'), client.send('/v1/chat/completions', '{}')])
      await expect(call).rejects.toMatchObject({ name: 'ProviderMoved' });

    expect(elsewhere.requests).toEqual([]);
  });
});

describe('rows that are sent directly', () => {
  const config = parseConfig({
    providers: { proxy: { dialect: 'litellm', baseUrl: 'https://proxy.example/v1' } },
    profiles: {
      default: { provider: 'proxy', small: 'direct' },
      own: { provider: 'proxy', endpoint: '/v1/summaries' },
      theirs: { provider: 'openai', endpoint: '/v1/videos' },
    },
    schedules: { nightly: { rate: '1 day', prefix: 'staged/', overrides: { endpoint: '/v1/nightly' } } },
  });

  test.each(['/v1/key/generate', '/v1/models', '/v1/files', '/v1/videos'])(
    'go to no endpoint that neither dialect nor configuration lists: %s',
    (endpoint) => {
      expect(() => resolveProfile(config, 'default', { endpoint })).toThrow('are not sent direct');
      expect(deployedProviders(config)['proxy']?.endpoints).not.toContain(endpoint);
    },
  );

  test.each(['/v1/chat/completions', '/v1/embeddings', '/v1/rerank', '/v1/summaries', '/v1/nightly'])(
    'go to %s',
    (endpoint) => {
      expect(resolveProfile(config, 'default', { endpoint })).toMatchObject({ endpoint, directUpTo: 50 });
      expect(deployedProviders(config)['proxy']?.endpoints).toContain(endpoint);
    },
  );

  test('go only to endpoints that the dialect lists', () => {
    expect(deployedProviders(config)['groq']?.endpoints).toEqual(['/v1/chat/completions']);
  });
});
