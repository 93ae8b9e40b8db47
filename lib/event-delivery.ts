import { Duration, Validations } from 'aws-cdk-lib';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { StepFunction } from './step-function.ts';

/** EventBridge's own schedule: 185 attempts in 24 hours, with growing and jittered waits. */
export const DELIVERY = { retryAttempts: 185, maxEventAge: Duration.hours(24) } as const;

export interface EventDeliveryProps {
  /** The functions that start and cancel jobs, to which events are delivered. */
  readonly functions: readonly StepFunction[];
  /**
   * Encrypts the dead-letter queue.
   * @default - SQS's own key
   */
  readonly encryptionKey: IKey | undefined;
}

/**
 * Delivers events to the functions that start and cancel jobs. A failed event goes to the dead-letter queue: the event itself if
 * it could not be delivered, or Lambda's record of event and error if the function failed.
 */
export class EventDelivery extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { functions, encryptionKey }: EventDeliveryProps) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      ...(encryptionKey && { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
    });
    Validations.of(this.deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue itself; a person reads it.',
    });
    for (const each of functions) this.keepFailures(each);
  }

  /** A function as the target of a rule. */
  targetOf({ lambda }: StepFunction): LambdaFunction {
    return new LambdaFunction(lambda, { ...DELIVERY, deadLetterQueue: this.deadLetters });
  }

  /**
   * Sends failed calls to the dead-letter queue. The queue of a rule gets only events that could not be delivered. Lambda itself
   * must report an accepted call that failed.
   */
  private keepFailures({ lambda }: StepFunction): void {
    lambda.configureAsyncInvoke({
      onFailure: new SqsDestination(this.deadLetters),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
    });
  }
}
