import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic, type ITopic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { AlarmsConfig } from '../src/config/schema.ts';

/** Targets of alarms besides those in the configuration. */
export interface AlarmTargets {
  readonly topic?: ITopic | undefined;
  readonly actions?: readonly IAlarmAction[] | undefined;
  /** Encrypts the topic that is created for a mail address. */
  readonly encryptionKey?: IKey | undefined;
}

/** Actions of alarms: mail to an address, topics, actions of the app, or none. */
export function createAlarmActions(
  scope: Construct,
  { email, topicArn }: AlarmsConfig,
  { topic, actions = [], encryptionKey }: AlarmTargets,
): IAlarmAction[] {
  return [
    ...(email === undefined ? [] : [new SnsAction(createMailing(scope, email, encryptionKey))]),
    ...(topicArn === undefined ? [] : [new SnsAction(Topic.fromTopicArn(scope, 'AlarmTopic', topicArn))]),
    ...(topic === undefined ? [] : [new SnsAction(topic)]),
    ...actions,
  ];
}

function createMailing(scope: Construct, email: string, masterKey: IKey | undefined): Topic {
  const topic = new Topic(scope, 'AlarmMail', {
    displayName: 'Nightshift',
    enforceSSL: true,
    ...(masterKey && { masterKey }),
  });
  topic.addSubscription(new EmailSubscription(email));
  // Adding a policy to a topic replaces the default policy that lets alarms of its account publish.
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: {
        ArnLike: { 'aws:SourceArn': alarmsOf(topic) },
        StringEquals: { 'aws:SourceAccount': Stack.of(topic).account },
      },
    }),
  );
  return topic;
}

function alarmsOf(scope: Construct): string {
  return Stack.of(scope).formatArn({
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
}
