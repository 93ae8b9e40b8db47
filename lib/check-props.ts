import { didYouMean } from '../src/text/did-you-mean.ts';
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
 * Rejects unknown properties, which only a TypeScript compiler would find, and properties that contradict each other.
 * @throws InvalidRequest naming every problem
 */
export function checkProps(owner: string, props: BatchWorkflowProps): void {
  const { api, webhook, reservedConcurrency, vpc, subnets, securityGroups } = props;
  const problems = [
    ...unknownNames('', Object.keys(props), Object.keys(WORKFLOW_PROPS)),
    ...unknownFields('api', api, API_PROPS),
    ...unknownFields('webhook', webhook, WEBHOOK_PROPS),
    ...unknownFields('reservedConcurrency', reservedConcurrency, Object.keys(STEPS)),
    ...wrongSwitches(props),
    ...unusedWebhook(props),
    ...(vpc === undefined && (subnets ?? securityGroups) !== undefined
      ? ['subnets and securityGroups belong to a VPC: give vpc as well']
      : []),
  ];
  if (problems.length === 0) return;
  throw new InvalidRequest(
    `${owner} has properties that are not valid:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
  );
}

function unknownFields(name: string, value: unknown, known: readonly string[]): string[] {
  return isObject(value) ? unknownNames(`${name}.`, Object.keys(value), known) : [];
}

/** The problem of a webhook secret without a URL, which has no effect. */
function unusedWebhook({ webhook, config }: BatchWorkflowProps): string[] {
  const url = isObject(webhook) ? webhook.url : undefined;
  return isObject(webhook) && isObject(config) && url === undefined && config.webhook === undefined
    ? ['webhook.url is missing: give it here, or as webhook of the configuration']
    : [];
}

/** Problems of properties with another type than declared. TypeScript excludes them, but JavaScript does not. */
function wrongSwitches(props: BatchWorkflowProps): string[] {
  const { api, operations, config, webhook, reservedConcurrency } = props;
  const isNumberOrObject = typeof reservedConcurrency === 'number' || isObject(reservedConcurrency);
  return [
    ...(webhook === undefined || isObject(webhook)
      ? []
      : ['webhook must be an object such as { url, secret }']),
    ...(reservedConcurrency === undefined || isNumberOrObject
      ? []
      : ["reservedConcurrency must be a number, or an object such as { 'upload-file': 5 }"]),
    ...(api === undefined || api === false || isObject(api)
      ? []
      : ['api must be false or an object such as { authorizer }']),
    ...(operations === undefined || typeof operations === 'boolean'
      ? []
      : ['operations must be true or false']),
    ...(isObject(config) ? [] : ['config is missing: give what nightshift.config.ts exports']),
  ];
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** One problem per unknown name, with the name that may have been meant. */
export function unknownNames(path: string, given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const hint = didYouMean(name, known) || ` There are: ${known.join(', ')}`;
      return `${path}${name} does not exist.${hint}`;
    });
}
