import type { WireError } from '../provider/errors/error-envelope.ts';
import type { OkLine } from '../checkpoints/result-line.ts';

/**
 * An endpoint: what a row for it looks like, what is sent, what an answer of it is, and what is shown of one. One that has no
 * entry in `endpoints.ts` takes a `body` as it is and shows the provider's body as it came.
 */
export interface Endpoint {
  /** Which paths it has. */
  readonly path: RegExp;
  /** A row's own fields, beside `body`: what is asked. */
  readonly fields: ReadonlySet<string>;
  /** Fields that a row may have beside them; they go into the body as they are. */
  readonly parameters: ReadonlySet<string>;
  /** Whether a profile's `system` goes with a row's prompt. */
  readonly takesSystem: boolean;
  /** The part of the body that asks, from {@link fields}. @throws RowRejected */
  readonly ask: (fields: Fields) => Fields;
  /** The parameter that may list several inputs, each of which has its own part of the answer. */
  readonly lists?: 'input' | 'prompt' | 'documents';
  /**
   * Says why the body of a success is no answer, `undefined` when it is one. An endpoint without it answers with any body.
   */
  readonly problem?: (body: unknown, asked: Asked) => WireError | undefined;
  /** The answer as a result line shows it. */
  readonly show: (body: unknown, asked: Asked) => Shown;
  /** Texts that may be the JSON which a schema asks for, the most likely first. Default: the shown text. */
  readonly texts?: (body: unknown) => readonly string[];
  /** The answer is files: their bytes, and the body without them. */
  readonly takeFiles?: (body: unknown) => TakenFiles;
}

export type Fields = Readonly<Record<string, unknown>>;

/** What an answer has to fit to. */
export interface Asked {
  /** How many inputs the request lists; absent when its input is no list. */
  readonly inputs?: number | undefined;
}

/** What a result line says beside whose it is. */
export type Shown = Omit<OkLine, 'custom_id' | 'ok' | 'round'>;

export interface TakenFiles {
  readonly files: readonly AnswerFile[];
  readonly body: unknown;
}

export interface AnswerFile {
  /** `png`, `mp3`, …; `bin` when the bytes do not tell. */
  readonly extension: string;
  readonly bytes: Buffer;
}
