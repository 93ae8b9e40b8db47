import { renameSync, rmSync, truncateSync } from 'node:fs';
import type { Api, ErrorAnswer } from './api.ts';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { receivePut } from './calls.ts';
import { uploadAnswer } from './dialects.ts';
import type { SimulatedFile } from './state.ts';
import { receiveUpload, startsAsJsonLines, type Upload } from './upload.ts';

/** Prefix of upload URLs that were requested. */
export const SIGNED = '/v1/signed/';

const FILE_PURPOSE = { form: 'batch', signed: 'batch-api' } as const;

/** Adds the route for a file in a form. */
export function addUpload(api: Api): void {
  const { app, route, state, spoken, script, now, reject, maxFileBytes } = api;
  const { dialect } = spoken;
  app.post(
    '/v1/files',
    route('upload', async (c) => {
      const id = state.nextId('file');
      const path = state.contentPath(`${id}.part`);
      const upload = await receiveUpload(c.env.incoming, path, maxFileBytes);
      const problem = await uploadProblem(api, upload, id);
      if (problem !== undefined) {
        rmSync(path, { force: true });
        return reject(c, ...problem);
      }
      renameSync(path, state.contentPath(id));
      const fault = script.forFile();
      if (fault?.kind === 'cut') truncateSync(state.contentPath(id), fault.bytes);
      const { name, purpose } = upload;
      const file: SimulatedFile = {
        id,
        name,
        purpose,
        bytes: fault?.bytes ?? upload.bytes,
        createdAt: now(),
        ...expiryOf(upload, dialect, now()),
        ...(dialect.files.processedFirst === true && { looksUntilProcessed: 2 }),
      };
      state.files.set(id, file);
      state.save();
      return c.json(uploadAnswer(file, spoken));
    }),
  );
}

/** Adds the routes for a file whose upload URL is requested first; that URL needs no key and rejects one. */
export function addSignedUpload({ app, route, state, now, reject, notFound, maxFileBytes }: Api): void {
  app.post('/v1/files', (c) => {
    const { file_name: name = '', purpose = '' } = c.req.query();
    const id = state.nextId('file');
    state.files.set(id, { id, name, purpose, bytes: 0, createdAt: now() });
    state.save();
    const location = new URL(`${SIGNED}${id}`, c.req.url).href;
    return c.body(null, 302, { location, 'x-together-file-id': id });
  });
  app.put(
    `${SIGNED}:id`,
    route('upload', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      if (file === undefined) return notFound(c, 'file');
      if (c.req.header('authorization') !== undefined)
        return reject(c, 400, 'InvalidArgument', 'Only one auth mechanism is allowed.');
      const bytes = await receivePut(c.env.incoming, state.contentPath(file.id));
      if (bytes > maxFileBytes || file.purpose !== FILE_PURPOSE.signed)
        return reject(c, 400, 'InvalidArgument', 'The file is too large, or for another purpose.');
      state.files.set(file.id, { ...file, bytes });
      state.save();
      return c.body(null, 200);
    }),
  );
}

async function uploadProblem(
  { state, codes, maxFileBytes, spoken: { dialect, quirks } }: Api,
  upload: Upload,
  id: string,
): Promise<ErrorAnswer | undefined> {
  if (upload.bytes === 0) return [400, codes('invalid request'), 'There is no file, or it is empty.'];
  if (upload.tooLarge) return [413, 'file_too_large', `A file may have ${maxFileBytes} bytes.`];
  if (upload.purpose !== FILE_PURPOSE.form)
    return [400, codes('invalid request'), 'The purpose is another one.'];
  const { brackets, dots } = upload.expiresAfter;
  if (dialect.honours.fileExpiry === 'no' && (brackets ?? dots) !== undefined)
    return [400, 'invalid_request', 'expires_after is not supported.'];
  if (quirks.blankLines === 'rejected' && (await hasBlankLine(state.content(`${id}.part`))))
    return [400, 'invalid_file_format', 'Blank lines are not allowed.'];
  if (!startsAsJsonLines(state.contentPath(`${id}.part`)))
    return [400, 'invalid_file_format', 'The first line is not a JSON object.'];
  return undefined;
}

/** The time when a file expires, if its form has this field in the provider's spelling. */
function expiryOf(
  { expiresAfter }: Upload,
  { honours }: Dialect,
  now: number,
): Pick<SimulatedFile, 'expiresAt'> {
  const { fileExpiry } = honours;
  const seconds = fileExpiry === 'brackets' || fileExpiry === 'dots' ? expiresAfter[fileExpiry] : undefined;
  return seconds === undefined ? {} : { expiresAt: now + seconds * 1_000 };
}

/** True if a file has a blank line, also at its end. */
async function hasBlankLine(content: AsyncIterable<Buffer>): Promise<boolean> {
  const NEWLINE = 0x0a;
  let before = NEWLINE;
  for await (const chunk of content) {
    for (const byte of chunk) {
      if (byte === NEWLINE && before === NEWLINE) return true;
      before = byte;
    }
  }
  return false;
}
