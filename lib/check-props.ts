import { InvalidRequest } from '../src/errors.ts';
import { STEPS } from './step-table.ts';
import { WORKFLOW_PROPS, type BatchWorkflowProps } from './workflow-props.ts';

const API_PROPS = [
  'authorizer',
  'domainName',
  'mappingKey',
  'corsPreflight',
  'disableExecuteApiEndpoint',
] as const;
const WEBHOOK_PROPS = ['url', 'secret'] as const;

/**
 * Refuses properties that do not exist, which the compiler finds in TypeScript alone, and those that contradict each other.
 * @throws InvalidRequest naming every problem
 */
export function checkProps(owner: string, props: BatchWorkflowProps): void {
  const { api, webhook, reservedConcurrency, vpc, subnets, securityGroups } = props;
  const problems = [
    ...unknownNames('', Object.keys(props), Object.keys(WORKFLOW_PROPS)),
    ...(typeof api === 'object' ? unknownNames('api.', Object.keys(api), API_PROPS) : []),
    ...(typeof webhook === 'object' ? unknownNames('webhook.', Object.keys(webhook), WEBHOOK_PROPS) : []),
    ...(typeof reservedConcurrency === 'object'
      ? unknownNames('reservedConcurrency.', Object.keys(reservedConcurrency), Object.keys(STEPS))
      : []),
    ...wrongSwitches(props),
    ...(vpc === undefined && (subnets ?? securityGroups) !== undefined
      ? ['subnets and securityGroups are of a VPC: give vpc, too']
      : []),
  ];
  if (problems.length === 0) return;
  throw new InvalidRequest(
    `${owner} has properties that are not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
}

/** From JavaScript a switch may be anything. */
function wrongSwitches({ api, operations, config }: BatchWorkflowProps): string[] {
  return [
    ...(api === undefined || api === false || isObject(api)
      ? []
      : ['api must be false or an object such as { authorizer }']),
    ...(operations === undefined || typeof operations === 'boolean'
      ? []
      : ['operations must be true or false']),
    ...(isObject(config) ? [] : ['config is missing: give what nightshift.config.ts exports']),
  ];
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** One problem per name that does not exist, with the name that may have been meant. */
export function unknownNames(path: string, given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const meant = nearest(name, known);
      const hint = meant === undefined ? `There are: ${known.join(', ')}` : `Did you mean "${meant}"?`;
      return `${path}${name} does not exist. ${hint}`;
    });
}

/** The known name that differs in the fewest letters, when those are few. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((each) => ({ each, distance: editDistance(name.toLowerCase(), each.toLowerCase()) }))
    .toSorted((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(1, best.each.length / 3) ? best.each : undefined;
}

/** Letters to insert, delete or replace. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (const [j, other] of Array.from(b).entries()) {
      const kept = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(kept, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
