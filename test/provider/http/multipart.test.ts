import fc from 'fast-check';
import { expect, test } from 'vitest';
import { multipartUpload } from '../../../src/provider/http/multipart.ts';

async function* chunksOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('the announced length is the sent length, for any content and name', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 50 })),
      fc.string({ unit: 'binary' }),
      async (chunks, name) => {
        const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        const upload = multipartUpload(
          { name, bytes, content: chunksOf(chunks) },
          { purpose: 'batch' },
          'boundary',
        );

        const sent = await collect(upload.body);

        expect(sent.byteLength).toBe(upload.contentLength);
        expect(sent.includes(Buffer.concat(chunks))).toBe(true);
      },
    ),
  );
});

test('a file name cannot end its header', async () => {
  const upload = multipartUpload(
    { name: 'a"\r\nX-Evil: 1', bytes: 0, content: chunksOf([]) },
    { purpose: 'batch' },
    'b',
  );

  expect((await collect(upload.body)).toString()).toContain('filename="a%22%0D%0AX-Evil: 1"\r\n');
});
