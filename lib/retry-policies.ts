import { Duration } from 'aws-cdk-lib';
import { JitterType, type RetryProps } from 'aws-cdk-lib/aws-stepfunctions';

/**
 * What waiting can cure: the provider or the store asks for patience, or Lambda itself failed. Errors of Lambda's
 * own names: throttled, crashed, timed out inside (`Sandbox.Timedout`) or as seen by the machine (`States.Timeout`).
 */
export const TRANSIENT_ERRORS: readonly string[] = [
  'ProviderThrottled',
  'ProviderUnavailable',
  'StoreUnavailable',
  'AnnouncementNotTaken',
  'Lambda.TooManyRequestsException',
  'Lambda.Unknown',
  'Lambda.ServiceException',
  'Lambda.AWSLambdaException',
  'Lambda.SdkClientException',
  'Lambda.ClientExecutionTimeoutException',
  'Sandbox.Timedout',
  'States.Timeout',
];

const GROWING: RetryProps = {
  interval: Duration.seconds(5),
  backoffRate: 2,
  maxDelay: Duration.minutes(5),
  // Shards fail together when the provider does; without jitter they would also come back together.
  jitterStrategy: JitterType.FULL,
};

/**
 * Every step but the poll. Waits at most 5 + 10 + 20 + 40 + 80 + 160 + 2 × 300 = 915 s (15 min); with full jitter
 * half of that on average.
 */
export const RETRY_TRANSIENT: RetryProps = { ...GROWING, errors: [...TRANSIENT_ERRORS], maxAttempts: 8 };

/**
 * The poll: giving up on it gives up watching a batch that is paid for, so it rides out a long outage.
 * Waits at most 315 + 34 × 300 = 10,515 s (2 h 55 min), half of that on average. 40 retries are 120 history events.
 */
export const RETRY_POLL: RetryProps = { ...GROWING, errors: [...TRANSIENT_ERRORS], maxAttempts: 40 };

/**
 * A create that does not find the file just uploaded: it may be invisible for up to a minute.
 * Waits at most 10 + 20 + 40 + 3 × 60 = 250 s, 125 s on average.
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
 * A create whose answer was lost is looked for until the list must have it. Waits at most 915 + 4 × 300 = 2,115 s, half of
 * that on average; the batch is made again after 180 s.
 */
export const RETRY_CREATE: RetryProps = { ...RETRY_TRANSIENT, maxAttempts: 12 };

/**
 * An announcement: the job is done, and cannot be resumed before its execution has ended. Waits at most 5 + 10 + 20 + 40 + 80
 * + 160 = 315 s, half of that on average.
 */
export const RETRY_ANNOUNCE: RetryProps = { ...RETRY_TRANSIENT, maxAttempts: 6 };

/**
 * The provider takes no more until other batches end, and those may take a day: 60 s to 15 min, 300 times. Waits at most
 * 60 + 120 + 240 + 480 + 296 × 900 = 267,300 s (3 days), half of that on average. 300 retries are 900 history events.
 */
export const RETRY_BUSY: RetryProps = {
  errors: ['ProviderBusy'],
  interval: Duration.minutes(1),
  backoffRate: 2,
  maxDelay: Duration.minutes(15),
  maxAttempts: 300,
  jitterStrategy: JitterType.FULL,
};
