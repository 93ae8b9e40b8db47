import { Duration, Validations } from 'aws-cdk-lib';
import { Match, Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { INPUT_PREFIX } from '../src/keys.ts';
import type { StepFunction } from './step-function.ts';

export interface DropTriggerProps {
  /** Tells EventBridge of its new objects. */
  readonly bucket: Bucket;
  readonly startJob: StepFunction;
}

/**
 * A file dropped under `input/` starts a job. A drop that starts none ends in the dead-letter queue: as the event when
 * EventBridge could not deliver it, as Lambda's record of event and error when *start job* failed with it.
 */
export class DropTrigger extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { bucket, startJob }: DropTriggerProps) {
    super(scope, id);
    this.deadLetters = this.createDeadLetters();
    // EventBridge's own schedule: 185 attempts in 24 hours, with growing and jittered waits.
    const target = new LambdaFunction(startJob.lambda, {
      deadLetterQueue: this.deadLetters,
      retryAttempts: 185,
      maxEventAge: Duration.hours(24),
    });
    const rule = new Rule(this, 'Rule', {
      description: 'Nightshift: a file dropped under input/ starts a job',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [bucket.bucketName] },
          // Folder markers of consoles and tools are empty objects.
          object: { key: Match.prefix(INPUT_PREFIX), size: Match.greaterThan(0) },
        },
      },
    });
    rule.addTarget(target);
    // The rule's queue sees failed deliveries only; an invocation that was accepted and failed is Lambda's to report.
    startJob.lambda.configureAsyncInvoke({
      onFailure: new SqsDestination(this.deadLetters),
      retryAttempts: 2,
      maxEventAge: Duration.hours(6),
    });
  }

  private createDeadLetters(): Queue {
    const queue = new Queue(this, 'DeadLetters', { enforceSSL: true, retentionPeriod: Duration.days(14) });
    Validations.of(queue).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is the dead-letter queue itself; a person reads it.',
    });
    return queue;
  }
}
