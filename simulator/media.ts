import { crc32, deflateSync } from 'node:zlib';

const PNG_BEGINNING = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

/**
 * A square of one colour as a PNG.
 * @param colour red, green and blue in its first three bytes
 */
export function png(colour: Buffer, pixels = 8): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels, 0);
  header.writeUInt32BE(pixels, 4);
  // 8 bits each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([
    Buffer.from([0]),
    ...Array.from({ length: pixels }, () => colour.subarray(0, 3)),
  ]);
  const rows = deflateSync(Buffer.concat(Array.from({ length: pixels }, () => row)));
  return Buffer.concat([
    PNG_BEGINNING,
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

const SAMPLES_PER_SECOND = 8_000;

/**
 * A tone of a tenth of a second as a WAV, 8 bits mono.
 * @param hertz below 4,000
 */
export function wav(hertz: number): Buffer {
  const samples = Buffer.from(
    Array.from({ length: SAMPLES_PER_SECOND / 10 }, (_, n) =>
      Math.round(128 + 100 * Math.sin((2 * Math.PI * hertz * n) / SAMPLES_PER_SECOND)),
    ),
  );
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(SAMPLES_PER_SECOND, 24);
  header.writeUInt32LE(SAMPLES_PER_SECOND, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}
