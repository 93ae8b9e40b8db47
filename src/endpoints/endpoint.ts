import type { WireError } from '../provider/errors/error-envelope.ts';
import type { OkLine } from '../checkpoints/result-line.ts';

/**
 * The rules of an endpoint: the fields of its rows, its requests, what counts as an answer, and how an answer is shown. An
 * endpoint without an entry in `endpoints.ts` sends a row's `body` unchanged and shows the provider's body unchanged.
 */
export interface Endpoint {
  /** The paths of the endpoint. */
  readonly path: RegExp;
  /** A row's fields that hold the question, beside `body`. */
  readonly fields: ReadonlySet<string>;
  /** Further fields that a row may have; they are copied into the body unchanged. */
  readonly parameters: ReadonlySet<string>;
  /** True if a profile's `system` is added to a row's prompt. */
  readonly takesSystem: boolean;
  /** Builds the part of the body that holds the question, from {@link fields}. @throws RowRejected */
  readonly ask: (fields: Fields) => Fields;
  /** The parameter that may list several inputs, each with its own part of the answer. */
  readonly lists?: 'input' | 'prompt' | 'documents';
  /** Says why the body of a success is not an answer; `undefined` if it is one. Without this function, any body is an answer. */
  readonly problem?: (body: unknown, asked: Asked) => WireError | undefined;
  /** Turns an answer into the fields of a result line. */
  readonly show: (body: unknown, asked: Asked) => Shown;
  /** Texts that may be the JSON that a schema requires, most likely first. Default: the shown text. */
  readonly texts?: (body: unknown) => readonly string[];
  /** Extracts files from an answer: their bytes, and the body without them. */
  readonly takeFiles?: (body: unknown) => TakenFiles;
}

export type Fields = Readonly<Record<string, unknown>>;

/** The parts of a request that its answer must match. */
export interface Asked {
  /** Number of inputs that the request lists; absent if its input is not a list. */
  readonly inputs?: number | undefined;
}

/** The fields of a result line that come from the answer. */
export type Shown = Omit<OkLine, 'custom_id' | 'ok' | 'round'>;

export interface TakenFiles {
  readonly files: readonly AnswerFile[];
  readonly body: unknown;
}

export interface AnswerFile {
  /** `png`, `mp3`, …; `bin` if the bytes do not show the type. */
  readonly extension: string;
  readonly bytes: Buffer;
}
