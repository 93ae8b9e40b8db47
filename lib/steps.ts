import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ProviderKeys } from './provider-keys.ts';
import type { Webhook } from './webhook.ts';
import { StepFunction } from './step-function.ts';
import { STEPS, type StepName, type StepNeeds } from './step-table.ts';

export interface StepsProps {
  readonly bucket: Bucket;
  readonly providerKeys: ProviderKeys;
  /** Where jobs' ends are posted. */
  readonly webhook: Webhook | undefined;
  /** Names the workflow in its metrics. */
  readonly workflow: string;
  readonly architecture: Architecture;
  /** Expressions the bundler replaces in the doors, each by a JavaScript literal. */
  readonly defineInDoors: Readonly<Record<string, string>>;
  /** The same in the steps that talk to the provider: where each provider's key may go. */
  readonly defineWithKeys: Readonly<Record<string, string>>;
}

export type StepFunctions = Readonly<Record<StepName, StepFunction>>;

/** The Lambda functions of the workflow, one per step. */
export class Steps extends Construct {
  readonly functions: StepFunctions;

  constructor(scope: Construct, id: string, { defineInDoors, defineWithKeys, ...shared }: StepsProps) {
    super(scope, id);
    const create = (step: StepName): StepFunction => {
      const needs: StepNeeds = STEPS[step];
      const define = {
        ...('startsJobs' in needs && defineInDoors),
        ...('provider' in needs && defineWithKeys),
      };
      return new StepFunction(this, constructId(step), { ...shared, step, needs, define });
    };
    this.functions = {
      'start-job': create('start-job'),
      'cancel-job': create('cancel-job'),
      api: create('api'),
      'build-requests': create('build-requests'),
      'upload-file': create('upload-file'),
      'create-batch': create('create-batch'),
      'send-direct': create('send-direct'),
      'poll-batch': create('poll-batch'),
      'cancel-batch': create('cancel-batch'),
      'collect-results': create('collect-results'),
      'write-results': create('write-results'),
      'announce-job': create('announce-job'),
    };
  }
}

/** `start-job` → `StartJob`. */
const constructId = (step: StepName): string =>
  step
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
