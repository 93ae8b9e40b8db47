import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../project.ts';

/** Code that the examples of `docs/construct.md` leave out: imports, and values of the reader. */
const AROUND = `
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IDomainName } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { SsmAction, type OpsItemSeverity } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { BatchWorkflow, NightshiftStack, type NightshiftConfig } from 'nightshift';

declare const app: App;
declare const check: IFunction;
declare const config: NightshiftConfig;
declare const configs: Record<string, NightshiftConfig>;
declare const developer: string;
declare const domainName: IDomainName;
declare const onCall: ITopic;
declare const severity: OpsItemSeverity;
declare const uploader: IGrantable;
`;

/** The examples of `docs/construct.md` as one file for the compiler. */
export function constructExamples(): string {
  const page = readFileSync(join(PROJECT, 'docs', 'construct.md'), 'utf8');
  const examples = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) =>
    code.replaceAll(/^import .*\n/gm, ''),
  );
  if (examples.length < 8) throw new Error('docs/construct.md has fewer examples than it had.');
  const methods = examples.map((code, n) => `  example${n}(): void {\n${code}\n  }\n`);
  return `${AROUND}\nexport class Examples extends Stack {\n${methods.join('\n')}}\n`;
}
