import * as z from 'zod';
import { OUTPUT_PREFIX } from '../checkpoints/keys.ts';
import { inputKeySchema } from '../requests/job-request.ts';
import { MAX_UPLOAD_BYTES } from '../store/links.ts';

export const uploadSchema = z
  .strictObject({
    key: inputKeySchema
      .refine(
        (key) => !key.startsWith(OUTPUT_PREFIX) && !key.endsWith('/'),
        'must be a file below "input/" or "staged/"',
      )
      .refine(
        (key) => !key.split('/').some((part) => part === '.' || part === '..'),
        'must be a valid URL path, without "." and ".." as its parts',
      )
      .describe('Below "input/<profile>/" the upload starts a job; below "staged/" it waits for a request.'),
    bytes: z
      .int()
      .min(0)
      .max(MAX_UPLOAD_BYTES)
      .optional()
      .describe(
        'Size of the file in bytes: the URL accepts only a file of this size. Default: any size up to the maximum.',
      ),
  })
  .meta({ id: 'UploadRequest' });

export const uploadedSchema = z
  .object({
    key: z.string().describe('Key of the file: as requested, or below a folder of the caller.'),
    method: z.literal('PUT'),
    url: z.string().describe('Put the file here; no other credentials are needed.'),
    headers: z
      .object({ 'if-none-match': z.literal('*'), 'content-length': z.string().optional() })
      .describe('Headers to send as well. An existing file is never overwritten: the answer is 412.'),
    expiresAt: z.string(),
  })
  .meta({ id: 'Upload' });
