import type { Workload } from '../bench.ts';
import { buildPrompts, buildRequestLines, buildTable } from './build.ts';
import { bundles } from './bundles.ts';
import { collectChat, collectEmbeddings } from './collect.ts';
import { growth } from './growth.ts';
import { mergeFolder, mergeThroughS3 } from './merge.ts';
import { polling } from './polling.ts';
import { buildThroughS3, collectThroughS3 } from './through-s3.ts';
import { reuse } from './reuse.ts';
import { download, upload } from './transfer.ts';
import { uniqueIds } from './unique-ids.ts';
import { wholeJob } from './whole-job.ts';
import { wholeRun } from './run.ts';

/** Every workload, by its name for `--only`. */
export const WORKLOADS: Readonly<Record<string, Workload>> = {
  build: buildPrompts,
  requests: buildRequestLines,
  csv: buildTable,
  ids: uniqueIds,
  reuse,
  collect: collectChat,
  embeddings: collectEmbeddings,
  merge: mergeFolder,
  's3-build': buildThroughS3,
  's3-collect': collectThroughS3,
  's3-merge': mergeThroughS3,
  upload,
  download,
  job: wholeJob,
  run: wholeRun,
  growth,
  bundles,
  polling,
};
