import { type WireError } from '../provider/errors/error-envelope.ts';
import { carriedError } from '../provider/errors/error-signs.ts';
import { asWire } from '../provider/wire.ts';
import { isList, listIn, unexpectedResult } from './answer.ts';
import { nonBlank } from './ask.ts';
import { fileOf } from './answer-file.ts';
import type { AnswerFile, Endpoint, Shown, TakenFiles } from './endpoint.ts';
import { IMAGE_PARAMETERS } from './parameters.ts';
import { common, envelope } from './show.ts';

/** `/v1/images/generations`: a prompt becomes one file per image. */
export const IMAGES: Endpoint = {
  path: /\/images\/generations$/,
  fields: new Set(['prompt']),
  parameters: IMAGE_PARAMETERS,
  takesSystem: false,
  ask: ({ prompt }) => ({ prompt: nonBlank(prompt, 'prompt') }),
  problem,
  show,
  takeFiles,
};

/** Fields of an answer that repeat the request; they are left out. */
export const REPEATED = ['background', 'output_format', 'quality', 'size'] as const;

const SHOWN = envelope(...REPEATED);

/** Checks an answer: it has an image, as bytes or as a URL. */
function problem(body: unknown): WireError | undefined {
  const data = listIn(body, 'data');
  if (!isList(data)) return data;
  const error = data.map(carriedError).find((each) => each !== undefined);
  if (error !== undefined) return error;
  return data.some(isImage) ? undefined : unexpectedResult('The data of the answer has no image.');
}

function isImage(entry: unknown): boolean {
  const { b64_json: bytes, url } = asWire(entry) ?? {};
  return [bytes, url].some((value) => typeof value === 'string' && value !== '');
}

/** The fields of a result line with images. Other fields of an image (a revised prompt, a URL) stay in `body.data`. */
function show(body: unknown): Shown {
  return common(body, SHOWN);
}

function takeFiles(body: unknown): TakenFiles {
  const wire = asWire(body);
  const data = wire?.['data'];
  if (wire === undefined || !Array.isArray(data)) return { files: [], body };
  const files: AnswerFile[] = [];
  const rest = data.map((entry: unknown) => {
    const { b64_json: bytes, ...image } = asWire(entry) ?? {};
    const file = fileOf(bytes);
    if (file === undefined) return entry;
    files.push(file);
    return image;
  });
  const says = rest.some((entry: unknown) => Object.keys(asWire(entry) ?? { entry }).length > 0);
  const { data: _data, ...others } = wire;
  return { files, body: says ? { ...others, data: rest } : others };
}
