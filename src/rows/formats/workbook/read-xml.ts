import { SaxesParser } from 'saxes';
import { InvalidInput } from '../../../errors.ts';

/** Callbacks for an XML document while it streams; names have no prefixes. */
export interface XmlHandler {
  readonly open?: (name: string, attributes: Readonly<Record<string, string>>) => void;
  readonly text?: (text: string) => void;
  readonly close?: (name: string) => void;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Reads XML chunk by chunk; yields after each, so that the caller can process what was found. */
export async function* readXml(
  chunks: AsyncIterable<Buffer>,
  handler: XmlHandler,
  name: string,
): AsyncGenerator<void> {
  const parser = new SaxesParser();
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  const decode = (chunk?: Buffer): string => {
    decoder ??= new TextDecoder(encodingOf(chunk), { fatal: true });
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new InvalidInput(
        `${name} is not a complete workbook: a part of it is not valid ${decoder.encoding}.`,
      );
    }
  };
  parser.on('error', (error) => {
    throw new InvalidInput(`${name} is not a complete workbook: ${error.message}.`);
  });
  parser.on('opentag', ({ name: tag, attributes }) => {
    const plain = Object.entries(attributes).map(([key, value]) => [localName(key), value]);
    handler.open?.(localName(tag), Object.fromEntries(plain) as Record<string, string>);
  });
  parser.on('text', (text) => handler.text?.(text));
  parser.on('cdata', (text) => handler.text?.(text));
  parser.on('closetag', ({ name: tag }) => handler.close?.(localName(tag)));
  for await (const chunk of chunks) {
    parser.write(decode(chunk));
    yield;
  }
  parser.write(decode());
  parser.close();
  yield;
}

/** The encoding of XML by its first bytes, which are a byte order mark or `<`. */
function encodingOf(chunk: Buffer = Buffer.alloc(0)): string {
  const [first, second] = chunk;
  if (first === 0xff || (first === 0x3c && second === 0)) return 'utf-16le';
  return first === 0xfe || (first === 0 && second === 0x3c) ? 'utf-16be' : 'utf-8';
}

/** {@link readXml} for a small part. */
export async function readAllXml(
  chunks: AsyncIterable<Buffer>,
  handler: XmlHandler,
  name: string,
): Promise<void> {
  for await (const _ of readXml(chunks, handler, name));
}
