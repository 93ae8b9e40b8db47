import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../src/config/check-config.ts';
import { defineConfig, type NightshiftConfig } from '../../../src/config/config.ts';
import { deployedProviders } from '../../../src/config/deployed-providers.ts';
import { resolveProfile } from '../../../src/config/resolve-profile.ts';
import { openProviderCalls } from '../../../src/runtime/provider-calls.ts';
import { serve } from '../../support/serve.ts';

const ENV = { GATEWAY_API_KEY: 'sk-of-the-gateway', HOUSE_API_KEY: 'sk-of-the-house' };

/** A provider that answers every call with a batch whose error contains the headers of the request. */
async function openGateway(): Promise<{ url: string; headers: IncomingHttpHeaders[] }> {
  const headers: IncomingHttpHeaders[] = [];
  const url = await serve((request, response) => {
    headers.push(request.headers);
    response.statusCode = request.url?.includes('broken') ? 400 : 200;
    const message = JSON.stringify(request.headers);
    response.end(JSON.stringify({ id: 'b', status: 'completed', error: { code: 'no', message } }));
  });
  return { url: `${url}/v1`, headers };
}

const configOf = (baseUrl: string, headers: Readonly<Record<string, unknown>>): NightshiftConfig =>
  defineConfig({
    providers: { house: { baseUrl, headers: headers as Record<string, string> } },
    profiles: { default: { provider: 'house', model: 'm' } },
  });

const open = (config: NightshiftConfig, env: Record<string, string> = ENV) =>
  openProviderCalls(env, deployedProviders(checkConfig(config))).provider(
    resolveProfile(config, 'default').provider,
  );

describe('headers of a provider', () => {
  test('are sent with every call, secrets by their values', async () => {
    const { url, headers } = await openGateway();
    const provider = open(configOf(url, { 'X-Team': 'data', 'x-gateway-key': { secret: 'gateway' } }));

    await provider.getBatch('b');
    await provider.send('/v1/chat/completions', '{}');

    for (const sent of headers)
      expect(sent).toMatchObject({
        'x-team': 'data',
        'x-gateway-key': 'sk-of-the-gateway',
        authorization: 'Bearer sk-of-the-house',
      });
    expect(headers).toHaveLength(2);
  });

  test('are never in an error or an answer', async () => {
    const { url } = await openGateway();
    const provider = open(configOf(url, { 'x-gateway-key': { secret: 'gateway' } }));

    const error = await provider.getBatch('broken').then(() => '', String);
    const { body } = await provider.send('/v1/chat/completions', '{}');

    expect(error).toContain('[secret]');
    expect(`${error}${body}`).not.toContain('sk-of-the');
  });

  test('are not part of a job', () => {
    const config = configOf('https://gateway.example/v1', {
      'x-team': 'data',
      'x-key': { secret: 'gateway' },
    });

    expect(JSON.stringify(resolveProfile(config, 'default'))).not.toMatch(/x-team|x-key|gateway"/);
  });

  test.each([
    ['is not set', {}],
    ['no header can hold', { GATEWAY_API_KEY: 'a\nb: c' }],
  ])('stop the job when their secret %s', async (_name, env) => {
    const { url, headers } = await openGateway();
    const { GATEWAY_API_KEY: _key, ...others } = ENV;
    const provider = open(configOf(url, { 'x-gateway-key': { secret: 'gateway' } }), { ...others, ...env });

    await expect(provider.getBatch('b')).rejects.toMatchObject({
      name: 'ProviderDenied',
      message: expect.stringMatching(/secret "gateway".*GATEWAY_API_KEY/) as unknown,
    });
    expect(headers).toEqual([]);
  });

  test.each([
    [{ Authorization: 'Bearer x' }, 'is set by Nightshift itself'],
    [{ 'Content-Length': '1' }, 'is set by Nightshift itself'],
    [{ 'x y': '1' }, 'must be the name of a header'],
    [{ 'x-a': 'a\r\nb: c' }, 'must be printable ASCII'],
    [{ 'x-a': '' }, 'must be printable ASCII'],
    [{ 'x-a': { secret: 'melious' } }, '"melious" is the key of another provider'],
    [{ 'x-a': { secret: 'OpenAI' } }, '"OpenAI" is the key of another provider'],
  ])('are refused as %j', (headers, why) => {
    const config = configOf('https://gateway.example/v1', headers);

    expect(() => checkConfig(config)).toThrow(why);
  });

  test('may use the key of their own provider', () => {
    expect(() =>
      checkConfig(configOf('https://gateway.example/v1', { 'x-a': { secret: 'house' } })),
    ).not.toThrow();
  });
});
