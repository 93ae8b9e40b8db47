import { createHash } from 'node:crypto';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import { Code } from 'aws-cdk-lib/aws-lambda';
import type { NightshiftConfig } from '../src/config/config.ts';
import { packageRoot } from '../src/package-root.ts';
import { configFiles, stageLambda } from './stage-lambda.ts';
import { STEPS, type StepName } from './step-table.ts';

/**
 * A step's code: its bundle from the package, and its part of the configuration as a file. The asset's hash depends on these
 * bytes only, not on the folders of the package or of the CDK's output.
 */
export function lambdaCode(step: StepName, config: NightshiftConfig): Code {
  const known = JSON.stringify(configFiles(STEPS[step], config));
  return Code.fromAsset(packageRoot(), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // No container starts: files are copied in this process.
      image: DockerImage.fromRegistry('none'),
      // Distinguishes the assets, because the CDK reuses an asset with equal options.
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
