import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const WORKFLOWS = globSync('.github/workflows/*.yml', { cwd: ROOT });

test('Workflows are found', () => {
  expect(WORKFLOWS.length).toBeGreaterThan(2);
});

describe.each(WORKFLOWS)('%s', (file) => {
  const text = readFileSync(join(ROOT, file), 'utf8');

  test('pins every action by its commit', () => {
    const used = [...text.matchAll(/uses: *(\S+)/g)].map(([, action = '']) => action);
    expect(used.filter((action) => !/^\.\/|@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });

  test('runs no script of a package in a job that has credentials', () => {
    const hasCredentials = text.includes('configure-aws-credentials');
    const installs = [...text.matchAll(/npm (?:ci|install)[^\n]*/g)].map(([command]) => command);
    expect(installs.filter((command) => hasCredentials && !command.includes('--ignore-scripts'))).toEqual([]);
  });
});
