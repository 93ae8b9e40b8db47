import { corruptContent } from './corrupt-content.ts';
import { contentOf, contentPart, contentUnder } from './content-ranges.ts';
import { isRangeFault } from './fault-script.ts';
import { lateBytes, lateContent, latenessOf } from './late-output.ts';
import { fileObject, listAnswer } from './dialects.ts';
import type { Api } from './api.ts';

/** Adds the routes of files: list, get, content, delete. */
export function addFiles(api: Api): void {
  addFileList(api);
  addFile(api);
  addContent(api);
  addDeletion(api);
}

function addFileList({ app, route, state, spoken }: Api): void {
  app.get(
    '/v1/files',
    route('list', async (c) => {
      const { purpose, order } = c.req.query();
      const files = [...state.files.values()].filter(
        (file) => purpose === undefined || file.purpose === purpose,
      );
      const shown = (order === 'asc' ? files : files.toReversed()).map((file) => fileObject(file, spoken));
      return c.json(listAnswer(shown, c.req.query(), spoken) as object);
    }),
  );
}

function addFile({ app, route, state, spoken, now, notFound }: Api): void {
  app.get(
    '/v1/files/:id',
    route('get', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      if (file === undefined) return notFound(c, 'file');
      if (file.looksUntilProcessed !== undefined) file.looksUntilProcessed -= 1;
      const late = latenessOf(state, file.id, now());
      const bytes = late && (await lateBytes(state.content(file.id), late, file.bytes));
      return c.json(fileObject({ ...file, bytes: bytes ?? file.bytes }, spoken));
    }),
  );
}

function addContent({ app, route, state, script, now, notFound }: Api): void {
  app.get(
    '/v1/files/:id/content',
    route('content', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      if (file === undefined) return notFound(c, 'file');
      const late = latenessOf(state, file.id, now());
      if (late !== undefined) {
        const shown = await lateContent(state.content(file.id), late);
        return shown === undefined ? notFound(c, 'file') : c.body(new Uint8Array(shown), 200);
      }
      const range = c.req.header('range');
      const fault = script.forContent(range !== undefined);
      if (fault?.kind === 'breaks' || (fault !== undefined && isRangeFault(fault)))
        return contentPart(c, await contentUnder(state, file, fault), fault);
      if (fault !== undefined) return corruptContent(state.content(file.id), fault, c.env.outgoing);
      return contentPart(c, contentOf(state, file));
    }),
  );
}

function addDeletion({ app, route, state, spoken: { dialect }, reject, codes, notFound }: Api): void {
  app.delete(
    '/v1/files/:id',
    route('delete', async (c) => {
      const id = c.req.param('id') ?? '';
      if (dialect.honours.deletion !== true) return reject(c, 405, codes('not allowed'), 'Files stay.');
      if (!state.files.has(id)) return notFound(c, 'file');
      if (dialect.files.inputHoldsBatch === true) state.deleteBatchesOf(id);
      state.deleteFile(id);
      return c.json({ id, object: 'file', deleted: true });
    }),
  );
}
