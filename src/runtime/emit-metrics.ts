import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Log } from '../log.ts';
import { measure, METRIC_NAMESPACE } from './metrics.ts';
import type { Environment } from './secret-text.ts';

const UNITS = { Count: MetricUnit.Count, Seconds: MetricUnit.Seconds } as const;

/**
 * Writes the metrics of each log line in CloudWatch's embedded format, beside the log. Does nothing if `WORKFLOW` is not set: one
 * machine has no reader for them.
 */
export function openMetrics(env: Environment): Log {
  const { WORKFLOW: serviceName, STEP: step = 'nightshift' } = env;
  if (serviceName === undefined) return () => undefined;
  const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName });
  return (event, fields) => {
    for (const { metric, unit, value, dimensions } of measure(event, fields, step)) {
      // One metrics object per value, because values in one object share their dimensions.
      const single = metrics.singleMetric();
      for (const [name, of] of Object.entries(dimensions)) single.addDimension(name, of);
      if (typeof fields['jobId'] === 'string') single.addMetadata('jobId', fields['jobId']);
      single.addMetric(metric, UNITS[unit], value);
    }
  };
}
