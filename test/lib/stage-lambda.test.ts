import { expect, test } from 'vitest';
import { configFiles } from '../../lib/stage-lambda.ts';
import { STEPS } from '../../lib/step-table.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import { CONFIG } from './synthesized-stack.ts';

test('functions that start jobs have the configuration beside their code, and functions that send keys the URLs of the providers', () => {
  const files: Record<string, string[]> = {};
  const contents: Record<string, object> = {};
  for (const [step, needs] of Object.entries(STEPS))
    for (const [name, content] of configFiles(needs, CONFIG)) {
      (files[name] ??= []).push(step);
      contents[name] = content;
    }

  expect(files).toEqual({
    'config.json': ['start-job', 'cancel-job', 'api', 'publish-config'],
    'providers.json': [
      'upload-file',
      'create-batch',
      'send-direct',
      'poll-batch',
      'cancel-batch',
      'collect-results',
    ],
  });
  expect(contents).toEqual({ 'config.json': CONFIG, 'providers.json': deployedProviders(CONFIG) });
});
