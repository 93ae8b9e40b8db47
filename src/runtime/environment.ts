import { Logger } from '@aws-lambda-powertools/logger';
import type { Edges } from '../edges.ts';
import { InvalidRequest } from '../errors.ts';
import type { Log, LogFields } from '../log.ts';
import { printableLines } from '../text/printable.ts';
import { openStore } from '../store/open-store.ts';
import type { Environment } from './api-key.ts';
import { openMetrics } from './emit-metrics.ts';

/**
 * Edges of a step. Reads from its environment:
 * - `STORE`: `s3://bucket` or `file:///folder`
 * - `STEP`: the step's name, for its log lines
 * - `WORKFLOW`: the workflow's name, for its metrics; no metrics without it
 */
export function edgesFromEnvironment(env: Environment): Edges {
  const { STORE: store } = requireVariables(env, ['STORE']);
  return {
    store: openStore(store),
    clock: { now: () => Date.now() },
    random: Math.random,
    log: openLog(env),
  };
}

/**
 * Reads variables that must be set.
 * @throws InvalidRequest naming every missing variable
 */
export function requireVariables<Name extends string>(
  env: Environment,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const missing = names.filter((name) => (env[name] ?? '') === '');
  if (missing.length > 0)
    throw new InvalidRequest(`Environment variables are missing: ${missing.join(', ')}.`);
  return Object.fromEntries(names.map((name) => [name, env[name]])) as Record<Name, string>;
}

function openLog(env: Environment): Log {
  const logger = new Logger({ serviceName: env['STEP'] ?? 'nightshift' });
  const emit = openMetrics(env);
  return (event, given) => {
    const fields = asText(given);
    logger.info(event, { ...fields });
    emit(event, fields);
  };
}

/** Escapes names, ids and messages from outside, because a log viewer may be a terminal that interprets control characters. */
function asText(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? printableLines(value) : value,
    ]),
  );
}
