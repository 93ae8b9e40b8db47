import { App } from 'aws-cdk-lib';
import config from '../nightshift.config.ts';
import { NightshiftStack } from '../lib/nightshift-stack.ts';

const app = new App();
// oxlint-disable-next-line no-new -- a stack adds itself to its app
new NightshiftStack(app, 'Nightshift', {
  description:
    'Nightshift: batch inference. Drop a file of prompts in a bucket, find the answers next to it.',
  config,
});
