import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../../src/package-root.ts';

/** The `.gitignore` of a project. */
export const ignoredFiles = ['node_modules/', 'cdk.out/', 'cdk-outputs.json', 'nightshift-data/'];

/**
 * The files of a new project beside package.json and .gitignore, by path.
 * @param extension of its TypeScript
 */
export async function projectFiles(extension: 'ts' | 'mts'): Promise<Readonly<Record<string, string>>> {
  return {
    [`nightshift.config.${extension}`]: CONFIG.replaceAll('<docs>', docs()),
    [`bin/app.${extension}`]: APP.replaceAll('<extension>', extension),
    'cdk.json': await cdkJson(extension),
    'questions.csv': QUESTIONS,
    'README.md': README.replaceAll('<extension>', extension).replaceAll('<docs>', docs()),
  };
}

const docs = (): string => `https://unpkg.com/nightshift@${packageVersion()}/docs`;

/** The CDK feature flags with which this version is tested. */
async function cdkJson(extension: string): Promise<string> {
  const own = JSON.parse(await readFile(join(packageRoot(), 'cdk.json'), 'utf8')) as object;
  const project = { ...own, app: `node bin/app.${extension}`, build: undefined };
  return `${JSON.stringify(project, undefined, 2)}\n`;
}

const CONFIG = `import { defineConfig } from 'nightshift';

/**
 * How input files are treated. A file dropped under \`input/<profile>/\` uses that profile, one directly under \`input/\` uses
 * \`default\`. Every field: <docs>/guide.md
 */
export default defineConfig({
  profiles: {
    default: {
      provider: 'melious',
      model: 'glm-4.7:batch',
      prompt: 'Answer in one sentence. {{question}}',
    },
  },
});
`;

const APP = `import { App } from 'aws-cdk-lib';
import { NightshiftStack } from 'nightshift';
import config from '../nightshift.config.<extension>';

// Deployment settings beside the configuration, such as an existing bucket, are properties here.
new NightshiftStack(new App(), 'Nightshift', { config });
`;

const QUESTIONS = `id,question
q1,Why did the town of Lübeck matter to the Hanseatic League?
q2,What was a Kontor?
q3,How did salt from Lüneburg reach Bergen?
q4,What did the beeswax trade pay for?
`;

const README = `# Batches

A file of rows in, one answer per row out, through a provider's Batch API: [Nightshift](<docs>/guide.md). It needs Node 22.19 or newer.

## On this machine

\`\`\`console
$ npm install && npm start
\`\`\`

runs \`questions.csv\` with answers that are made up here, which costs nothing, and prints a table of answers. For real, with a key in the
environment:

\`\`\`console
$ export MELIOUS_API_KEY=sk-mel-…
$ npx nightshift plan questions.csv                     # rows, tokens and cost; sends nothing
$ npx nightshift run questions.csv
\`\`\`

\`npm run local\` takes files that are dropped into \`nightshift-data/input/\`, and requests to an API.

## On AWS

\`npm run synth\` shows the stack and needs no account. With credentials, and [the account bootstrapped](https://docs.aws.amazon.com/cdk/v2/guide/bootstrapping.html) once:

\`\`\`console
$ npm run deploy
$ aws secretsmanager put-secret-value --secret-id <ProviderKeysSecretArn> --secret-string '{"melious":"sk-mel-…"}'
$ npx nightshift submit questions.csv --wait
\`\`\`

Files that are dropped in the bucket under \`input/\` start jobs by themselves; their results appear under \`output/\`.

| file | what it says |
|---|---|
| \`nightshift.config.<extension>\` | how rows are treated: provider, model, prompt, limits, schedules |
| \`bin/app.<extension>\` | how it is deployed: [every property](<docs>/construct.md) |
| \`cdk.json\` | how the CDK runs the app |
`;
