import type { ProfileConfig } from '../../src/config/config.ts';
import { jobKey } from '../../src/checkpoints/keys.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { writeJson } from '../../src/store/json.ts';
import { JOB_ID, makeJob, openEdges } from './job.ts';

/** The step *Build requests*, as its Lambda runs it: `build <input key> <profile as JSON>`. */
const [input = '', profile = '{}'] = process.argv.slice(2);
const edges = openEdges();
await writeJson(edges.store, jobKey(JOB_ID), makeJob(input, JSON.parse(profile) as ProfileConfig));
await buildRequests(edges, { jobId: JOB_ID });
