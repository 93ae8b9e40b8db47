import { jobObject } from '../../src/checkpoints/job.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { JOB_ID, openEdges } from './job.ts';
import { makeJob } from './make-job.ts';

/** The step *Build requests*, as its Lambda runs it: `build <input key> <profile as JSON>`. */
const [input = '', profile = '{}'] = process.argv.slice(2);
const edges = openEdges();
await jobObject.write(edges.store, JOB_ID, makeJob(input, JSON.parse(profile) as ProfileConfig));
await buildRequests(edges, { jobId: JOB_ID });
