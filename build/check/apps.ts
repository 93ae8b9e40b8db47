/** Apps of people who install the package, in every kind of module. */

/** All ways to create a workflow, in a function that ES modules and CommonJS share. */
const STACKS = `
const config = defineConfig({
  profiles: { default: { provider: 'melious', model: 'glm-4.7:batch' } },
  schedules: { nightly: { cron: '0 22 * * ? *', prefix: 'staged/' } },
});
const app = new App({ analyticsReporting: false });
new NightshiftStack(app, 'Plain', { config });
const own = new Stack(app, 'Own');
for (const id of ['One', 'Two']) new BatchWorkflow(own, id, { config }).addOutputs(id);
for (const stage of ['dev', 'prod']) new NightshiftStack(new Stage(app, stage), 'Nightshift', { config });
for (const region of process.argv[2] === 'regions' ? REGIONS : []) {
  new NightshiftStack(app, 'In-' + region, { config, env: { account: '111122223333', region } });
}
app.synth();
`;

const REGIONS = `const REGIONS = ['eu-central-1', 'us-east-1', 'ap-southeast-2', 'cn-north-1', 'us-gov-west-1'];`;

const NAMES = '{ BatchWorkflow, NightshiftStack, defineConfig }';

export const ESM = `
import { App, Stack, Stage } from 'aws-cdk-lib';
import ${NAMES} from 'nightshift';
${REGIONS}
${STACKS}`;

export const CJS = `
const { App, Stack, Stage } = require('aws-cdk-lib');
const ${NAMES} = require('nightshift');
${REGIONS}
${STACKS}`;

/** An app in TypeScript that is compiled by `tsc`, `tsx` and `ts-node`. */
export const TYPED = `
import { App, Stack, type StackProps } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { BatchWorkflow, defineConfig, type BatchWorkflowProps, type NightshiftConfig } from 'nightshift';

const config: NightshiftConfig = defineConfig({ profiles: { default: { model: 'm', rounds: 2 } } });

class Theirs extends Stack {
  constructor(scope: App, id: string, props: StackProps & Pick<BatchWorkflowProps, 'operations'>) {
    super(scope, id, props);
    const encryptionKey = new Key(this, 'Key');
    const workflow = new BatchWorkflow(this, 'Batches', { config, encryptionKey, operations: false });
    workflow.addOutputs();
    workflow.metricRows('ok').createAlarm(this, 'Few', { threshold: 1, evaluationPeriods: 1 });
  }
}

const app = new App({ analyticsReporting: false });
new Theirs(app, 'Theirs', {});
app.synth();
`;

/** Typing errors that the compiler must find. */
export const TYPOS = `
import { Stack } from 'aws-cdk-lib';
import { BatchWorkflow, defineConfig } from 'nightshift';

defineConfig({ profiles: { default: { modle: 'm' } } });
new BatchWorkflow(new Stack(), 'B', { config: { profiles: {} }, encyptionKey: undefined });
`;
