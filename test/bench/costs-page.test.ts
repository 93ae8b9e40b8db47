import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { chartAndTables } from '../../bench/model/page.ts';
import { templateOf } from '../lib/synthesized-stack.ts';

const PAGE = '../../docs/costs-and-limits.md';
const MARK = '<!-- From here on';

test('docs/costs-and-limits.md shows what the model and the template say', async () => {
  const page = await readFile(new URL(PAGE, import.meta.url), 'utf8');
  const written = page.slice(0, page.indexOf('\n', page.indexOf(MARK)) + 1);

  await expect(`${written}\n${chartAndTables(countPaid())}`).toMatchFileSnapshot(PAGE);
});

interface AlarmProperties {
  readonly Properties: { readonly Metrics?: readonly { readonly MetricStat?: unknown }[] };
}

/** Counts the resources of the stack that are paid by the month. */
function countPaid() {
  const template = templateOf({});
  const count = (type: string): number => Object.keys(template.findResources(type)).length;
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')) as AlarmProperties[];
  const metrics = alarms.map(
    ({ Properties: { Metrics = [{ MetricStat: true }] } }) =>
      Metrics.filter(({ MetricStat }) => MetricStat !== undefined).length,
  );
  return {
    secrets: count('AWS::SecretsManager::Secret'),
    alarmMetrics: metrics.reduce((sum, each) => sum + each, 0),
    dashboards: count('AWS::CloudWatch::Dashboard'),
  };
}
