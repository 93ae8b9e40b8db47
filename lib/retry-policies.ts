import { Duration } from 'aws-cdk-lib';
import { Errors, JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/** Transient failures: the provider or the store asks to wait, or AWS failed to call the function. */
export const TRANSIENT_ERRORS: readonly string[] = [
  'ProviderThrottled',
  'ProviderUnavailable',
  'StoreUnavailable',
  'ExecutionsUnavailable',
  'AnnouncementUnavailable',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Lambda.ResourceConflictException',
  'Lambda.ResourceNotReadyException',
  // Errors of functions in a VPC, for which Lambda creates network interfaces:
  // https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
  'Lambda.EC2ThrottledException',
  'Lambda.EC2UnexpectedException',
  'Lambda.ENILimitReachedException',
  'Lambda.SubnetIPAddressLimitReachedException',
];

/**
 * Failures of a function that ended without an answer: killed, out of memory, exited. Lambda names them `Runtime.…` and
 * `Extension.…`, older histories show `Lambda.Unknown`. Step Functions matches only whole names, so each is listed.
 */
export const CRASHES: readonly string[] = [
  'Lambda.Unknown',
  'Runtime.ExitError',
  'Runtime.Unknown',
  'Runtime.OutOfMemory',
  'Runtime.NodeJsExit',
  'Runtime.UnhandledPromiseRejection',
  'Runtime.InvalidStreamingOperation',
  'Runtime.TruncatedResponse',
  'Extension.Crash',
  'Extension.ExitError',
  'Extension.InitError',
  'Extension.LaunchError',
];

/** A function that timed out, as reported by Lambda, the state machine, or the step itself. */
export const TIMEOUTS: readonly string[] = ['Sandbox.Timedout', Errors.TIMEOUT, 'StepTimedOut'];

/** Permanent failures: our own (`src/errors.ts`), and an answer that is too large for the state. */
export const PERMANENT_ERRORS: readonly string[] = [
  'InvalidInput',
  'InvalidRequest',
  'RequestConflict',
  'ProviderFileTooLarge',
  'ProviderRejected',
  'ProviderDenied',
  'ProviderMoved',
  'ProviderNotFound',
  'BatchOpen',
  'JobStopped',
  'BudgetExceeded',
  'PilotStopped',
  'StoreRejected',
  'AnnouncementRejected',
  'CountsDoNotReconcile',
  'RequestsDamaged',
  'StepStuck',
  'States.DataLimitExceeded',
];

const GROWING: RetryProps = {
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.minutes(5),
  // When the provider fails, all shards fail together; jitter keeps them from retrying together.
  jitterStrategy: JitterType.FULL,
};

/**
 * Retries of transient failures in all steps except *Poll batch*. Waits at most 5 + 10 + 20 + 40 + 80 + 160 + 2 × 300 = 915 s
 * (15 min); with full jitter half of that on average.
 */
export const RETRY_TRANSIENT: RetryProps = { ...GROWING, errors: [...TRANSIENT_ERRORS], maxAttempts: 8 };

/**
 * Retries of *Poll batch*. If the step failed permanently, no step would watch a batch that is paid for, so its retries last
 * through a long outage. Waits at most 315 + 34 × 300 = 10,515 s (2 h 55 min), half of that on average. 40 retries are 120
 * history events.
 */
export const RETRY_POLL: RetryProps = { ...RETRY_TRANSIENT, maxAttempts: 40 };

/**
 * Retries of a create that does not find the uploaded file, which may be invisible for up to a minute. Waits at most 10 + 20 + 40
 * + 3 × 60 = 250 s, 125 s on average.
 */
export const RETRY_FRESH_FILE: RetryProps = {
  errors: ['ProviderNotFound'],
  interval: Duration.seconds(10),
  backoffRate: 2,
  maxDelay: Duration.minutes(1),
  maxAttempts: 6,
  jitterStrategy: JitterType.FULL,
};

/**
 * Retries of a create whose answer was lost. They search for its batch until the list must contain it. Waits at most 915 + 4 ×
 * 300 = 2,115 s, half of that on average; after 180 s without the batch, the create is repeated.
 */
export const RETRY_CREATE: RetryProps = { ...RETRY_TRANSIENT, maxAttempts: 12 };

/**
 * Retries of an announcement. They are short, because the job cannot be resumed before its execution has ended. Waits at most 5 +
 * 10 + 20 + 40 + 80 + 160 = 315 s, half of that on average.
 */
export const RETRY_ANNOUNCE: RetryProps = { ...RETRY_TRANSIENT, maxAttempts: 6 };

/**
 * Retries if the provider accepts no more until other batches end, or if a shard waits to know their cost. These batches may
 * take a day, so the waits are 60 s to 15 min, 300 times. Waits at most 60 + 120 + 240 + 480 + 296 × 900 = 267,300 s (3 days),
 * half of that on average. 300 retries are 900 history events.
 */
export const RETRY_BUSY: RetryProps = {
  errors: ['ProviderBusy', 'ShardMustWait'],
  interval: Duration.minutes(1),
  backoffRate: 2,
  maxDelay: Duration.minutes(15),
  maxAttempts: 300,
  jitterStrategy: JitterType.FULL,
};

/**
 * Retries if Lambda's concurrency is used up: a new account runs 10 functions at once. Separate from the retries of other
 * failures, so that throttling uses none of their attempts. Waits at most 5 + 10 + 20 + 40 + 56 × 60 = 3,435 s, half of that on
 * average. 60 retries are 180 history events.
 */
const RETRY_THROTTLED: RetryProps = {
  ...GROWING,
  errors: ['Lambda.TooManyRequestsException'],
  maxDelay: Duration.minutes(1),
  maxAttempts: 60,
};

/** Retries after a crash. They rarely help if the memory is too small. Waits at most 5 + 10 + 20 + 40 = 75 s. */
const RETRY_CRASHED: RetryProps = { ...GROWING, errors: [...CRASHES], maxAttempts: 4 };

/** Retries after a timeout. Each attempt takes the function's whole timeout. Waits at most 5 + 10 = 15 s. */
const RETRY_TIMED_OUT: RetryProps = { ...GROWING, errors: [...TIMEOUTS], maxAttempts: 2 };

const NEVER_RETRIED: RetryProps = { errors: [...PERMANENT_ERRORS], maxAttempts: 0 };

/** Retries of unexpected failures: a bug of ours, or a permission that has not reached all servers yet. Waits at most 15 s. */
const RETRY_UNFORESEEN: RetryProps = { ...GROWING, errors: [Errors.TASKS_FAILED], maxAttempts: 2 };

/**
 * The retriers of a Task. Step Functions uses the first one that names the error, so those of this step come first, and the one
 * for all errors comes last.
 */
export function retriesOf(ofThisStep: readonly RetryProps[]): readonly RetryProps[] {
  return [...ofThisStep, RETRY_THROTTLED, RETRY_CRASHED, RETRY_TIMED_OUT, NEVER_RETRIED, RETRY_UNFORESEEN];
}
