import type { OkLine } from '../job.ts';
import type { Wire } from '../provider/wire.ts';

/**
 * An endpoint: what a row for it looks like, what is sent, and what is shown of the answer. One that has no entry in
 * `endpoints.ts` takes a `body` as it is and shows the provider's body as it came.
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
  /** The part of the body that asks, from {@link fields}. @throws RowRefused */
  readonly ask: (fields: Fields) => Fields;
  /** The answer as a result line shows it; `undefined` when it has not the shape it should have: the body is shown then. */
  readonly show: (body: Wire, how: HowToShow) => Shown | undefined;
  /** The answer is files: their bytes, and the body without them. */
  readonly takeFiles?: (body: unknown) => TakenFiles;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface HowToShow {
  /** Whether the request's `input` was an array: then one vector per input is shown, also if there is one only. */
  readonly manyInputs: boolean;
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
