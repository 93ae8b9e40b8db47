import { z } from 'zod';
import { InvalidRequest } from './errors.ts';
import { makeJobId } from './job-id.ts';
import { INPUT_PREFIX } from './keys.ts';
import type { JobRequest } from './steps/start-job.ts';

/** EventBridge's "Object Created" of S3, as far as a job needs it. The key is raw, not URL-encoded. */
export const dropEventSchema = z.object({
  source: z.literal('aws.s3'),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});

export type DropEvent = z.output<typeof dropEventSchema>;

/**
 * The job a dropped object asks for: `input/<profile>/<file>` names its profile, `input/<file>` means `default`.
 * The same object version is always the same job, however often its event is delivered.
 */
export function jobRequestFromDrop({ detail: { bucket, object } }: DropEvent): JobRequest {
  if (!object.key.startsWith(INPUT_PREFIX)) {
    throw new InvalidRequest(`"${object.key}" is not under ${INPUT_PREFIX}, so it starts no job.`);
  }
  const version = object['version-id'];
  const path = object.key.slice(INPUT_PREFIX.length).split('/');
  return {
    jobId: makeJobId(object.key, [
      bucket.name,
      object.key,
      version ?? `${object.etag ?? ''}${object.sequencer ?? ''}`,
    ]),
    inputs: [{ key: object.key, ...(version === undefined ? {} : { version }) }],
    profile: path.length > 1 && path[0] !== undefined && path[0] !== '' ? path[0] : 'default',
  };
}
