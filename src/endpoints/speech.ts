import type { WireError } from '../provider/errors/error-envelope.ts';
import { asWire, type Wire } from '../provider/wire.ts';
import { unexpectedResult, withoutAnswer } from './answer.ts';
import { nonBlank, oneOf } from './ask.ts';
import { fileOf } from './answer-file.ts';
import type { Endpoint, Shown, TakenFiles } from './endpoint.ts';
import { SPEECH_PARAMETERS } from './parameters.ts';
import { common, envelope } from './show.ts';

/** `/v1/audio/speech`: a text becomes one file. */
export const SPEECH: Endpoint = {
  path: /\/audio\/speech$/,
  fields: new Set(['prompt', 'input']),
  parameters: SPEECH_PARAMETERS,
  takesSystem: false,
  ask: (fields) => ({ input: nonBlank(oneOf(fields, 'prompt', 'input'), 'prompt') }),
  problem,
  show,
  takeFiles,
};

/** Fields that the file itself shows; they are left out. */
export const REPEATED = ['format', 'content_type'] as const;

const SHOWN = envelope(...REPEATED);

/** Checks an answer: it has sound, as the body itself or as text in one of the usual fields. */
function problem(body: unknown): WireError | undefined {
  if (fileOf(body) !== undefined) return undefined;
  const wire = asWire(body);
  if (wire === undefined) return unexpectedResult('The answer has no sound.');
  const sounds = soundIn(wire).filter((value) => typeof value === 'string' && value !== '');
  if (sounds.some(isSound)) return undefined;
  return sounds.length === 0
    ? withoutAnswer(wire, 'The answer has no sound.')
    : unexpectedResult('The answer has a text in place of its sound.');
}

const SHORT_BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$/;
/** Longest text, in characters, that is compared with a regular expression. Longer texts are recognised by their first bytes. */
const SHORT = 64;

/** True for bytes in base64, or for a URL. */
function isSound(value: unknown): boolean {
  if (typeof value !== 'string') return false;
  if (fileOf(value) !== undefined || /^https?:\/\//i.test(value)) return true;
  return value.length < SHORT && SHORT_BASE64.test(value);
}

function soundIn(wire: Wire): unknown[] {
  return FIELDS.map((field) => asWire(wire[field])?.['data'] ?? wire[field]);
}

/** Shows an answer. If the whole body is sound and is not extracted, the body is shown. */
function show(body: unknown): Shown {
  return asWire(body) === undefined ? { body } : common(body, SHOWN);
}

/**
 * Fields of a body that may hold sound. Realtime speech is answered with raw bytes. No provider documents how a line of JSON
 * carries them; it must be base64, as the body itself or in one of the fields that speech APIs use.
 */
const FIELDS = ['audio', 'data', 'b64_json', 'audio_base64', 'base64_audio', 'content'];

function takeFiles(body: unknown): TakenFiles {
  const whole = fileOf(body);
  if (whole !== undefined) return { files: [whole], body: {} };
  const wire = asWire(body) ?? {};
  for (const field of FIELDS) {
    const value = wire[field];
    const file = fileOf(asWire(value)?.['data'] ?? value);
    if (file === undefined) continue;
    const { [field]: _taken, ...rest } = wire;
    return { files: [file], body: rest };
  }
  return { files: [], body };
}
