import * as z from 'zod';
import { InvalidRequest } from '../errors.ts';
import { INPUT_PREFIX } from '../checkpoints/keys.ts';
import { makeJobId } from './job-id.ts';

/** The fields used of S3's "Object Created" event on EventBridge. The key is raw, not URL-encoded. */
export const dropEventSchema = z.object({
  source: z.literal('aws.s3'),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({
      key: z.string(),
      etag: z.string().optional(),
      /** Set by the local host, whose files have no versions: identifies the file's content. */
      mark: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});

export type DropEvent = z.output<typeof dropEventSchema>;

/** A dropped file, and the identity of its job. */
export interface Drop {
  readonly jobId: string;
  readonly key: string;
  readonly version: string | undefined;
  /** Identifies the file's content in stores without versions. */
  readonly etag: string | undefined;
  /** `input/<profile>/<file>` names its profile; `input/<file>` uses `default`. */
  readonly profile: string;
}

/**
 * Reads a drop event. The same object version always gives the same job, however often its event is delivered.
 * @throws InvalidRequest for an object that is not below `input/`.
 */
export function readDrop({ detail: { bucket, object } }: DropEvent): Drop {
  const { key, 'version-id': version, etag = '', sequencer = '', mark } = object;
  if (!key.startsWith(INPUT_PREFIX)) {
    throw new InvalidRequest(`"${key}" is not under ${INPUT_PREFIX}, so it starts no job.`);
  }
  return {
    jobId: makeJobId(key, [bucket.name, key, version ?? `${etag}${sequencer}`]),
    key,
    version,
    etag: mark,
    profile: profileOfKey(key),
  };
}

/** The profile of a file below `input/`. */
export function profileOfKey(key: string): string {
  const [folder = '', ...rest] = key.slice(INPUT_PREFIX.length).split('/');
  return rest.length > 0 && folder !== '' ? folder : 'default';
}
