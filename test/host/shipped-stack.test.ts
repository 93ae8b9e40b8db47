import { describe, expect, test } from 'vitest';
import { loadStack } from '../../host/load-stack.ts';
import { configureStack } from '../../host/shipped-stack.ts';
import { parseStack, renderStack } from '../../host/stored-stack.ts';
import { synthesizeTemplate } from '../../host/synthesize.ts';
import { readStack } from '../../host/template/local-stack.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { tableOf } from '../support/exhaustive.ts';

const CONFIG: NightshiftConfig = { profiles: { default: { provider: 'simulator', model: 'm' } } };

const CONFIGS: readonly [string, Partial<NightshiftConfig>][] = [
  ['nothing but profiles', {}],
  ['limits', { limits: { shardsInFlight: 3, jobDays: 30 } }],
  [
    'schedules of both kinds',
    {
      schedules: {
        nightly: { cron: '0 22 * * ? *', timezone: 'Europe/Berlin', profile: 'default', prefix: 'staged/' },
        'Every.Hour': { rate: '1 hour', inputs: ['staged/{{yyyy}}.csv'] },
      },
    },
  ],
  ['a token issuer', { api: { jwt: { issuer: 'https://issuer.example', audience: ['n'] } } }],
  ['a webhook and alarms', { webhook: { url: 'https://h.example' }, alarms: { email: 'a@example.com' } }],
];

describe('the stack that comes with the package', () => {
  tableOf(CONFIGS, 2).test('with %s configured is the same as a synthesized one', async (_, change) => {
    const shipped = parseStack(renderStack(await loadStack(CONFIG)));
    const config = { ...CONFIG, ...change };
    expect(configureStack(shipped, config)).toEqual(readStack(synthesizeTemplate(config)));
  });

  test('of one configuration has no effect on another one', async () => {
    const [, , [, scheduled]] = CONFIGS as [unknown, unknown, [string, Partial<NightshiftConfig>]];
    const shipped = await loadStack({ ...CONFIG, ...scheduled, limits: { shardsInFlight: 2 } });
    expect(configureStack(shipped, CONFIG)).toEqual(readStack(synthesizeTemplate(CONFIG)));
  });
});
