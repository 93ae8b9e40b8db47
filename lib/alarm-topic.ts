import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';
import type { AlarmsConfig } from '../src/config/schema.ts';

/** Where alarms go, as configured: to an address, to a topic, to both, or nowhere but the console. */
export function createAlarmActions(scope: Construct, { email, topicArn }: AlarmsConfig): IAlarmAction[] {
  return [
    ...(email === undefined ? [] : [new SnsAction(createMailing(scope, email))]),
    ...(topicArn === undefined ? [] : [new SnsAction(Topic.fromTopicArn(scope, 'AlarmTopic', topicArn))]),
  ];
}

function createMailing(scope: Construct, email: string): Topic {
  const topic = new Topic(scope, 'AlarmMail', { displayName: 'Nightshift', enforceSSL: true });
  topic.addSubscription(new EmailSubscription(email));
  // A topic with a policy of its own has lost the one that lets its account's alarms in.
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
