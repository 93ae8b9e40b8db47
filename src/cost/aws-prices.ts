/** When the prices were looked up. */
export const PRICES_AS_OF = '2026-11';

/** US East (N. Virginia), in USD, without free tiers. */
export const PRICES = {
  /** https://aws.amazon.com/step-functions/pricing/: Standard Workflows; per state transition, including retries. */
  stateTransition: 0.025 / 1_000,
  /** https://aws.amazon.com/lambda/pricing/: Arm, first tier. */
  lambdaGbSecond: 0.0000133334,
  lambdaRequest: 0.2 / 1_000_000,
  /** https://aws.amazon.com/s3/pricing/: S3 Standard; PUT, COPY, POST and LIST, and GET with all others. */
  s3Write: 0.005 / 1_000,
  s3Read: 0.0004 / 1_000,
  /** The same page: S3 Standard, the first 50 TB; a GB is 2^30 bytes here. */
  s3GbMonth: 0.023,
  /** https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer: out to the internet; incoming traffic is free. */
  egressGb: 0.09,
  /** https://aws.amazon.com/cloudwatch/pricing/: collected logs, including those of Step Functions. */
  logGb: 0.5,
  /** https://aws.amazon.com/eventbridge/pricing/: events that a bucket sends, one per object. */
  bucketEvent: 1 / 1_000_000,
  /** https://aws.amazon.com/secrets-manager/pricing/: calls. */
  secretRead: 0.05 / 10_000,
} as const;
