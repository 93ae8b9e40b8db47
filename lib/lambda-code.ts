import { createHash } from 'node:crypto';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { NightshiftConfig } from '../src/config/config.ts';
import { packageRoot } from '../src/package-root.ts';
import { configFiles, stageLambda } from './stage-lambda.ts';
import { STEPS, type StepName } from './step-table.ts';

/**
 * A step's code: the bundle that comes with the package, and the step's part of the configuration as a file. The asset's hash
 * depends on those bytes alone, not on where the package is or where the CDK writes its output.
 */
export function lambdaCode(step: StepName, config: NightshiftConfig): Code {
  const known = JSON.stringify(configFiles(STEPS[step], config));
  return Code.fromAsset(packageRoot(), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // No container is started: files are copied in this process.
      image: DockerImage.fromRegistry('none'),
      // Tells the assets apart where the CDK asks whether it has made one already.
      command: [step, createHash('sha256').update(known).digest('hex')],
      local: {
        tryBundle: (folder) => {
          stageLambda(step, config, folder);
          return true;
        },
      },
    },
  });
}
