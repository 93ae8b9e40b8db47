import type { RoundRef } from '../checkpoints/keys.ts';
import type { ProviderEdges } from '../edges.ts';
import type { ShardContext } from '../contract.ts';
import { ProviderUnavailable } from '../errors.ts';
import type { ProviderFile, UploadFile } from '../provider/batch-provider.ts';

/**
 * Uploads a round's requests. If the provider reports fewer bytes than were sent, the file may have been cut on its way, so it is
 * uploaded once more: until its batch exists, that costs nothing. If the provider reports the same number again, it counts in its
 * own way, and the file is used.
 * @throws ProviderUnavailable when the provider reports two different sizes, both too small
 */
export async function uploadWhole(
  { provider: providerOf, log }: ProviderEdges,
  { jobId, shard, round, provider: settings }: ShardContext & RoundRef,
  file: UploadFile,
): Promise<ProviderFile> {
  const provider = providerOf(settings);
  const first = await provider.uploadFile(file);
  if (!isShort(first, file)) return first;
  const second = await provider.uploadFile(file);
  const [sent, reported, again] = [file.bytes, first.bytes, second.bytes];
  log('file_uploaded_again', { jobId, shard, round, fileId: second.id, sent, reported, again });
  if (isShort(second, file) && again !== reported) {
    throw new ProviderUnavailable(
      `upload ${file.name}: ${sent} bytes were sent twice, and the provider reports files of ${reported} and ${again} bytes.`,
    );
  }
  return { ...second, repeated: true };
}

/** True if a provider reports fewer bytes than were sent. Some report 0 for every file. */
function isShort({ bytes = 0 }: ProviderFile, sent: UploadFile): boolean {
  return bytes > 0 && bytes < sent.bytes;
}
