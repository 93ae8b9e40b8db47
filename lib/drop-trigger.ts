import { Match, Rule } from 'aws-cdk-lib/aws-events';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { INPUT_PREFIX } from '../src/checkpoints/keys.ts';
import type { EventDelivery } from './event-delivery.ts';
import type { StepFunction } from './step-function.ts';

export interface DropTriggerProps {
  /** The bucket, which must send its events to EventBridge. */
  readonly bucket: IBucket;
  readonly startJob: StepFunction;
  readonly delivery: EventDelivery;
}

/** Starts a job for each file dropped under `input/`. */
export class DropTrigger extends Construct {
  constructor(scope: Construct, id: string, { bucket, startJob, delivery }: DropTriggerProps) {
    super(scope, id);
    const rule = new Rule(this, 'Rule', {
      description: 'Nightshift: a file dropped under input/ starts a job',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [bucket.bucketName] },
          // Matches empty files as well: their job fails with a reason. start-job skips folder markers.
          object: { key: Match.prefix(INPUT_PREFIX) },
        },
      },
    });
    rule.addTarget(delivery.targetOf(startJob));
  }
}
