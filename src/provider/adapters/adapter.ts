import type { Batch, CreateBatch, ProviderFile, UploadFile } from '../batch-provider.ts';
import type { Dialect } from '../dialects/schema.ts';
import type { Http } from '../http/http.ts';

/** The differences of a provider with files and batches from OpenAI that a dialect cannot describe. */
export interface Adapter {
  readonly batchesPath: string;
  readonly filePurpose: string;
  /** The paging of lists: by `after`, by `after_id`, by the number of a `page`, or none. */
  readonly lists: 'after' | 'after_id' | 'page' | 'whole';
  /**
   * Sends a file once.
   * @returns undefined when the answer is not a file object
   */
  readonly upload: (http: Http, file: UploadFile, dialect: Dialect) => Promise<ProviderFile | undefined>;
  /** The body of the call that creates a batch. */
  readonly createBody: (request: CreateBatch, dialect: Dialect) => Promise<Readonly<Record<string, unknown>>>;
  readonly readBatch: (value: unknown, dialect: Dialect) => Batch | undefined;
}
